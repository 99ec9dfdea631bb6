{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

catalogs as (

    select * from {{ ref('int_killbill__catalogs') }}
    where problem is null

),

products as (

    select distinct on (catalog_hash, product)
        catalog_hash,
        product,
        nullif(category, '') as category
    from {{ killbill_catalog_products(ref('stg_killbill__catalogs')) }} as products
    order by catalog_hash, product, place

),

-- A name counts once: Kill Bill takes the first.
phases as (

    select distinct on (catalog_hash, plan_name, phase_number)
        catalog_hash,
        plan_name,
        nullif(product, '') as product,
        nullif(billing_mode, '') as billing_mode,
        {{ killbill_xml_instant('existing_effective_at') }} as existing_effective_at,
        phase_number,
        upper(phase_type) as phase_type,
        upper(nullif(duration_unit, '')) as duration_unit,
        {{ killbill_xml_number('duration_number') }} as duration_number,
        upper(nullif(billing_period, '')) as billing_period,
        has_recurring,
        has_fixed,
        has_usage
    from {{ killbill_catalog_phases(ref('stg_killbill__catalogs')) }} as phases
    where plan_name <> '' and phase_type <> ''
    order by catalog_hash, plan_name, phase_number, place

),

recurring_prices as (

    select distinct on (catalog_hash, plan_name, phase_number, currency)
        catalog_hash,
        plan_name,
        phase_number,
        upper(currency) as currency,
        {{ killbill_xml_number('price') }} as price
    from {{ killbill_catalog_amounts(ref('stg_killbill__catalogs'), 'recurring') }} as prices
    where currency <> ''
    order by catalog_hash, plan_name, phase_number, currency, place

),

fixed_prices as (

    select distinct on (catalog_hash, plan_name, phase_number, currency)
        catalog_hash,
        plan_name,
        phase_number,
        upper(currency) as currency,
        {{ killbill_xml_number('price') }} as price
    from {{ killbill_catalog_amounts(ref('stg_killbill__catalogs'), 'fixed') }} as prices
    where currency <> ''
    order by catalog_hash, plan_name, phase_number, currency, place

),

-- The currencies that a phase names, and one that stands for all others.
named as (

    select
        catalog_hash,
        plan_name,
        phase_number,
        currency
    from recurring_prices

    union

    select
        catalog_hash,
        plan_name,
        phase_number,
        currency
    from fixed_prices

    union

    select
        catalog_hash,
        plan_name,
        phase_number,
        '*' as currency
    from phases

),

-- A price element that names no currency is nothing in all of them.
priced as (

    select
        phases.*,
        named.currency,
        case
            when not phases.has_recurring then null
            when bool_or(recurring_prices.currency is not null) over phase
                then recurring_prices.price
            else 0
        end as recurring_price,
        case
            when not phases.has_fixed then null
            when bool_or(fixed_prices.currency is not null) over phase then fixed_prices.price
            else 0
        end as fixed_price
    from phases
    inner join named
        on
            phases.catalog_hash = named.catalog_hash
            and phases.plan_name = named.plan_name
            and phases.phase_number = named.phase_number
    left join recurring_prices
        on
            named.catalog_hash = recurring_prices.catalog_hash
            and named.plan_name = recurring_prices.plan_name
            and named.phase_number = recurring_prices.phase_number
            and named.currency = recurring_prices.currency
    left join fixed_prices
        on
            named.catalog_hash = fixed_prices.catalog_hash
            and named.plan_name = fixed_prices.plan_name
            and named.phase_number = fixed_prices.phase_number
            and named.currency = fixed_prices.currency
    window phase as (partition by phases.catalog_hash, phases.plan_name, phases.phase_number)

)

-- one row per version of a tenant's catalog, plan, phase and currency, and one of the currency *
-- for those that the phase does not name
select
    catalogs.tenant_record_id,
    catalogs.catalog_record_id,
    catalogs.catalog_hash,
    catalogs.version_number,
    catalogs.effective_at as catalog_effective_at,
    priced.plan_name,
    priced.product as product_name,
    products.category,
    coalesce(priced.billing_mode, catalogs.billing_mode) as billing_mode,
    priced.existing_effective_at,
    priced.phase_number,
    priced.phase_type,
    priced.plan_name || '-' || lower(priced.phase_type) as phase_name,
    priced.duration_unit,
    case when priced.duration_number < 100000 then priced.duration_number::integer end
        as duration_number,
    case when priced.has_recurring then nullif(priced.billing_period, 'NO_BILLING_PERIOD') end
        as billing_period,
    priced.has_usage,
    priced.currency,
    priced.recurring_price,
    priced.fixed_price
from priced
inner join catalogs on priced.catalog_hash = catalogs.catalog_hash
left join products
    on priced.catalog_hash = products.catalog_hash and priced.product = products.product
