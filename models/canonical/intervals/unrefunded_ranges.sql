{{ config(materialized = 'view') }}

with

refunded as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        service_from,
        service_to,
        max(service_to) over (
            partition by billing_source, tenant_id, subscription_id
            order by service_from, service_to
            rows between unbounded preceding and 1 preceding
        ) as refunded_until
    from {{ ref('invoice_lines') }}
    where
        kind = 'recurring'
        and subscription_id is not null
        and service_from < service_to
        and amount - discount > 0
        and refunded >= amount - discount

),

-- What lies between the refunded periods, before the first and after the last.
gaps as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        coalesce(refunded_until, '-infinity') as kept_from,
        service_from as kept_to
    from refunded

    union all

    select
        billing_source,
        tenant_id,
        subscription_id,
        max(service_to) as kept_from,
        'infinity' as kept_to
    from refunded
    group by billing_source, tenant_id, subscription_id

)

-- one row per subscription with a period refunded in full and [kept_from, kept_to) outside of such
select
    billing_source,
    tenant_id,
    subscription_id,
    kept_from,
    kept_to
from gaps
where kept_from < kept_to
