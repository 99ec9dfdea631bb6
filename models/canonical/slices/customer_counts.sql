with

spells_begun as (

    select * from {{ ref('paying_spells') }}

),

spells_ended as (

    select * from {{ ref('paying_spells') }}
    where to_date is not null

),

turns as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        from_date as movement_date,
        case when is_first then 1 else 0 end as new_customers,
        case when is_first then 0 else 1 end as returned_customers,
        0 as lost_customers,
        0 as lost_voluntary,
        0 as lost_involuntary
    from spells_begun

    union all

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        to_date as movement_date,
        0 as new_customers,
        0 as returned_customers,
        1 as lost_customers,
        case when ends_voluntarily then 1 else 0 end as lost_voluntary,
        case when ends_involuntarily then 1 else 0 end as lost_involuntary
    from spells_ended

)

-- one row per slice, reporting currency and day on which customers come or go
select
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    movement_date,
    sum(new_customers)::bigint as new_customers,
    sum(returned_customers)::bigint as returned_customers,
    sum(lost_customers)::bigint as lost_customers,
    sum(lost_voluntary)::bigint as lost_voluntary,
    sum(lost_involuntary)::bigint as lost_involuntary
from turns
group by
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    movement_date
