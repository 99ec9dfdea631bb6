{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}
    where state_number = 1

),

lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

),

points as (

    select * from {{ ref('int_stripe__invoiced_points') }}

),

billed as (

    select
        lines.tenant_id,
        lines.subscription_id,
        max(lines.customer_id) as customer_id,
        min(lines.invoiced_at) as recorded_at,
        max(
            case when not lines.is_proration then lines.service_to - lines.service_from end
        ) as period
    from lines
    left join states
        on
            lines.tenant_id = states.tenant_id
            and lines.subscription_id = states.subscription_id
    where
        states.subscription_id is null
        and lines.subscription_id is not null
        and lines.customer_id is not null
    group by lines.tenant_id, lines.subscription_id

),

spans as (

    select
        billed.tenant_id,
        billed.subscription_id,
        billed.customer_id,
        billed.recorded_at,
        billed.period,
        min(points.stated_from) as started_at,
        max(points.service_to) as billed_to
    from billed
    inner join points
        on
            billed.tenant_id = points.tenant_id
            and billed.subscription_id = points.subscription_id
    where not points.is_credit
    group by
        billed.tenant_id,
        billed.subscription_id,
        billed.customer_id,
        billed.recorded_at,
        billed.period

)

-- one row per subscription that invoices name and that never landed. It has ended when the last
-- period is past by more than another one
select
    tenant_id,
    subscription_id,
    customer_id,
    recorded_at,
    started_at,
    billed_to + period as given_up_at,
    case when billed_to + period < {{ as_of_instant() }} then billed_to end as ended_at
from spans
