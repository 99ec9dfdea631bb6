with

movements as (

    select * from {{ ref('group_movements') }}

),

customer_places as (

    select * from {{ ref('customer_places') }}

)

-- one row per place and kind of customer that has money there
select
    movements.billing_source,
    movements.tenant_id,
    movements.plan,
    movements.product,
    movements.currency,
    movements.country,
    movements.billing_interval,
    movements.reporting_currency,
    customer_places.has_one_place,
    customer_places.has_one_currency,
    count(*) as movements
from movements
inner join customer_places
    on
        movements.customer_id = customer_places.customer_id
        and movements.billing_source = customer_places.billing_source
        and movements.tenant_id = customer_places.tenant_id
group by
    movements.billing_source,
    movements.tenant_id,
    movements.plan,
    movements.product,
    movements.currency,
    movements.country,
    movements.billing_interval,
    movements.reporting_currency,
    customer_places.has_one_place,
    customer_places.has_one_currency
