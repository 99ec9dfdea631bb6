{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('lago_customers_history'),
            {'customer_id': 'uuid', 'country': 'text', 'observed_at': 'timestamptz'}
        ) }} as customers_history

),

versions as (

    select
        customer_id,
        country,
        case
            when row_number() over version_order = 1 then '-infinity' else observed_at
        end as valid_from,
        lead(observed_at, 1, 'infinity') over version_order as valid_to
    from captured
    window version_order as (partition by customer_id order by observed_at)

)

-- one row per customer and country, over [valid_from, valid_to); Lago itself keeps the last one
select
    customers.customer_id,
    case
        when versions.customer_id is null then customers.country else versions.country
    end as country,
    coalesce(versions.valid_from, '-infinity') as valid_from,
    coalesce(versions.valid_to, 'infinity') as valid_to
from customers
left join versions on customers.customer_id = versions.customer_id
