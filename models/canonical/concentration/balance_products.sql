with

changes as (

    select * from {{ ref('product_changes') }}

)

-- one row per slice, pair of currencies (one may be its own other) and [from_month, to_month) of
-- months at whose end the products of their balances, over all customers, have this sum
select
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    currency,
    other_currency,
    from_month,
    lead(from_month) over pair_months as to_month,
    sum(change) over pair_months as product
from changes
window pair_months as (
    partition by
        billing_source, tenant_id, dimension, dimension_value, reporting_currency, currency,
        other_currency
    order by from_month
)
