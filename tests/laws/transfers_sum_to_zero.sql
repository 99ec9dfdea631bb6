-- Law: what moves between tuples of one customer, currency and day adds up to nothing.
select
    billing_source,
    tenant_id,
    customer_id,
    currency,
    movement_date,
    sum(amount) as amount
from {{ ref('mrr_movements') }}
where movement_type = 'transfer'
group by billing_source, tenant_id, customer_id, currency, movement_date
having sum(amount) <> 0
