with

place_cuts as (

    select * from {{ ref('place_cuts') }}

),

slices as (

    select * from {{ ref('slices') }}

),

cuts as (

    select distinct
        cut_id,
        billing_source,
        tenant_id,
        cut_dimension,
        cut_currency,
        has_one_currency,
        shared_plan as plan,
        shared_product as product,
        shared_currency as currency,
        shared_country as country,
        shared_interval as billing_interval
    from place_cuts

)

-- one row per cut and slice of a metric that it counts in
select
    cuts.cut_id,
    slices.slice_source as billing_source,
    slices.slice_tenant_id as tenant_id,
    slices.dimension,
    {{ slice_value('slices', 'cuts') }} as dimension_value,
    case when slices.is_any_currency then 'any' else cuts.cut_currency end as reporting_currency
from cuts
inner join slices
    on
        cuts.billing_source = slices.billing_source
        and cuts.tenant_id = slices.tenant_id
        and (
            cuts.cut_dimension in ('every', slices.dimension)
            or (
                cuts.cut_dimension = 'total'
                and slices.dimension in ('source', 'overall', 'segment')
            )
        )
        -- who has one currency pays in it whatever the currency
        and case
            when slices.is_any_currency then cuts.has_one_currency or cuts.cut_currency = 'any'
            else cuts.cut_currency <> 'any'
        end
