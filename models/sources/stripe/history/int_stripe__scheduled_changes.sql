{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

phases as (

    select * from {{ ref('int_stripe__phases') }}

),

landed_items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

planned as (

    select
        phases.*,
        coalesce({{ stripe_id('planned_item.price') }}, {{ stripe_id('planned_item.plan') }})
            as price_id,
        coalesce({{ stripe_number('planned_item.quantity') }}, 1) as quantity
    from phases
    cross join
        lateral jsonb_to_recordset(phases.items) as planned_item (
            price jsonb,
            plan jsonb,
            quantity jsonb
        )

),

-- A phase knows prices, not items: an item of the price goes on, else there will be a new one.
placed as (

    select
        planned.tenant_id,
        planned.subscription_id,
        planned.starts_at,
        planned.price_id,
        upper(coalesce(planned.currency, prices.price_currency)) as currency,
        case when prices.is_metered then 1 else planned.quantity end as quantity,
        coalesce(landed_items.item_id, planned.subscription_id || ':' || planned.price_id)
            as item_id
    from planned
    inner join prices
        on planned.tenant_id = prices.tenant_id and planned.price_id = prices.price_id
    left join landed_items
        on
            planned.tenant_id = landed_items.tenant_id
            and planned.subscription_id = landed_items.subscription_id
            and planned.price_id = landed_items.price_id

),

known_items as (

    select
        tenant_id,
        subscription_id,
        item_id
    from placed

    union distinct

    select
        tenant_id,
        subscription_id,
        item_id
    from landed_items

)

-- one row per item of a subscription and phase of its schedule that begins after as_of: what the
-- item will be, or that it will end
select distinct on (phases.tenant_id, known_items.item_id, phases.starts_at)
    phases.tenant_id,
    phases.subscription_id,
    known_items.item_id,
    phases.starts_at as changed_at,
    phases.state_number,
    placed.price_id,
    placed.currency,
    placed.quantity,
    placed.item_id is null as is_end,
    phases.schedule_id,
    phases.is_new_subscription,
    phases.customer_id,
    phases.recorded_at
from phases
inner join known_items
    on
        phases.tenant_id = known_items.tenant_id
        and phases.subscription_id = known_items.subscription_id
left join placed
    on
        phases.tenant_id = placed.tenant_id
        and phases.subscription_id = placed.subscription_id
        and phases.starts_at = placed.starts_at
        and known_items.item_id = placed.item_id
order by phases.tenant_id, known_items.item_id, phases.starts_at, phases.schedule_id
