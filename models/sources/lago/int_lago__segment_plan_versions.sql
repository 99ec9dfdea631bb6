{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select * from {{ ref('int_lago__segments') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('lago_subscriptions_history'),
            {'segment_id': 'uuid', 'plan_id': 'uuid', 'observed_at': 'timestamptz'}
        ) }} as subscriptions_history

),

versions as (

    select
        segment_id,
        plan_id,
        case
            when row_number() over version_order = 1 then '-infinity' else observed_at
        end as valid_from,
        lead(observed_at, 1, 'infinity') over version_order as valid_to
    from captured
    window version_order as (partition by segment_id order by observed_at)

)

-- one row per segment and plan it pointed to: a price override swaps plan_id in place
select
    segments.segment_id,
    coalesce(versions.plan_id, segments.plan_id) as plan_id,
    coalesce(versions.valid_from, '-infinity') as valid_from,
    coalesce(versions.valid_to, 'infinity') as valid_to
from segments
left join versions on segments.segment_id = versions.segment_id
