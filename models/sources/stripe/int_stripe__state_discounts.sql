{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with recursive

discounts as (

    select * from {{ ref('int_stripe__discounts') }}

),

listed as (

    select * from {{ ref('int_stripe__state_discount_ids') }}

),

billed_amounts as (

    select * from {{ ref('int_stripe__billed_amounts') }}

),

-- Where nothing tells the amount, shares of it are right all the same.
items as (

    select
        items.tenant_id,
        items.subscription_id,
        items.state_number,
        items.item_id,
        prices.period_unit || prices.period_count as billed_together,
        coalesce(
            nullif(
                {{ stripe_list_amount('prices', 'items.quantity', 'prices.unit_amount_minor') }}, 0
            ),
            billed_amounts.amount,
            100
        ) as amount
    from {{ ref('int_stripe__state_items') }} as items
    inner join {{ ref('int_stripe__prices') }} as prices
        on
            items.tenant_id = prices.tenant_id
            and items.price_id = prices.price_id
            and not prices.is_metered
    left join {{ ref('stripe_currencies') }} as currencies
        on items.currency = currencies.currency
    left join billed_amounts
        on
            items.tenant_id = billed_amounts.tenant_id
            and items.price_id = billed_amounts.price_id
            and items.currency = billed_amounts.currency
            and items.quantity = billed_amounts.quantity

),

numbered as (

    select
        listed.tenant_id,
        listed.subscription_id,
        listed.state_number,
        listed.item_id,
        discounts.kind,
        discounts.rate,
        discounts.amount as fixed,
        discounts.ends_at,
        dense_rank() over (
            partition by listed.tenant_id, listed.subscription_id, listed.state_number
            order by listed.preference, listed.listed_at, listed.discount_id
        ) as step
    from listed
    inner join discounts
        on
            listed.tenant_id = discounts.tenant_id
            and listed.discount_id = discounts.discount_id
    where discounts.kind in ('repeating', 'forever')

),

-- Every item of a state meets every discount of it; one that is not its own takes nothing.
steps as (

    select distinct
        tenant_id,
        subscription_id,
        state_number,
        step
    from numbered

),

-- Each discount in turn takes its share of what the ones before it left. A fixed amount is shared
-- by what is billed together.
applied as (

    select
        items.*,
        items.amount as remaining,
        0::numeric as taken,
        null::text as kind,
        null::timestamptz as ends_at,
        0::bigint as step
    from items
    inner join steps
        on
            items.tenant_id = steps.tenant_id
            and items.subscription_id = steps.subscription_id
            and items.state_number = steps.state_number
            and steps.step = 1

    union all

    select
        stepped.tenant_id,
        stepped.subscription_id,
        stepped.state_number,
        stepped.item_id,
        stepped.billed_together,
        stepped.amount,
        stepped.remaining - stepped.taken as remaining,
        stepped.taken,
        stepped.kind,
        stepped.ends_at,
        stepped.step
    -- the recursive term has no place for another CTE
    from ( -- noqa: ST05
        select
            applied.tenant_id,
            applied.subscription_id,
            applied.state_number,
            applied.item_id,
            applied.billed_together,
            applied.amount,
            applied.remaining,
            numbered.kind,
            numbered.ends_at,
            steps.step,
            case
                when numbered.kind is null or applied.remaining = 0 then 0
                when numbered.rate is not null then applied.remaining * numbered.rate
                else
                    least(
                        numbered.fixed,
                        sum(case when numbered.kind is not null then applied.remaining end)
                            over invoice
                    )
                    * applied.remaining
                    / sum(case when numbered.kind is not null then applied.remaining end)
                        over invoice
            end as taken
        from applied
        inner join steps
            on
                applied.tenant_id = steps.tenant_id
                and applied.subscription_id = steps.subscription_id
                and applied.state_number = steps.state_number
                and applied.step + 1 = steps.step
        left join numbered
            on
                applied.tenant_id = numbered.tenant_id
                and applied.subscription_id = numbered.subscription_id
                and applied.state_number = numbered.state_number
                and applied.item_id = numbered.item_id
                and steps.step = numbered.step
        window invoice as (
            partition by
                applied.tenant_id,
                applied.subscription_id,
                applied.state_number,
                applied.billed_together
        )
    ) as stepped

)

-- one row per discounted item of a state, with the shares of its price that are taken off
select
    tenant_id,
    subscription_id,
    state_number,
    item_id,
    coalesce(sum(taken / amount) filter (where kind = 'repeating'), 0)::numeric(38, 20)
        as repeating_rate,
    coalesce(sum(taken / amount) filter (where kind = 'forever'), 0)::numeric(38, 20)
        as forever_rate,
    max(ends_at) filter (where kind = 'repeating') as repeating_until
from applied
where kind is not null
group by tenant_id, subscription_id, state_number, item_id
