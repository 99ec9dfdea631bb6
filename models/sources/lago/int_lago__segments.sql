{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select
        *,
        -- A trial is counted from the first start under an external id, whatever became of it.
        min(started_at) over (
            partition by tenant_id, customer_id, external_id
        ) as first_started_at
    from {{ ref('stg_lago__subscriptions') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

-- Rows that lived. Pending, canceled and incomplete ones never did, even with a started_at.
live as (

    select
        *,
        count(*) filter (where previous_segment_id is null) over lineage as chain
    from subscriptions
    where status in (1, 2) and lives_from is not null
    window lineage as (
        partition by tenant_id, customer_id, external_id
        order by lives_from, created_at, segment_id
    )

),

chained as (

    select
        *,
        first_value(segment_id) over chain_order as subscription_id,
        lead(lives_from) over chain_order as next_lives_from
    from live
    window chain_order as (
        partition by tenant_id, customer_id, external_id, chain
        order by lives_from, created_at, segment_id
    )

),

ended as (

    select
        chained.*,
        customers.timezone,
        case
            -- A plan change: the successor starts just before its predecessor is terminated.
            when chained.next_lives_from is not null
                then least(chained.terminated_at, chained.next_lives_from)
            -- The job that ends a subscription runs some time on the planned day.
            when
                (chained.terminated_at at time zone customers.timezone)::date
                = (chained.ending_at at time zone customers.timezone)::date
                then chained.ending_at
            else chained.terminated_at
        end as valid_to
    from chained
    inner join customers on chained.customer_id = customers.customer_id

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
