{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

-- A price that was deleted lives on in what has embedded it; what matters of it never changes.
known as (

    select
        tenant_id,
        price_id,
        max(product_id) as product_id,
        max(period_unit) as period_unit,
        max(period_count) as period_count,
        max(usage_type) as usage_type,
        max(billing_scheme) as billing_scheme,
        max(divide_by) as divide_by,
        max(divide_round) as divide_round,
        bool_or(has_tax_included) as has_tax_included,
        max(nickname) as nickname,
        max(lookup_key) as lookup_key
    from {{ ref('int_stripe__embedded_prices') }}
    group by tenant_id, price_id

),

price_amounts as (

    select * from {{ ref('int_stripe__price_amounts') }}

),

own_amounts as (

    select distinct on (tenant_id, price_id) *
    from price_amounts
    order by tenant_id, price_id, is_own desc, currency

),

options as (

    select
        tenant_id,
        price_id,
        jsonb_object_agg(
            lower(currency), jsonb_build_object('unit_amount_decimal', unit_amount_minor::text)
        ) as currency_options
    from price_amounts
    group by tenant_id, price_id

),

products as (

    select * from {{ ref('stg_stripe__products') }}

)

-- one row per price, deleted ones included that an item or an invoice still names
select
    coalesce(prices.price_id, known.price_id) as price_id,
    coalesce(prices.tenant_id, known.tenant_id) as tenant_id,
    coalesce(
        nullif(prices.lookup_key, ''),
        nullif(prices.nickname, ''),
        nullif(known.lookup_key, ''),
        nullif(known.nickname, ''),
        prices.price_id,
        known.price_id
    ) as plan,
    coalesce(prices.product_id, known.product_id) as product_id,
    coalesce(products.name, prices.product_id, known.product_id, prices.price_id, known.price_id)
        as product,
    coalesce(prices.usage_type, known.usage_type, 'licensed') = 'metered' as is_metered,
    coalesce(prices.price_currency, own_amounts.currency) as price_currency,
    case
        when prices.price_id is not null then prices.unit_amount_minor
        else own_amounts.unit_amount_minor
    end as unit_amount_minor,
    coalesce(prices.period_unit, known.period_unit) as period_unit,
    coalesce(prices.period_count, known.period_count, 1) as period_count,
    coalesce(prices.billing_scheme, known.billing_scheme) as billing_scheme,
    coalesce(prices.divide_by, known.divide_by) as divide_by,
    coalesce(prices.divide_round, known.divide_round) as divide_round,
    coalesce(prices.tax_behavior = 'inclusive' or known.has_tax_included, false)
        as has_tax_included,
    -- in other currencies than its own; what landed with the price is exact
    coalesce(options.currency_options, '{}')
    || coalesce(nullif(prices.currency_options, 'null'), '{}') as currency_options
from prices
full join known on prices.tenant_id = known.tenant_id and prices.price_id = known.price_id
left join own_amounts
    on
        coalesce(prices.tenant_id, known.tenant_id) = own_amounts.tenant_id
        and coalesce(prices.price_id, known.price_id) = own_amounts.price_id
left join options
    on
        coalesce(prices.tenant_id, known.tenant_id) = options.tenant_id
        and coalesce(prices.price_id, known.price_id) = options.price_id
left join products
    on
        coalesce(prices.tenant_id, known.tenant_id) = products.tenant_id
        and coalesce(prices.product_id, known.product_id) = products.product_id
