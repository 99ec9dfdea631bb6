-- Law: a customer's balance at as_of is the sum of its items in force, in every tuple.
with

entries as (

    select
        billing_source,
        tenant_id,
        customer_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        amount as in_ledger,
        0 as in_force
    from {{ ref('mrr_movements') }}

    union all

    select
        items.billing_source,
        items.tenant_id,
        items.customer_id,
        items.plan,
        items.product,
        items.currency,
        items.country,
        items.billing_interval,
        0 as in_ledger,
        items.mrr as in_force
    from {{ ref('item_mrr') }} as items
    where items.to_window is null

)

select
    billing_source,
    tenant_id,
    customer_id,
    plan,
    product,
    currency,
    country,
    billing_interval,
    sum(in_ledger) as in_ledger,
    sum(in_force) as in_force
from entries
group by
    billing_source,
    tenant_id,
    customer_id,
    plan,
    product,
    currency,
    country,
    billing_interval
having sum(in_ledger) <> sum(in_force)
