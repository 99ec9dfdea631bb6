{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

prices as (

    select
        source_rows.tenant_id,
        source_rows.doc as price,
        null::jsonb as plan,
        1 as preference
    from {{ stripe_rows('prices') }} as source_rows

),

plans as (

    select
        source_rows.tenant_id,
        null::jsonb as price,
        source_rows.doc as plan,
        2 as preference
    from {{ stripe_rows('plans') }} as source_rows

),

both_kinds as (

    select * from prices

    union all

    select * from plans

),

stated as (

    select
        tenant_id,
        preference,
        price -> 'currency_options' as currency_options,
        {{ stripe_price('price', 'plan') }}
    from both_kinds

)

-- one row per price that was not deleted; a plan is the older form of one
select distinct on (tenant_id, price_id)
    price_id,
    tenant_id,
    product_id,
    price_currency,
    unit_amount_minor,
    period_unit,
    period_count,
    usage_type,
    billing_scheme,
    divide_by,
    divide_round,
    tax_behavior,
    nickname,
    lookup_key,
    currency_options
from stated
where price_id is not null
order by tenant_id, price_id, preference
