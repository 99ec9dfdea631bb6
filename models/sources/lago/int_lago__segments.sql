{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

chains as (

    select * from {{ ref('int_lago__chains') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

ended as (

    select
        *,
        case
            -- A plan change: the successor starts just before its predecessor is terminated.
            when next_lives_from is not null
                then least(terminated_at, next_lives_from)
            -- The job that ends a subscription runs some time on the planned day.
            when
                (terminated_at at time zone timezone)::date
                = (ending_at at time zone timezone)::date
                then ending_at
            else terminated_at
        end as valid_to
    from chains
    where unusable_because is null

)

-- one row per subscription row that lived: one plan of one subscription, [valid_from, valid_to)
select
    ended.segment_id,
    ended.tenant_id,
    ended.customer_id,
    ended.subscription_id,
    ended.plan_id,
    plans.rolled_up_plan_id,
    plans.plan_code,
    plans.currency,
    plans.period_unit,
    plans.period_count,
    plans.has_monthly_fixed_charges,
    ended.lives_from as valid_from,
    ended.valid_to,
    ended.status = 2 as is_terminated,
    ended.first_started_at,
    case
        when plans.trial_period > interval '0' then ended.first_started_at + plans.trial_period
    end as trial_ends_at,
    case
        when ended.is_anniversary
            then (
                coalesce(ended.subscription_at, ended.started_at) at time zone ended.timezone
            )::date
    end as billing_anchor_date,
    case
        when ended.next_lives_from is null and ended.status = 1 then ended.ending_at
    end as scheduled_end_at,
    case when ended.next_lives_from is null then ended.terminated_at end as cancel_effective_at,
    ended.created_at as recorded_at
from ended
inner join plans on ended.plan_id = plans.plan_id
where ended.valid_to is null or ended.lives_from < ended.valid_to
