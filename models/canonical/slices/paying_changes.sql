with

customer_days as (

    select * from {{ ref('customer_days') }}

),

slices as (

    select * from {{ ref('cut_slices') }}

),

by_cut as (

    select
        cut_id,
        currency,
        movement_date,
        count(*) as customer_days,
        sum(change) as change
    from customer_days
    group by cut_id, currency, movement_date

)

-- one row per slice, currency and day on which its MRR changes
select
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.currency,
    by_cut.movement_date,
    sum(by_cut.customer_days)::bigint as customer_days,
    sum(by_cut.change)::numeric(28, 10) as change
from by_cut
inner join slices on by_cut.cut_id = slices.cut_id
group by
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.currency,
    by_cut.movement_date
