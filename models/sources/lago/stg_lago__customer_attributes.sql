{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

customer_metadata as (

    select
        customer_id,
        key,
        value
    from {{ source('lago', 'customer_metadata') }}

)

-- one row per customer with metadata
select
    customer_id,
    jsonb_object_agg(key, value order by value) as metadata
from customer_metadata
where customer_id is not null and key is not null
group by customer_id
