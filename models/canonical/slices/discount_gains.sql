with

days as (

    select *
    from {{ ref('mrr_periods') }}
    where grain = 'day' and discount_mrr > 0

),

slices as (

    select * from {{ ref('slices') }}
    where not is_any_currency

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

sliced as (

    select
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'days') }} as dimension_value,
        days.reporting_currency,
        days.period_start as gain_date,
        days.discount_mrr
    from days
    inner join slices
        on
            days.billing_source = slices.billing_source
            and days.tenant_id = slices.tenant_id

)

-- one row per grain, period, slice and reporting currency in which discounts of a type of their
-- own gained: by the day and tuple, since a month may see both gains and losses
select
    grains.grain,
    {{ period_start('grains.grain', 'sliced.gain_date') }} as period_start,
    sliced.slice_source as billing_source,
    sliced.slice_tenant_id as tenant_id,
    sliced.dimension,
    sliced.dimension_value,
    sliced.reporting_currency,
    sum(sliced.discount_mrr)::{{ reporting_money() }} as gained_mrr
from sliced
cross join grains
group by
    grains.grain,
    {{ period_start('grains.grain', 'sliced.gain_date') }},
    sliced.slice_source,
    sliced.slice_tenant_id,
    sliced.dimension,
    sliced.dimension_value,
    sliced.reporting_currency
