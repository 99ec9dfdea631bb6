{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

terms as (

    select * from {{ ref('int_stripe__discount_terms') }}

),

state_items as (

    select * from {{ ref('int_stripe__state_items') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

billed_discounts as (

    select * from {{ ref('int_stripe__billed_discounts') }}

),

discount_products as (

    select * from {{ ref('int_stripe__discount_products') }}

),

unbilled as (

    select distinct
        state_items.tenant_id,
        state_items.subscription_id,
        state_items.item_id,
        prices.product_id
    from state_items
    inner join prices
        on state_items.tenant_id = prices.tenant_id and state_items.price_id = prices.price_id
    left join terms
        on
            state_items.tenant_id = terms.tenant_id
            and state_items.item_id = terms.item_id
            and terms.is_first
    where terms.item_id is null

),

-- Products that the discounts of a term are not for.
spared as (

    select distinct
        billed_discounts.tenant_id,
        billed_discounts.item_id,
        billed_discounts.stated_from,
        unbilled.product_id
    from billed_discounts
    inner join unbilled
        on
            billed_discounts.tenant_id = unbilled.tenant_id
            and billed_discounts.subscription_id = unbilled.subscription_id
    inner join discount_products as limits
        on
            billed_discounts.tenant_id = limits.tenant_id
            and billed_discounts.discount_id = limits.discount_id
    left join discount_products as lowered
        on
            limits.tenant_id = lowered.tenant_id
            and limits.discount_id = lowered.discount_id
            and unbilled.product_id = lowered.product_id
            and lowered.is_lowered
    where lowered.product_id is null

),

ranked as (

    select
        unbilled.tenant_id,
        unbilled.subscription_id,
        unbilled.item_id,
        terms.holds_from,
        terms.holds_to,
        terms.repeating_rate,
        terms.forever_rate,
        rank() over (
            partition by unbilled.tenant_id, unbilled.subscription_id, unbilled.item_id
            order by terms.valid_from desc, terms.item_id
        ) as preference
    from unbilled
    inner join terms
        on
            unbilled.tenant_id = terms.tenant_id
            and unbilled.subscription_id = terms.subscription_id
    left join spared
        on
            terms.tenant_id = spared.tenant_id
            and terms.item_id = spared.item_id
            and terms.valid_from = spared.stated_from
            and unbilled.product_id = spared.product_id
    where spared.item_id is null

)

-- one row per item that was not billed yet and [holds_from, holds_to) of what the others of its
-- subscription have, in shares of it: what was billed last with discounts that are for its product
select
    tenant_id,
    subscription_id,
    item_id,
    holds_from,
    holds_to,
    repeating_rate,
    forever_rate
from ranked
where preference = 1
