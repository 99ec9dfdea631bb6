{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

events as (

    select
        id,
        subscription_id,
        fixed_charge_id,
        units,
        timestamp,
        deleted_at,
        created_at
    from
        {{ optional_relation(
            source('lago', 'fixed_charge_events'),
            {
                'id': 'uuid', 'subscription_id': 'uuid', 'fixed_charge_id': 'uuid',
                'units': 'numeric', 'timestamp': 'timestamp', 'deleted_at': 'timestamp',
                'created_at': 'timestamp'
            }
        ) }} as fixed_charge_events

),

overrides as (

    select
        subscription_id,
        fixed_charge_id,
        units,
        deleted_at
    from
        {{ optional_relation(
            source('lago', 'subscription_fixed_charge_units_overrides'),
            {
                'subscription_id': 'uuid', 'fixed_charge_id': 'uuid', 'units': 'numeric',
                'deleted_at': 'timestamp'
            }
        ) }} as units_overrides

)

-- one row per statement of a subscription row's units of a fixed charge: an event, or an override
-- without a date of its own
select
    subscription_id as segment_id,
    fixed_charge_id,
    units,
    timestamp at time zone 'UTC' as valid_from,
    created_at at time zone 'UTC' as recorded_at,
    id as event_id
from events
where deleted_at is null and timestamp is not null

union all

select
    subscription_id as segment_id,
    fixed_charge_id,
    units,
    '-infinity'::timestamptz as valid_from,
    '-infinity'::timestamptz as recorded_at,
    null::uuid as event_id
from overrides
where deleted_at is null
