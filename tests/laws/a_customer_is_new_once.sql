-- Law: a customer is new on one day at most, the day of its first movement.
with

firsts as (

    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        movement_type,
        min(movement_date) over (
            partition by billing_source, tenant_id, customer_id
        ) as first_date
    from {{ ref('mrr_movements') }}

)

select *
from firsts
where (movement_type = 'new') <> (movement_date = first_date)
