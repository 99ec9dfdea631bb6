-- Law: a day of churn takes all that a customer had, no more and no less; no other day does.
with

customer_days as (

    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        bool_or(movement_type = 'churn') as has_churn,
        sum(amount) as net_change
    from {{ ref('mrr_movements') }}
    group by billing_source, tenant_id, customer_id, movement_date

),

-- The sum mixes currencies: it is only compared with zero.
balances as (

    select
        *,
        sum(net_change) over (
            partition by billing_source, tenant_id, customer_id
            order by movement_date
            rows unbounded preceding
        ) as balance
    from customer_days

)

select *
from balances
where balance < 0 or has_churn <> (balance = 0)
