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

)

-- one row per subscription row that lived, in the chain that plan changes make of them; a row with
-- unusable_because counts nowhere, but keeps its place in the chain
select
    chained.*,
    customers.timezone,
    case
        when chained.tenant_id is null then 'tenant_missing'
        when customers.customer_id is null then 'customer_missing'
        when plans.plan_id is null then 'plan_missing'
        when plans.period_unit is null then 'unknown_period'
        when plans.subunit_to_unit is null then 'unknown_currency'
        when chained.lives_from < '1970-01-01T00:00:00Z' then 'implausible_start'
        when chained.terminated_at < chained.lives_from then 'end_before_start'
        when
            chained.status = 2
            and coalesce(chained.terminated_at, chained.next_lives_from) is null
            then 'end_missing'
    end as unusable_because
from chained
left join customers
    on
        chained.customer_id = customers.customer_id
        and chained.tenant_id = customers.tenant_id
left join plans on chained.plan_id = plans.plan_id
