{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_lago__subscriptions') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

pending as (

    select
        subscriptions.*,
        customers.timezone,
        {{ as_of_instant() }} as as_of,
        ({{ as_of_instant() }} at time zone customers.timezone)::date as today,
        (subscriptions.created_at at time zone customers.timezone)::date as created_on,
        row_number() over (
            partition by subscriptions.previous_segment_id
            order by subscriptions.created_at desc, subscriptions.segment_id desc
        ) = 1 as is_last_wish
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    where subscriptions.status = 0

),

-- A downgrade waits for the next billing day of the row it follows: today's, if that has not been
-- carried out yet. Billing days are whole periods after the day on which the subscription is
-- anchored; by calendar after a Monday or the first of a year.
anchored as (

    select
        pending.segment_id,
        pending.as_of,
        previous.ending_at,
        pending.timezone,
        plans.period_unit,
        plans.period_count * case plans.period_unit when 'year' then 12 else 1 end as step,
        greatest(pending.today, pending.created_on + 1) as first_day,
        case
            when previous.is_anniversary
                then (
                    coalesce(previous.subscription_at, previous.started_at)
                    at time zone pending.timezone
                )::date
            when plans.period_unit = 'week' then '1970-01-05'::date
            else '1970-01-01'::date
        end as anchor_date
    from pending
    inner join subscriptions as previous
        on pending.previous_segment_id = previous.segment_id and previous.status = 1
    inner join plans on previous.plan_id = plans.plan_id
    where pending.is_last_wish and plans.period_unit is not null

),

counted as (

    select
        *,
        -- whole periods from the anchor to the one that the first possible day lies in
        case
            when period_unit = 'week' then floor((first_day - anchor_date) / 7.0)
            else
                floor(
                    (
                        (extract(year from first_day) - extract(year from anchor_date)) * 12
                        + extract(month from first_day) - extract(month from anchor_date)
                    ) / step
                )
        end::integer as periods,
        case when period_unit = 'week' then interval '7 days' else step * interval '1 month' end
            as period
    from anchored

),

due as (

    select
        segment_id,
        as_of,
        ending_at,
        -- in the month of a billing day the first possible one may come before it
        case
            when anchor_date + periods * period >= first_day then anchor_date + periods * period
            else anchor_date + (periods + 1) * period
        end at time zone timezone as due_at
    from counted

    union all

    select
        segment_id,
        as_of,
        ending_at,
        subscription_at as due_at
    from pending
    where
        previous_segment_id is null
        and (subscription_at at time zone timezone)::date >= today

),

starts as (

    select
        *,
        -- what is due has not happened at as_of, and happens when Lago's hourly job comes to it
        greatest(due_at, as_of + interval '1 hour') as starts_at
    from due

)

-- one row per pending subscription row that is to start after as_of, and before the planned end of
-- the row it follows (one that is a day past and was not carried out is not believed)
select
    segment_id,
    starts_at
from starts
where ending_at is null or ending_at > starts_at or ending_at <= as_of - interval '1 day'
