with

balances as (

    select * from {{ ref('standing_balances') }}

),

-- Of balances that stand in the same months only the ten largest can be among those of a month.
placed as (

    select
        *,
        row_number() over (
            partition by
                billing_source, tenant_id, dimension, dimension_value, reporting_currency, currency,
                from_month, to_month
            order by balance desc, customer_source, customer_tenant_id, customer_id
        ) as place
    from balances

)

-- one row per balance that may be among the ten largest of a slice and currency in some month
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
from placed
where place <= 10
