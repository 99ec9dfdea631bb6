{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select
        *,
        row_number() over (partition by subscription_id order by valid_from desc) = 1 as is_last
    from {{ ref('int_lago__segments') }}

),

trialing as (

    select *
    from segments
    where trial_ends_at > valid_from and not is_scheduled

),

-- A plan changed during its trial goes on with the new plan's trial, from the same first start.
trials as (

    select
        tenant_id,
        customer_id,
        subscription_id,
        min(valid_from) as started_at,
        (array_agg(trial_ends_at order by valid_from desc))[1] as ends_at,
        (array_agg(valid_to order by valid_from desc))[1] as left_at,
        (array_agg(plan_code order by valid_from))[1] as plan,
        bool_or(is_last) as is_last,
        (array_agg(segment_id order by valid_from))[1] as segment_id
    from trialing
    group by tenant_id, customer_id, subscription_id

)

-- one row per trial of a subscription
select
    'lago' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    subscription_id::text as subscription_id,
    plan::text as plan,
    started_at,
    ends_at,
    -- the subscription was ended, not moved to another plan, before the trial was over
    case when is_last and left_at <= ends_at then left_at end as cancelled_at,
    'subscriptions' as source_table,
    segment_id::text as source_row_id
from trials
