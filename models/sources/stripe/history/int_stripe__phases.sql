{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

schedules as (

    select
        *,
        -- a subscription that a schedule has not begun yet has no id of its own
        coalesce(subscription_id, schedule_id) as planned_subscription_id,
        subscription_id is null as is_new_subscription
    from {{ ref('stg_stripe__subscription_schedules') }}
    where status = 'active' or (status = 'not_started' and subscription_id is null)

),

parsed_phases as (

    select
        schedules.tenant_id,
        schedules.schedule_id,
        schedules.planned_subscription_id as subscription_id,
        schedules.is_new_subscription,
        schedules.customer_id,
        schedules.created_at as recorded_at,
        {{ stripe_instant('parsed.start_date') }} as starts_at,
        {{ stripe_instant('parsed.end_date') }} as ends_at,
        {{ stripe_instant('parsed.trial_end') }} as trial_ends_at,
        coalesce(parsed.trial = 'true', false) as is_trial,
        parsed.currency,
        {{ stripe_list('parsed.items') }} as items,
        case
            when {{ stripe_list('parsed.discounts') }} <> '[]'
                then {{ stripe_list('parsed.discounts') }}
            -- the only one, in older versions of the API
            when {{ stripe_id('parsed.coupon') }} is not null
                then jsonb_build_array(jsonb_build_object('coupon', parsed.coupon))
            else '[]'
        end as discounts
    from schedules
    cross join
        lateral jsonb_to_recordset(schedules.phases) as parsed (
            start_date jsonb,
            end_date jsonb,
            trial_end jsonb,
            trial text,
            currency text,
            items jsonb,
            discounts jsonb,
            coupon jsonb
        )

)

-- one row per phase of a schedule that begins after as_of; it stays in force to the next one, or as
-- long as the subscription lasts. Its number is below zero: no state has it
select
    tenant_id,
    schedule_id,
    subscription_id,
    is_new_subscription,
    customer_id,
    recorded_at,
    starts_at,
    lead(starts_at, 1, 'infinity') over (
        partition by tenant_id, subscription_id
        order by starts_at, schedule_id
    ) as valid_to,
    -row_number() over (
        partition by tenant_id, subscription_id
        order by starts_at, schedule_id
    ) as state_number,
    coalesce(trial_ends_at, case when is_trial then ends_at end) as trial_to,
    currency,
    items,
    discounts
from parsed_phases
where starts_at > {{ as_of_instant() }}
