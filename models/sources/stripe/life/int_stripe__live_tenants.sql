{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

)

-- one row per tenant and table in which it has rows that are not of test mode: those that are count
-- only where they are alone
select distinct
    tenant_id,
    'customers' as source_table
from customers
where not is_test

union all

select distinct
    tenant_id,
    'subscriptions' as source_table
from subscriptions
where not is_test
