{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    materialized = 'parsed_table',
    schema = 'parsed',
    meta = {'parses': ['stripe', 'stripe_events']}
) }}

with

source_rows as (

    select source_rows.*
    from {{ stripe_event_rows() }} as source_rows

),

events as (

    select
        source_rows.event_id,
        source_rows.tenant_id,
        source_rows.event_type,
        source_rows.created_at,
        source_rows.row_version,
        -- the whole event is kept, or its data
        coalesce(sent.data -> 'object', sent.object) as subject,
        coalesce(sent.data -> 'previous_attributes', sent.previous_attributes)
            as previous_attributes
    from source_rows
    cross join
        lateral jsonb_to_record(source_rows.doc) as sent (
            data jsonb,
            object jsonb,
            previous_attributes jsonb
        )
    where {{ not_parsed_before() }}

)

-- one row per event of a subscription, with what mattered of it then
select
    events.event_id,
    events.tenant_id,
    events.event_type,
    events.created_at,
    parsed.id as subscription_id,
    {{ stripe_id('parsed.customer') }} as customer_id,
    {{ stripe_instant('parsed.created') }} as subscription_created_at,
    {{ stripe_instant('parsed.start_date') }} as started_at,
    {{ stripe_state('parsed') }} as state,
    -- what mattered before: events of one second are brought in order by it
    case
        when events.event_type = 'customer.subscription.updated' then {{ stripe_state('previous') }}
    end as previous_state,
    events.row_version
from events
cross join
    lateral jsonb_to_record(events.subject) as parsed (
        {{ stripe_subscription_fields() }}
    )
cross join
    lateral jsonb_to_record(
        events.subject || coalesce(nullif(events.previous_attributes, 'null'), '{}')
    ) as previous (
        {{ stripe_subscription_fields() }}
    )
where
    events.event_type like 'customer.subscription.%'
    and events.subject ->> 'object' = 'subscription'
    and parsed.id is not null
