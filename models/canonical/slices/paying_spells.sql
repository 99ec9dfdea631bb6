with

customer_days as (

    select * from {{ ref('customer_days') }}

),

-- Days on which a customer begins or stops to pay here, in whatever currencies.
turns as (

    select
        billing_source,
        tenant_id,
        customer_id,
        cut_id,
        is_whole,
        reporting_currency,
        movement_date,
        sum(balance) > 0 as is_begin,
        sum(voluntary_churn) > 0 as has_voluntary_churn,
        sum(involuntary_churn) > 0 as has_involuntary_churn
    from customer_days
    group by
        customer_id,
        billing_source,
        tenant_id,
        cut_id,
        is_whole,
        reporting_currency,
        movement_date
    having (sum(balance) > 0) <> (sum(balance - change) > 0)

),

spells as (

    select
        *,
        row_number() over turn_order = 1 as is_first,
        lead(movement_date) over turn_order as to_date,
        lead(has_involuntary_churn) over turn_order as ends_involuntarily,
        lead(has_voluntary_churn and not has_involuntary_churn) over turn_order
            as ends_voluntarily
    from turns
    window turn_order as (
        partition by customer_id, billing_source, tenant_id, cut_id
        order by movement_date
    )

)

-- one row per customer, cut and unbroken [from_date, to_date) of days at whose end it pays
select
    billing_source,
    tenant_id,
    customer_id,
    cut_id,
    is_whole,
    reporting_currency,
    movement_date as from_date,
    to_date,
    is_first,
    -- neither where the engine does not know, or the money only moved to another slice
    ends_voluntarily,
    ends_involuntarily
from spells
where is_begin
