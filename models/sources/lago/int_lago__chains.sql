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

scheduled_starts as (

    select * from {{ ref('int_lago__scheduled_starts') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

-- Rows that lived or are going to. Canceled and incomplete ones never did, even with a started_at.
live as (

    select
        subscriptions.*,
        coalesce(scheduled_starts.starts_at, subscriptions.lives_from) as valid_from,
        scheduled_starts.starts_at is not null as is_scheduled
    from subscriptions
    left join scheduled_starts on subscriptions.segment_id = scheduled_starts.segment_id
    where
        (subscriptions.status in (1, 2) and subscriptions.lives_from is not null)
        or scheduled_starts.starts_at is not null

),

numbered as (

    select
        *,
        count(*) filter (where previous_segment_id is null) over (
            partition by tenant_id, customer_id, external_id
            order by valid_from, created_at, segment_id
        ) as chain
    from live

),

chained as (

    select
        *,
        first_value(segment_id) over chain_order as subscription_id,
        lead(valid_from) over chain_order as next_valid_from
    from numbered
    window chain_order as (
        partition by tenant_id, customer_id, external_id, chain
        order by valid_from, created_at, segment_id
    )

)

-- one row per subscription row that lived or is to live, in the chain that plan changes make of
-- them; a row with unusable_because counts nowhere, but keeps its place in the chain
select
    chained.segment_id,
    chained.tenant_id,
    chained.customer_id,
    chained.subscription_id,
    chained.plan_id,
    customers.timezone,
    chained.status,
    chained.is_scheduled,
    chained.valid_from,
    chained.next_valid_from,
    chained.terminated_at,
    chained.ending_at,
    coalesce(chained.first_started_at, chained.valid_from) as first_started_at,
    case
        when chained.is_anniversary
            then (
                coalesce(chained.subscription_at, chained.started_at)
                at time zone customers.timezone
            )::date
    end as billing_anchor_date,
    coalesce(chained.created_at, chained.valid_from) as recorded_at,
    case
        when chained.tenant_id is null then 'tenant_missing'
        when customers.customer_id is null then 'customer_missing'
        when plans.plan_id is null then 'plan_missing'
        when plans.period_unit is null then 'unknown_period'
        when plans.subunit_to_unit is null then 'unknown_currency'
        when chained.valid_from < '1970-01-01T00:00:00Z' then 'implausible_start'
        when chained.terminated_at < chained.valid_from then 'end_before_start'
        when
            chained.status = 2
            and coalesce(chained.terminated_at, chained.next_valid_from) is null
            then 'end_missing'
    end as unusable_because
from chained
left join customers
    on
        chained.customer_id = customers.customer_id
        and chained.tenant_id = customers.tenant_id
left join plans on chained.plan_id = plans.plan_id
