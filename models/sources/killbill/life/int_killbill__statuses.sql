{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

states as (

    select * from {{ ref('int_killbill__subscription_states') }}

),

blocked_ranges as (

    select * from {{ ref('int_killbill__blocked_ranges') }}

),

lives as (

    select
        tenant_record_id,
        account_id,
        bundle_id,
        subscription_id,
        range_agg(tstzrange(valid_from, valid_to)) as lived,
        coalesce(
            range_agg(tstzrange(valid_from, valid_to)) filter (where phase_type = 'TRIAL'), '{}'
        ) as trial
    from states
    group by tenant_record_id, account_id, bundle_id, subscription_id

),

-- A subscription is blocked by itself, its bundle or its account.
blocks as (

    select
        lives.tenant_record_id,
        lives.subscription_id,
        blocked_ranges.status,
        blocked_ranges.valid_from,
        blocked_ranges.valid_to,
        blocked_ranges.start_recorded_at,
        blocked_ranges.end_recorded_at
    from lives
    cross join
        lateral (
            values
            ('SUBSCRIPTION', lives.subscription_id),
            ('SUBSCRIPTION_BUNDLE', lives.bundle_id),
            ('ACCOUNT', lives.account_id)
        ) as blockables (blockable_type, blockable_id)
    inner join blocked_ranges
        on
            lives.tenant_record_id = blocked_ranges.tenant_record_id
            and blockables.blockable_type = blocked_ranges.blockable_type
            and blockables.blockable_id = blocked_ranges.blockable_id

),

blocked as (

    select
        tenant_record_id,
        subscription_id,
        coalesce(
            range_agg(tstzrange(valid_from, valid_to)) filter (where status = 'paused'), '{}'
        ) as paused,
        coalesce(
            range_agg(tstzrange(valid_from, valid_to)) filter (where status = 'past_due'), '{}'
        ) as past_due
    from blocks
    group by tenant_record_id, subscription_id

),

layered as (

    select
        lives.*,
        coalesce(blocked.paused, '{}') * lives.lived - lives.trial as paused,
        coalesce(blocked.past_due, '{}') * lives.lived - lives.trial as past_due
    from lives
    left join blocked
        on
            lives.tenant_record_id = blocked.tenant_record_id
            and lives.subscription_id = blocked.subscription_id

),

ranges as (

    select
        layered.tenant_record_id,
        layered.subscription_id,
        statuses.status,
        lower(spans.span) as valid_from,
        upper(spans.span) as valid_to
    from layered
    cross join
        lateral (
            values
            ('trialing', layered.trial),
            ('paused', layered.paused),
            ('past_due', layered.past_due - layered.paused),
            ('active', layered.lived - layered.trial - layered.paused - layered.past_due)
        ) as statuses (status, ranges)
    cross join lateral unnest(statuses.ranges) as spans (span)

),

switches as (

    select
        blocks.tenant_record_id,
        blocks.subscription_id,
        both_ends.switched_at,
        max(both_ends.recorded_at) as recorded_at
    from blocks
    cross join
        lateral (
            values
            (blocks.valid_from, blocks.start_recorded_at),
            (blocks.valid_to, blocks.end_recorded_at)
        ) as both_ends (switched_at, recorded_at)
    group by blocks.tenant_record_id, blocks.subscription_id, both_ends.switched_at

)

-- one row per subscription and [valid_from, valid_to) of one status; recorded_at: when the pause or
-- debt that begins or ends there was recorded
select
    ranges.tenant_record_id,
    ranges.subscription_id,
    ranges.status,
    ranges.valid_from,
    ranges.valid_to,
    switches.recorded_at
from ranges
left join switches
    on
        ranges.tenant_record_id = switches.tenant_record_id
        and ranges.subscription_id = switches.subscription_id
        and ranges.valid_from = switches.switched_at
