{#- What a catalog says, read from its XML: by the server where it was built with libxml, else as
    `tidemill run` has parsed it (tidemill_cli/killbill_catalog.py reads the same things). All that
    is read are texts, and nothing that stands in one can stop a build. -#}

{#- Whether the server reads XML. Asking one that does not is an error, so a block catches it. -#}
{% macro killbill_server_reads_xml() -%}
    {%- if not execute -%}
        {%- do return(false) -%}
    {%- endif -%}
    {%- do return(run_query(
        "do $$ begin perform xml_is_well_formed('<a/>');"
        ~ " perform set_config('tidemill.reads_xml', 'yes', false);"
        ~ " exception when feature_not_supported then"
        ~ " perform set_config('tidemill.reads_xml', 'no', false); end $$;"
        ~ " select current_setting('tidemill.reads_xml') = 'yes'"
    ).columns[0].values()[0]) -%}
{%- endmacro %}

{#- One row per catalog by hash: what is wrong with it, its date and its billing mode. -#}
{% macro killbill_catalog_documents(catalogs) -%}
    {%- if killbill_server_reads_xml() -%}
    (
        select
            hashed.catalog_hash,
            case
                when hashed.has_document_type then 'document_type'
                when hashed.is_well_formed is not true then 'not_well_formed'
                when told.is_catalog is null then 'no_catalog'
            end as problem,
            told.effective_at,
            told.billing_mode
        from {{ _killbill_hashed(catalogs) }} as hashed
        left join xmltable(
            '/catalog' passing {{ _killbill_xml() }}
            columns
                is_catalog text path 'name()',
                effective_at text path 'normalize-space(effectiveDate[1])',
                billing_mode text path 'normalize-space(recurringBillingMode[1])'
        ) as told on true
    )
    {%- else -%}
    (
        select
            hashed.catalog_hash,
            case when parsed.catalog_hash is null then 'not_parsed' else parsed.problem end
                as problem,
            parsed.document ->> 'effective_at' as effective_at,
            parsed.document ->> 'billing_mode' as billing_mode
        from (select distinct catalog_hash from {{ catalogs }}) as hashed
        left join {{ _killbill_parsed() }} as parsed
            on hashed.catalog_hash = parsed.catalog_hash
    )
    {%- endif -%}
{%- endmacro %}

{#- One row per product with its category. -#}
{% macro killbill_catalog_products(catalogs) -%}
    {%- if killbill_server_reads_xml() -%}
    (
        select
            hashed.catalog_hash,
            told.*
        from {{ _killbill_hashed(catalogs) }} as hashed
        cross join xmltable(
            '/catalog/products/product' passing {{ _killbill_xml() }}
            columns
                place for ordinality,
                product text path 'normalize-space(@name)',
                category text path 'normalize-space(category[1])'
        ) as told
    )
    {%- else -%}
    (
        select
            parsed.catalog_hash,
            told.place,
            told.document ->> 'product' as product,
            told.document ->> 'category' as category
        from {{ _killbill_parsed() }} as parsed
        cross join jsonb_array_elements(parsed.document -> 'products')
            with ordinality as told (document, place)
    )
    {%- endif -%}
{%- endmacro %}

{#- One row per phase of a plan. -#}
{% macro killbill_catalog_phases(catalogs) -%}
    {%- if killbill_server_reads_xml() -%}
    (
        select
            hashed.catalog_hash,
            told.*
        from {{ _killbill_hashed(catalogs) }} as hashed
        cross join xmltable(
            '{{ _killbill_phase_paths("") }}' passing {{ _killbill_xml() }}
            columns
                place for ordinality,
                plan_name text path 'normalize-space(ancestor::plan[1]/@name)',
                product text path 'normalize-space(ancestor::plan[1]/product[1])',
                billing_mode text path 'normalize-space(ancestor::plan[1]/recurringBillingMode[1])',
                existing_effective_at text
                path 'normalize-space(ancestor::plan[1]/effectiveDateForExistingSubscriptions[1])',
                phase_number integer path '{{ _killbill_phase_number("self::*") }}',
                phase_type text path 'normalize-space(@type)',
                duration_unit text path 'normalize-space(duration[1]/unit[1])',
                duration_number text path 'normalize-space(duration[1]/number[1])',
                billing_period text path 'normalize-space(recurring[1]/billingPeriod[1])',
                has_recurring boolean path 'boolean(recurring[1]/recurringPrice)',
                has_fixed boolean path 'boolean(fixed[1]/fixedPrice)',
                has_usage boolean path 'boolean(usages/usage)'
        ) as told
    )
    {%- else -%}
    (
        select
            parsed.catalog_hash,
            told.place,
            told.document ->> 'plan_name' as plan_name,
            told.document ->> 'product' as product,
            told.document ->> 'billing_mode' as billing_mode,
            told.document ->> 'existing_effective_at' as existing_effective_at,
            (told.document ->> 'phase_number')::integer as phase_number,
            told.document ->> 'phase_type' as phase_type,
            told.document ->> 'duration_unit' as duration_unit,
            told.document ->> 'duration_number' as duration_number,
            told.document ->> 'billing_period' as billing_period,
            (told.document ->> 'has_recurring')::boolean as has_recurring,
            (told.document ->> 'has_fixed')::boolean as has_fixed,
            (told.document ->> 'has_usage')::boolean as has_usage
        from {{ _killbill_parsed() }} as parsed
        cross join jsonb_array_elements(parsed.document -> 'phases')
            with ordinality as told (document, place)
    )
    {%- endif -%}
{%- endmacro %}

{#- One row per price of a kind (recurring or fixed) of a phase. -#}
{% macro killbill_catalog_amounts(catalogs, kind) -%}
    {%- if killbill_server_reads_xml() -%}
    (
        select
            hashed.catalog_hash,
            told.*
        from {{ _killbill_hashed(catalogs) }} as hashed
        cross join xmltable(
            '{{ _killbill_phase_paths("/" ~ kind ~ "[1]/" ~ kind ~ "Price[1]/price") }}'
            passing {{ _killbill_xml() }}
            columns
                place for ordinality,
                plan_name text path 'normalize-space(ancestor::plan[1]/@name)',
                phase_number integer path '{{ _killbill_phase_number("parent::*/parent::*/parent::*") }}',
                currency text path 'normalize-space(currency[1])',
                price text path 'normalize-space(value[1])'
        ) as told
    )
    {%- else -%}
    (
        select
            parsed.catalog_hash,
            told.place * 1000 + amounts.place as place,
            told.document ->> 'plan_name' as plan_name,
            (told.document ->> 'phase_number')::integer as phase_number,
            amounts.document ->> 'currency' as currency,
            amounts.document ->> 'price' as price
        from {{ _killbill_parsed() }} as parsed
        cross join jsonb_array_elements(parsed.document -> 'phases')
            with ordinality as told (document, place)
        cross join jsonb_array_elements(told.document -> '{{ kind }}')
            with ordinality as amounts (document, place)
    )
    {%- endif -%}
{%- endmacro %}

{#- Each XML once, however many tenants share it. -#}
{% macro _killbill_hashed(catalogs) -%}
    (
        select
            catalog_hash,
            position('<!DOCTYPE' in max(catalog_xml)) > 0 as has_document_type,
            regexp_replace(max(catalog_xml), '^\s*<\?xml[^>]*\?>', '') as catalog_xml,
            case
                when position('<!DOCTYPE' in max(catalog_xml)) = 0
                    then xml_is_well_formed_document(
                        regexp_replace(max(catalog_xml), '^\s*<\?xml[^>]*\?>', '')
                    )
            end as is_well_formed
        from {{ catalogs }}
        group by catalog_hash
    )
{%- endmacro %}

{#- The text is in the encoding of the database, whatever its declaration, cut off here, says. -#}
{% macro _killbill_xml() -%}
    (
        case
            when hashed.is_well_formed then xmlparse(document hashed.catalog_xml)
        end
    )
{%- endmacro %}

{% macro _killbill_phase_paths(rest) -%}
    /catalog/plans/plan/initialPhases/phase{{ rest }} | /catalog/plans/plan/finalPhase[1]{{ rest }}
{%- endmacro %}

{#- The place of a phase in its plan, from 0: the initial ones, then the final one. -#}
{% macro _killbill_phase_number(phase) -%}
    count({{ phase }}[self::phase]/preceding-sibling::phase | {{ phase }}[self::phase]/../preceding-sibling::initialPhases/phase | {{ phase }}[self::finalPhase]/../initialPhases/phase)
{%- endmacro %}

{#- What `tidemill run` has parsed of each catalog, by its reader of today. -#}
{% macro _killbill_parsed() -%}
    {%- set relation = api.Relation.create(
        database=target.database, schema=target.schema ~ "_parsed", identifier="killbill_catalogs"
    ) -%}
    (
        select
            catalog_hash,
            problem,
            document
        from {{ optional_relation(
            relation,
            {"catalog_hash": "text", "reader": "integer", "problem": "text", "document": "jsonb"}
        ) }} as killbill_catalogs
        where reader = 1
    )
{%- endmacro %}
