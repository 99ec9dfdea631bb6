with

contracts as (

    select
        contracts.*,
        accounts.country,
        contracts.seats * contracts.cents_per_seat / 100.0 as price,
        contracts.trial_until > contracts.starts_at as has_trial
    from {{ source('homegrown', 'contracts') }} as contracts
    inner join {{ source('homegrown', 'accounts') }} as accounts
        on contracts.account_id = accounts.id

),

-- A contract is two intervals where it begins with a trial.
intervals as (

    select
        *,
        starts_at as valid_from,
        trial_until as valid_to,
        'trialing' as status
    from contracts
    where has_trial

    union all

    select
        *,
        case when has_trial then trial_until else starts_at end as valid_from,
        ends_at as valid_to,
        'active' as status
    from contracts

)

-- one row per contract and unbroken [valid_from, valid_to) at one price; an account's contracts for
-- one plan are one subscription, so that a renewal is a change and not an end
select
    'homegrown' as billing_source,
    'default' as tenant_id,
    account_id::text as customer_id,
    account_id || '-' || plan as subscription_id,
    account_id || '-' || plan as item_id,
    valid_from,
    valid_to,
    status,
    'licensed' as charge_kind,
    plan,
    plan as actual_plan_id,
    plan as product,
    seats::numeric(28, 10) as quantity,
    price::numeric(28, 10) as amount,
    case when billed_yearly then 'year' else 'month' end as period_unit,
    1 as period_count,
    0::numeric(28, 10) as once_discount,
    0::numeric(28, 10) as repeating_discount,
    (price * percent_off / 100)::numeric(28, 10) as forever_discount,
    currency,
    coalesce(country, 'unknown') as country,
    null::timestamptz as scheduled_end_at,
    null::timestamptz as cancel_requested_at,
    ends_at as cancel_effective_at,
    null::text as cancel_reason,
    null::boolean as is_voluntary_cancel,
    'events' as history_source,
    signed_at as recorded_at,
    'contracts' as source_table,
    id::text as source_row_id
from intervals
