{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

),

landed_items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

-- The classic engine has no column for the currency of a subscription.
billed_currencies as (

    select
        subscriptions.tenant_id,
        subscriptions.subscription_id,
        coalesce(max(invoices.currency), max(customers.currency)) as currency
    from subscriptions
    left join invoices
        on
            subscriptions.tenant_id = invoices.tenant_id
            and subscriptions.subscription_id = invoices.subscription_id
    left join customers
        on
            subscriptions.tenant_id = customers.tenant_id
            and subscriptions.customer_id = customers.customer_id
    where subscriptions.currency is null
    group by subscriptions.tenant_id, subscriptions.subscription_id

),

scheduled as (

    select * from {{ ref('int_stripe__scheduled_changes') }}
    where not is_end

),

phase_discounts as (

    select
        tenant_id,
        subscription_id,
        state_number,
        price_id,
        jsonb_agg(discount_id order by listed_at) as discounts
    from {{ ref('int_stripe__phase_discounts') }}
    where price_id is not null
    group by tenant_id, subscription_id, state_number, price_id

),

listed as (

    select
        states.tenant_id,
        states.subscription_id,
        states.state_number,
        states.valid_to,
        states.state ->> 'currency' as currency,
        parsed.id as item_id,
        coalesce({{ stripe_id('parsed.price') }}, {{ stripe_id('parsed.plan') }}) as price_id,
        {{ stripe_number('parsed.quantity') }} as quantity,
        {{ stripe_instant('parsed.created') }} as created_at,
        {{ stripe_instant('parsed.trial_start') }} as trial_from,
        {{ stripe_instant('parsed.trial_end') }} as trial_to,
        parsed.discounts
    from states
    cross join
        lateral jsonb_to_recordset({{ stripe_list("states.state -> 'items'") }}) as parsed (
            id text,
            price jsonb,
            plan jsonb,
            quantity jsonb,
            created jsonb,
            trial_start jsonb,
            trial_end jsonb,
            discounts jsonb
        )
    where parsed.id is not null

),

-- A list of items is cut off after ten; the others are known of the present only.
all_items as (

    select * from listed

    union all

    select
        states.tenant_id,
        states.subscription_id,
        states.state_number,
        states.valid_to,
        states.state ->> 'currency' as currency,
        landed_items.item_id,
        landed_items.price_id,
        landed_items.quantity,
        landed_items.created_at,
        null as trial_from,
        null as trial_to,
        null as discounts
    from states
    inner join landed_items
        on
            states.tenant_id = landed_items.tenant_id
            and states.subscription_id = landed_items.subscription_id
    left join listed
        on
            states.tenant_id = listed.tenant_id
            and landed_items.item_id = listed.item_id
            and states.state_number = listed.state_number
    where
        states.valid_to = 'infinity'
        and states.state ? 'has_more_items'
        and listed.item_id is null

    union all

    select
        scheduled.tenant_id,
        scheduled.subscription_id,
        scheduled.state_number,
        null as valid_to,
        scheduled.currency,
        scheduled.item_id,
        scheduled.price_id,
        scheduled.quantity,
        null as created_at,
        null as trial_from,
        null as trial_to,
        phase_discounts.discounts
    from scheduled
    left join phase_discounts
        on
            scheduled.tenant_id = phase_discounts.tenant_id
            and scheduled.subscription_id = phase_discounts.subscription_id
            and scheduled.state_number = phase_discounts.state_number
            and scheduled.price_id = phase_discounts.price_id

)

-- one row per state of a subscription, or phase to come, and item in it
select
    all_items.tenant_id,
    all_items.subscription_id,
    all_items.state_number,
    all_items.item_id,
    all_items.price_id,
    upper(coalesce(all_items.currency, billed_currencies.currency, prices.price_currency))
        as currency,
    case when prices.is_metered then 1 else coalesce(all_items.quantity, 1) end as quantity,
    all_items.created_at,
    all_items.trial_from,
    all_items.trial_to,
    all_items.discounts
from all_items
inner join prices
    on all_items.tenant_id = prices.tenant_id and all_items.price_id = prices.price_id
left join billed_currencies
    on
        all_items.tenant_id = billed_currencies.tenant_id
        and all_items.subscription_id = billed_currencies.subscription_id
