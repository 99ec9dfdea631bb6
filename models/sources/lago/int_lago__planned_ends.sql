{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_lago__subscriptions') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('lago_subscriptions_history'),
            {'segment_id': 'uuid', 'ending_at': 'timestamptz', 'observed_at': 'timestamptz'}
        ) }} as subscriptions_history

),

unplanned as (

    select
        segment_id,
        max(observed_at) as last_seen_at
    from captured
    where ending_at is null
    group by segment_id

)

-- one row per subscription row that was seen without a planned end, and then with its present one:
-- Lago keeps no time of such a request
select
    subscriptions.segment_id,
    min(captured.observed_at) as planned_at
from subscriptions
inner join unplanned on subscriptions.segment_id = unplanned.segment_id
inner join captured
    on
        subscriptions.segment_id = captured.segment_id
        and subscriptions.ending_at = captured.ending_at
        and unplanned.last_seen_at < captured.observed_at
group by subscriptions.segment_id
