{#- What makes a cut; the data test of its ids in the model's yml names the same. -#}
{%- set cut_columns = [
    'billing_source', 'tenant_id', 'cut_dimension', 'cut_currency', 'has_one_currency',
    'shared_plan', 'shared_product', 'shared_currency', 'shared_country', 'shared_interval'
] -%}

with

places as (

    select * from {{ ref('places') }}

),

dimensions as (

    select names.dimension
    from (
        values
        ('every'), ('total'), ('plan'), ('product'), ('currency'), ('country'),
        ('billing_interval')
    ) as names (dimension)

),

currencies as (

    select flags.is_any_currency
    from (values (false), (true)) as flags (is_any_currency)

),

-- One cut for every dimension where there is one place, else one for each; and each once more
-- whatever the currency where there are several. A cut knows of its places what they share. Within
-- a segment nothing is cut further.
cuts as (

    select
        places.*,
        dimensions.dimension as cut_dimension,
        case when currencies.is_any_currency then 'any' else places.reporting_currency end
            as cut_currency,
        case when dimensions.dimension in ('every', 'plan') then places.plan else '' end
            as shared_plan,
        case when dimensions.dimension in ('every', 'product') then places.product else '' end
            as shared_product,
        case when dimensions.dimension in ('every', 'currency') then places.currency else '' end
            as shared_currency,
        case when dimensions.dimension in ('every', 'country') then places.country else '' end
            as shared_country,
        case
            when dimensions.dimension in ('every', 'billing_interval')
                then places.billing_interval
            else ''
        end as shared_interval
    from places
    inner join dimensions
        on
            places.has_one_place = (dimensions.dimension = 'every')
            and (
                {{ is_of_everyone('places.tenant_id') }}
                or dimensions.dimension in ('every', 'total')
            )
    inner join currencies on not (places.has_one_currency and currencies.is_any_currency)

)

-- one row per place, kind of customer that has money there, and cut in which that is added up
select
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reporting_currency,
    has_one_place,
    has_one_currency,
    {{ stable_id(cut_columns) }} as cut_id,
    cut_dimension,
    cut_currency,
    shared_plan,
    shared_product,
    shared_currency,
    shared_country,
    shared_interval
from cuts
