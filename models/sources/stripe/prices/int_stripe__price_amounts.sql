{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

told as (

    select
        *,
        told_by = 'price' as is_own
    from {{ ref('int_stripe__told_amounts') }}

)

-- one row per price and currency in which an item or a line says what one unit is, in minor units
select distinct on (tenant_id, price_id, currency)
    tenant_id,
    price_id,
    currency,
    unit_amount_minor,
    is_own
from told
order by tenant_id, price_id, currency, is_own desc, unit_amount_minor
