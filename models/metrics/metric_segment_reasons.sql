with

periods as (

    select * from {{ ref('reason_periods') }}
    where not {{ is_of_everyone('tenant_id') }}

)

-- one row per segment, grain, period, dimension tuple, movement type and reason with a movement
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    {{ tenant_of_group('tenant_id') }} as tenant_id,
    {{ segment_of_group('tenant_id') }} as segment,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reporting_currency,
    movement_type,
    reason,
    amount,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
