{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

terms as (

    select * from {{ ref('int_stripe__discount_terms') }}

),

states as (

    select
        *,
        state ? 'has_all_discounts' as tells_discounts
    from {{ ref('int_stripe__states') }}

),

state_items as (

    select * from {{ ref('int_stripe__state_items') }}

),

state_discounts as (

    select * from {{ ref('int_stripe__state_discounts') }}

),

billed as (

    select
        tenant_id,
        subscription_id,
        item_id
    from terms
    where is_first and holds_from = '-infinity'

),

unbilled_terms as (

    select * from {{ ref('int_stripe__unbilled_terms') }}

),

unbilled_items as (

    select
        tenant_id,
        item_id
    from unbilled_terms
    where holds_from = '-infinity'

),

untold as (

    select * from {{ ref('int_stripe__untold_discounts') }}

)

-- one row per item and [valid_from, valid_to) of the discounts that its invoices tell, or states,
-- or, of what was not billed yet, the invoices of others; empty where those were over before
select
    terms.tenant_id,
    terms.subscription_id,
    terms.item_id,
    greatest(
        case when terms.is_first then '-infinity' else terms.valid_from end,
        terms.holds_from,
        untold.valid_from
    ) as valid_from,
    least(terms.valid_to, terms.holds_to, untold.valid_to) as valid_to,
    terms.repeating_rate,
    terms.repeating_fixed,
    terms.forever_rate,
    terms.forever_fixed
from terms
left join untold
    on
        terms.tenant_id = untold.tenant_id
        and terms.subscription_id = untold.subscription_id

union all

-- what the states say; the row of now also of what has never been billed
select
    states.tenant_id,
    states.subscription_id,
    state_items.item_id,
    greatest(
        case
            when
                states.state_number = 1
                and billed.item_id is null
                and unbilled_items.item_id is null
                then '-infinity'
            else states.valid_from
        end,
        state_discounts.holds_from
    ) as valid_from,
    least(states.valid_to, state_discounts.holds_to) as valid_to,
    coalesce(state_discounts.repeating_rate, 0) as repeating_rate,
    0 as repeating_fixed,
    coalesce(state_discounts.forever_rate, 0) as forever_rate,
    0 as forever_fixed
from states
inner join state_items
    on
        states.tenant_id = state_items.tenant_id
        and states.subscription_id = state_items.subscription_id
        and states.state_number = state_items.state_number
left join state_discounts
    on
        state_items.tenant_id = state_discounts.tenant_id
        and state_items.subscription_id = state_discounts.subscription_id
        and state_items.state_number = state_discounts.state_number
        and state_items.item_id = state_discounts.item_id
left join billed
    on state_items.tenant_id = billed.tenant_id and state_items.item_id = billed.item_id
left join unbilled_items
    on
        state_items.tenant_id = unbilled_items.tenant_id
        and state_items.item_id = unbilled_items.item_id
where
    states.tells_discounts
    or (billed.item_id is null and unbilled_items.item_id is null)

union all

select
    unbilled_terms.tenant_id,
    unbilled_terms.subscription_id,
    unbilled_terms.item_id,
    greatest(untold.valid_from, unbilled_terms.holds_from) as valid_from,
    least(untold.valid_to, unbilled_terms.holds_to) as valid_to,
    unbilled_terms.repeating_rate,
    0 as repeating_fixed,
    unbilled_terms.forever_rate,
    0 as forever_fixed
from unbilled_terms
inner join untold
    on
        unbilled_terms.tenant_id = untold.tenant_id
        and unbilled_terms.subscription_id = untold.subscription_id
