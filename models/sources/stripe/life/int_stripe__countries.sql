{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('stripe_customers_history'),
            {
                'customer_key': 'text',
                'tenant_id': 'text',
                'customer_id': 'text',
                'country': 'text',
                'observed_at': 'timestamptz',
            }
        ) }} as customers_history

),

-- What was captured of a customer stays when an engine drops the row.
versions as (

    select
        tenant_id,
        customer_id,
        country,
        observed_at
    from captured

    union all

    select
        customers.tenant_id,
        customers.customer_id,
        customers.country,
        customers.observed_at
    from customers
    left join captured on customers.customer_key = captured.customer_key
    where captured.customer_key is null

)

-- one row per customer and country, over [valid_from, valid_to); the engines keep the last one
select
    tenant_id,
    customer_id,
    country,
    case when row_number() over version_order = 1 then '-infinity' else observed_at end
        as valid_from,
    lead(observed_at, 1, 'infinity') over version_order as valid_to
from versions
window version_order as (partition by tenant_id, customer_id order by observed_at)
