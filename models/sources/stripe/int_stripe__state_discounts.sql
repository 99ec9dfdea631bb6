{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with recursive

states as (

    select * from {{ ref('int_stripe__states') }}
    where state ? 'discounts'

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

discounts as (

    select * from {{ ref('int_stripe__discounts') }}

),

items as (

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        items.discounts,
        prices.period_unit,
        prices.period_count,
        coalesce(
            {{ stripe_list_amount('prices', 'items.quantity', 'prices.unit_amount_minor') }}, 0
        ) as amount
    from {{ ref('int_stripe__state_items') }} as items
    inner join {{ ref('int_stripe__prices') }} as prices
        on
            items.tenant_id = prices.tenant_id
            and items.price_id = prices.price_id
            and not prices.is_metered
    left join {{ ref('stripe_currencies') }} as currencies
        on items.currency = currencies.currency

),

-- Those of an item come first. A customer's own lowers what has none.
listed as (

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        listed_ids.value #>> '{}' as discount_id,
        1 as preference
    from items
    cross join
        lateral jsonb_array_elements({{ stripe_list('items.discounts') }}) as listed_ids (value)

    union all

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        listed_ids.value #>> '{}' as discount_id,
        2 as preference
    from states
    inner join items
        on
            states.tenant_id = items.tenant_id
            and states.subscription_id = items.subscription_id
            and states.state_number = items.state_number
    cross join
        lateral jsonb_array_elements({{ stripe_list("states.state -> 'discounts'") }})
            as listed_ids (value)

    union all

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        customers.discount ->> 'id' as discount_id,
        3 as preference
    from states
    inner join items
        on
            states.tenant_id = items.tenant_id
            and states.subscription_id = items.subscription_id
            and states.state_number = items.state_number
    inner join subscriptions
        on
            states.tenant_id = subscriptions.tenant_id
            and states.subscription_id = subscriptions.subscription_id
    inner join customers
        on
            subscriptions.tenant_id = customers.tenant_id
            and subscriptions.customer_id = customers.customer_id
    where
        states.state -> 'discounts' = '[]'
        and {{ stripe_instant("customers.discount -> 'start'") }} <= states.valid_from

),

steps as (

    select
        listed.*,
        discounts.kind,
        discounts.rate,
        discounts.ends_at,
        -- a fixed amount is shared by what is billed together
        case
            when discounts.rate is null
                then discounts.amount * items.amount / nullif(
                    sum(items.amount) over (
                        partition by
                            listed.tenant_id,
                            listed.subscription_id,
                            listed.state_number,
                            listed.discount_id,
                            items.period_unit,
                            items.period_count
                    ),
                    0
                )
        end as fixed,
        row_number() over (
            partition by
                listed.tenant_id, listed.subscription_id, listed.state_number, listed.item_id
            order by listed.preference, listed.discount_id
        ) as step
    from listed
    inner join items
        on
            listed.tenant_id = items.tenant_id
            and listed.subscription_id = items.subscription_id
            and listed.state_number = items.state_number
            and listed.item_id = items.item_id
    inner join discounts
        on
            listed.tenant_id = discounts.tenant_id
            and listed.discount_id = discounts.discount_id
    where discounts.kind in ('repeating', 'forever')

),

-- Each share is one of what the ones before it left.
applied as (

    select
        *,
        coalesce(rate, 0) as taken,
        1 - coalesce(rate, 0) as remaining
    from steps
    where step = 1

    union all

    select
        steps.*,
        applied.remaining * coalesce(steps.rate, 0) as taken,
        applied.remaining * (1 - coalesce(steps.rate, 0)) as remaining
    from applied
    inner join steps
        on
            applied.tenant_id = steps.tenant_id
            and applied.subscription_id = steps.subscription_id
            and applied.state_number = steps.state_number
            and applied.item_id = steps.item_id
            and applied.step + 1 = steps.step

)

-- one row per discounted item of a state, with the shares and fixed amounts that are taken off
select
    tenant_id,
    subscription_id,
    state_number,
    item_id,
    coalesce(sum(taken) filter (where kind = 'repeating'), 0) as repeating_rate,
    coalesce(sum(fixed) filter (where kind = 'repeating'), 0) as repeating_fixed,
    coalesce(sum(taken) filter (where kind = 'forever'), 0) as forever_rate,
    coalesce(sum(fixed) filter (where kind = 'forever'), 0) as forever_fixed,
    max(ends_at) filter (where kind = 'repeating') as repeating_until
from applied
group by tenant_id, subscription_id, state_number, item_id
