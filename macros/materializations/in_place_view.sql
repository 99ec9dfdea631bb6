{#- A view that is replaced where it stands: readers never miss it, and views and grants that
    others put on it stay. dbt's own view is renamed away and dropped with all that hangs on it. -#}
{% materialization in_place_view, adapter="postgres" %}
    {%- set target_relation = this.incorporate(type="view") -%}

    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {% call statement("main") -%}
        {%- if config.get("contract").enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        {%- endif %}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        )
    {%- endcall %}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
