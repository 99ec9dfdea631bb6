with

balances as (

    select * from {{ ref('standing_balances') }}
    where has_several_currencies

)

-- one row per standing balance of a customer that has several currencies
select
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    currency,
    customer_source,
    customer_tenant_id,
    customer_id,
    from_month,
    to_month,
    balance
from balances
