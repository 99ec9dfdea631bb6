{#- Write down, after a whole build, what made each relation: a refresh computes the same SQL of the
    rows of a few customers. In the SQL, <now> stands for the instant of the build, which is another
    one in a refresh. -#}
{% macro store_recipes(results) -%}
    {%- if _is_run() %}
    {%- set build = _build_schema() %}
    {%- set ours = _nodes_of_metrics() %}
    {%- set made = {} %}
    {%- for result in results
        if result.node.resource_type in ("model", "snapshot", "test") and result.node.compiled_code
        and (result.node.unique_id in ours or _is_test_of(result.node, ours))
    %}
        {%- do made.update({result.node.unique_id: result.node}) %}
    {%- endfor %}
    {%- set wanted = graph.nodes.values()
        | selectattr("resource_type", "in", ["model", "snapshot"])
        | selectattr("config.enabled")
        | map(attribute="unique_id") | select("in", ours) | list %}
    {%- set good = ["success", "pass", "warn", "no-op"] %}
    {%- set failed = results | map(attribute="status") | reject("in", good) | list %}
    {%- set speaks_of_now = var("tidemill_as_of") in (none, _instant_literal()) %}
    {%- if speaks_of_now and not failed and not wanted | reject("in", made) | list %}
    {%- set keys = _unique_keys() %}
    {{ _create_recipes(build) }}
    {%- for node in _in_order(made) %}
    {%- set meta = node.config.meta %}
    insert into {{ build }}.refresh_recipes values (
        {{ loop.index }},
        {{ _quoted(node.name) }},
        {{ _quoted(node.resource_type | string) }},
        {{ _quoted(node.relation_name) if node.relation_name else "null" }},
        {{ "view" in node.config.materialized }},
        {{ "sources" in node.fqn or node.resource_type == "snapshot" }},
        {{ _is_fact(node) }},
        false,
        {{ _quoted(meta.refresh) if meta.refresh else "null" }},
        {{ _text_array(_customer_columns(node)) }},
        {{ _text_array(
            [node.config.unique_key] if node.resource_type == "snapshot"
            else keys.get(node.unique_id, [])
        ) }},
        {{ _text_array(meta.get("whole_with", [])) }},
        {{ _text_array(_parts_of(node)) }},
        {{ _quoted(tojson(meta.get("flows", {}))) }}::jsonb,
        {{ _quoted(tojson(meta.get("largest", {}))) }}::jsonb,
        array[{{ var("tidemill_" ~ meta.days_ahead) | join(", ") if meta.days_ahead }}]::integer[],
        {{ _text_array(node.config.check_cols if node.resource_type == "snapshot" else []) }},
        {{ _quoted(node.config.severity | lower) if node.resource_type == "test" else "null" }},
        {{ _text_array(_names(node, ["model", "snapshot", "seed"])) }},
        {{ _text_array(_names(node, ["source"])) }},
        {{ _quoted(node.compiled_code | replace(_instant_literal(), "<now>")) }}
    );
    {%- endfor %}
    {{ create_refresh(build) }}
    call {{ build }}.begin_refreshing({{ as_of_instant() }});
    {%- endif %}
    {%- endif %}
{%- endmacro %}

{#- The nodes of this project, and what they are made of in one that has it as a package. -#}
{% macro _nodes_of_metrics() -%}
    {%- set ours = {} %}
    {%- set found = namespace(next=graph.nodes.values()
        | selectattr("package_name", "equalto", "tidemill") | map(attribute="unique_id") | list) %}
    {%- for round in graph.nodes if found.next %}
        {%- set needed = [] %}
        {%- for key in found.next if key in graph.nodes and key not in ours %}
            {%- do ours.update({key: true}) %}
            {%- do needed.extend(graph.nodes[key].depends_on.nodes or []) %}
        {%- endfor %}
        {%- set found.next = needed %}
    {%- endfor %}
    {%- do return(ours) %}
{%- endmacro %}

{#- Whether a test, of whatever project, looks at these nodes only. -#}
{% macro _is_test_of(node, ours) -%}
    {%- do return(
        node.resource_type == "test" and not node.depends_on.nodes | reject("in", ours) | list
    ) %}
{%- endmacro %}

{#- The table in which it is written down. -#}
{% macro _create_recipes(build) -%}
    create table {{ build }}.refresh_recipes (
        step integer primary key,
        name text not null,
        resource text not null,
        relation text,
        is_view boolean not null,
        is_source boolean not null,
        is_fact boolean not null,
        reads_instant boolean not null,
        kind text,
        customer_columns text[] not null,
        unique_key text[],
        whole_with text[] not null,
        by_columns text[] not null,
        flows jsonb not null,
        largest jsonb not null,
        days_ahead integer[] not null,
        check_columns text[],
        severity text,
        needs text[] not null,
        reads text[] not null,
        code text not null
    );
    comment on table {{ build }}.refresh_recipes is
        'One row per relation and test of the build: the SQL that a refresh computes it by.';
{%- endmacro %}

{#- What stands in the SQL for the instant of the build, unless somebody gave another one. -#}
{% macro _instant_literal() -%}
    {%- do return(env_var("TIDEMILL_STARTED_AT", run_started_at.isoformat())) %}
{%- endmacro %}

{#- Whether it is of the surface that a source supplies. -#}
{% macro _is_fact(node) -%}
    {%- do return(
        node.resource_type == "model" and "sources" in node.fqn
        and not node.name.startswith(("stg_", "int_"))
    ) %}
{%- endmacro %}

{#- Nodes after those that they need. -#}
{% macro _in_order(made) -%}
    {%- set placed = {} %}
    {%- for round in made if placed | length < made | length %}
        {%- for key, node in made.items() if key not in placed %}
            {%- if not node.depends_on.nodes | select("in", made) | reject("in", placed) | list %}
                {%- do placed.update({key: node}) %}
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
    {%- do return(placed.values() | list) %}
{%- endmacro %}

{#- The columns that say whose a row is; of captured rows, the customer's id, where they hold it. -#}
{% macro _customer_columns(node) -%}
    {%- if node.resource_type == "snapshot" %}
        {%- set column = node.config.meta.of_customers %}
        {%- do return([column] if column else []) %}
    {%- endif %}
    {%- do return(node.config.meta.get(
        "customer_columns", ["billing_source", "tenant_id", "customer_id"]
    )) %}
{%- endmacro %}

{#- The columns of the parts that it can be computed by; a test of one relation has that one's. -#}
{% macro _parts_of(node) -%}
    {%- if node.resource_type == "test" and node.attached_node %}
        {%- do return(graph.nodes[node.attached_node].config.meta.get("parts", [])) %}
    {%- endif %}
    {%- do return(node.config.meta.get("parts", [])) %}
{%- endmacro %}

{#- The columns that the test of each relation's grain names. -#}
{% macro _unique_keys() -%}
    {%- set keys = {} %}
    {%- for node in graph.nodes.values()
        if node.resource_type == "test" and node.get("test_metadata")
        and node.test_metadata.name == "is_unique_by" and node.attached_node
    %}
        {%- do keys.update({node.attached_node: node.test_metadata.kwargs.columns}) %}
    {%- endfor %}
    {%- do return(keys) %}
{%- endmacro %}

{#- Of what a node depends on, the names of these kinds; an engine's table with its source. -#}
{% macro _names(node, kinds) -%}
    {%- set names = [] %}
    {%- for key in node.depends_on.nodes %}
        {%- set words = key.split(".") %}
        {%- if words[0] in kinds %}
            {%- do names.append(words[2:] | join(".") if words[0] == "source" else words[2]) %}
        {%- endif %}
    {%- endfor %}
    {%- do return(names) %}
{%- endmacro %}
