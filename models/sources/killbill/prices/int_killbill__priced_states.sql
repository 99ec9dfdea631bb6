{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

rated_states as (

    select * from {{ ref('int_killbill__rated_states') }}

),

state_prices as (

    select * from {{ ref('int_killbill__state_prices') }}

),

compared as (

    select
        rated_states.*,
        state_prices.price_source,
        state_prices.currency,
        state_prices.period_unit,
        state_prices.period_count,
        state_prices.charged_amount,
        state_prices.period_unit = rated_states.catalog_unit
        and state_prices.period_count = rated_states.catalog_count
        and state_prices.currency = rated_states.account_currency as is_of_catalog_terms
    from rated_states
    inner join state_prices
        on
            rated_states.tenant_record_id = state_prices.tenant_record_id
            and rated_states.subscription_id = state_prices.subscription_id
            and rated_states.valid_from = state_prices.valid_from

),

priced as (

    select
        *,
        price_source is null as is_price_unknown,
        coalesce(charged_amount, 0) as known_amount,
        greatest(
            charged_amount, case when is_of_catalog_terms then catalog_list_amount end, 0
        )::numeric(28, 10) as amount,
        case
            when
                price_source = 'catalog'
                or (is_of_catalog_terms and charged_amount = catalog_amount::numeric(28, 10))
                then 'events'
            when price_source in ('invoiced', 'nearest') then 'invoices'
            else 'inferred'
        end as history_source
    from compared

),

-- Of one event and one price in a row.
islands as (

    select
        *,
        row_number() over event_order
        - row_number() over (
            partition by
                tenant_record_id,
                subscription_id,
                event_id,
                product_name,
                category,
                billing_period,
                currency,
                period_unit,
                period_count,
                known_amount,
                amount,
                catalog_amount,
                is_metered,
                is_price_unknown,
                history_source
            order by valid_from
        ) as island
    from priced
    window
        event_order as (
            partition by tenant_record_id, subscription_id, event_id
            order by valid_from
        )

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase, quantity and price: what
-- all units cost for a period before a discount, and the discount; nothing where no price is known
select
    tenant_record_id,
    account_record_id,
    account_id,
    bundle_id,
    subscription_id,
    plan_name,
    price_list,
    phase_name,
    phase_type,
    quantity,
    plan_changed_at,
    event_id,
    event_recorded_at,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to,
    parent_plan,
    product_name as product,
    category,
    billing_period,
    period_unit,
    period_count,
    -- ISO 4217's code for no currency: neither the account nor an item says one
    coalesce(currency, 'XXX') as currency,
    case when is_metered then 'metered' else 'licensed' end as charge_kind,
    amount,
    (amount - known_amount)::numeric(28, 10) as repeating_discount,
    catalog_amount,
    max(invoiced_amount) as invoiced_amount,
    history_source,
    is_price_unknown
from islands
group by
    tenant_record_id,
    account_record_id,
    account_id,
    bundle_id,
    subscription_id,
    plan_name,
    price_list,
    phase_name,
    phase_type,
    quantity,
    plan_changed_at,
    event_id,
    event_recorded_at,
    parent_plan,
    product_name,
    category,
    billing_period,
    period_unit,
    period_count,
    currency,
    is_metered,
    amount,
    known_amount,
    catalog_amount,
    history_source,
    is_price_unknown,
    island
