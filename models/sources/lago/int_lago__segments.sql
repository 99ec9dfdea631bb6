{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

chains as (

    select
        *,
        next_valid_from is null as is_last,
        (terminated_at at time zone timezone)::date as terminated_on,
        (ending_at at time zone timezone)::date as ending_on
    from {{ ref('int_lago__chains') }}
    where unusable_because is null

),

planned_ends as (

    select * from {{ ref('int_lago__planned_ends') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

ended as (

    select
        *,
        case
            -- A plan change: the successor starts just before its predecessor is terminated.
            when not is_last then least(terminated_at, next_valid_from)
            -- The job that ends a subscription runs some time on the planned day.
            when terminated_on = ending_on then ending_at
            else terminated_at
        end as valid_to
    from chains

)

-- one row per subscription row that counts: one plan of one subscription, [valid_from, valid_to)
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
    ended.valid_from,
    ended.valid_to,
    ended.status = 2 as is_terminated,
    ended.is_scheduled,
    ended.first_started_at,
    case
        when plans.trial_period > interval '0' then ended.first_started_at + plans.trial_period
    end as trial_ends_at,
    ended.billing_anchor_date,
    case when ended.is_last and ended.status <> 2 then ended.ending_at end as scheduled_end_at,
    case
        when not ended.is_last then null
        -- ended before its planned end, or without one: at once
        when ended.ending_on <= coalesce(ended.terminated_on, ended.ending_on)
            then planned_ends.planned_at
        else ended.terminated_at
    end as cancel_requested_at,
    case when ended.is_last then ended.terminated_at end as cancel_effective_at,
    ended.recorded_at
from ended
inner join plans on ended.plan_id = plans.plan_id
left join planned_ends on ended.segment_id = planned_ends.segment_id
where ended.valid_to is null or ended.valid_from < ended.valid_to
