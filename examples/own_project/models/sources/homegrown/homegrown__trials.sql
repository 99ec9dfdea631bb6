-- one row per contract that begins with a trial
select
    'homegrown' as billing_source,
    'default' as tenant_id,
    account_id::text as customer_id,
    account_id || '-' || plan as subscription_id,
    plan,
    starts_at as started_at,
    trial_until as ends_at,
    case when ends_at <= trial_until then ends_at end as cancelled_at,
    'contracts' as source_table,
    id::text as source_row_id
from {{ source('homegrown', 'contracts') }}
where trial_until > starts_at
