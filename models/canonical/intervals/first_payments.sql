{{ config(materialized = 'view') }}

with

lines as (

    select * from {{ ref('invoice_lines') }}

)

-- one row per subscription that was ever paid for: when its first recurring charge above zero was
select
    billing_source,
    tenant_id,
    subscription_id,
    min(paid_at) as first_paid_at
from lines
where
    kind = 'recurring'
    and subscription_id is not null
    and paid_at is not null
    and amount - discount > 0
group by billing_source, tenant_id, subscription_id
