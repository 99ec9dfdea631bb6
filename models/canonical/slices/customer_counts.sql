with

spells_begun as (

    select * from {{ ref('paying_spells') }}

),

spells_ended as (

    select * from {{ ref('paying_spells') }}
    where to_date is not null

),

slices as (

    select * from {{ ref('cut_slices') }}

),

turns as (

    select
        cut_id,
        from_date as movement_date,
        case when is_first then 1 else 0 end as new_customers,
        case when is_first then 0 else 1 end as returned_customers,
        0 as lost_customers,
        0 as lost_voluntary,
        0 as lost_involuntary
    from spells_begun

    union all

    select
        cut_id,
        to_date as movement_date,
        0 as new_customers,
        0 as returned_customers,
        1 as lost_customers,
        case when ends_voluntarily then 1 else 0 end as lost_voluntary,
        case when ends_involuntarily then 1 else 0 end as lost_involuntary
    from spells_ended

),

by_cut as (

    select
        cut_id,
        movement_date,
        sum(new_customers) as new_customers,
        sum(returned_customers) as returned_customers,
        sum(lost_customers) as lost_customers,
        sum(lost_voluntary) as lost_voluntary,
        sum(lost_involuntary) as lost_involuntary
    from turns
    group by cut_id, movement_date

)

-- one row per slice, reporting currency and day on which customers come or go
select
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.movement_date,
    sum(by_cut.new_customers)::bigint as new_customers,
    sum(by_cut.returned_customers)::bigint as returned_customers,
    sum(by_cut.lost_customers)::bigint as lost_customers,
    sum(by_cut.lost_voluntary)::bigint as lost_voluntary,
    sum(by_cut.lost_involuntary)::bigint as lost_involuntary
from by_cut
inner join slices on by_cut.cut_id = slices.cut_id
group by
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.movement_date
