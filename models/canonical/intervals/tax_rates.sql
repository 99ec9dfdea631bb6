{{ config(materialized = 'view') }}

with

billed as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        service_from,
        round(sum(tax) / sum(amount - discount), 10) as rate
    from {{ ref('invoice_lines') }}
    where
        kind = 'recurring'
        and subscription_id is not null
        and service_from is not null
        and amount - discount > 0
    group by billing_source, tenant_id, subscription_id, service_from

)

-- one row per subscription and [taxed_from, taxed_to) in which its charges bear one tax rate; the
-- first rate holds before it too
select
    billing_source,
    tenant_id,
    subscription_id,
    case
        when lag(service_from) over subscription is null then '-infinity'
        else service_from
    end as taxed_from,
    coalesce(lead(service_from) over subscription, 'infinity') as taxed_to,
    rate
from billed
window subscription as (
    partition by billing_source, tenant_id, subscription_id
    order by service_from
)
