{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

-- one row per schedule of a subscription, whatever its status
select
    parsed.id as schedule_id,
    source_rows.tenant_id,
    coalesce(
        {{ stripe_id('parsed.subscription') }},
        {{ stripe_id('parsed.released_subscription') }}
    ) as subscription_id,
    {{ stripe_id('parsed.customer') }} as customer_id,
    parsed.status,
    parsed.end_behavior,
    {{ stripe_list('parsed.phases') }} as phases,
    {{ stripe_instant('parsed.created') }} as created_at
from {{ stripe_rows('subscription_schedules') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        subscription jsonb,
        released_subscription jsonb,
        customer jsonb,
        status text,
        end_behavior text,
        phases jsonb,
        created jsonb
    )
where parsed.id is not null
