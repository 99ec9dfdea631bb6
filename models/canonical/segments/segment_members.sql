with

conditions as (

    select * from {{ source('inputs', 'segments') }}

),

customers as (

    select * from {{ ref('customers') }} as counted
    where {{ is_counted_customer('counted') }}

),

movements as (

    select * from {{ ref('mrr_movements') }}

),

balances as (

    select
        billing_source,
        tenant_id,
        customer_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        sum(amount) > 0 as is_held,
        max(movement_date) as last_date
    from movements
    group by
        customer_id, billing_source, tenant_id, plan, product, currency, country, billing_interval

),

-- Where a customer's money is, or was to the last.
ranked as (

    select
        *,
        is_held or (
            not bool_or(is_held) over customer
            and last_date = max(last_date) over customer
        ) as is_last
    from balances
    window customer as (partition by customer_id, billing_source, tenant_id)

),

places as (

    select
        billing_source,
        tenant_id,
        customer_id,
        array_agg(distinct plan) as held_plans,
        array_agg(distinct product) as held_products,
        array_agg(distinct currency) as held_currencies,
        array_agg(distinct country) as held_countries,
        array_agg(distinct billing_interval) as held_intervals
    from ranked
    where is_last
    group by customer_id, billing_source, tenant_id

),

-- What each condition looks at: all that a customer has of it.
asked as (

    select
        customers.billing_source,
        customers.tenant_id,
        customers.customer_id,
        conditions.segment,
        conditions.clause,
        conditions.operator,
        conditions.operands,
        conditions.is_negated,
        case conditions.field
            when 'plan' then places.held_plans
            when 'product' then places.held_products
            when 'currency' then coalesce(places.held_currencies, array[customers.currency])
            when 'country' then coalesce(places.held_countries, array[customers.country])
            when 'billing_interval' then places.held_intervals
            when 'source' then array[customers.billing_source]
            when 'tenant' then array[customers.tenant_id]
            else array[customers.attributes ->> substr(conditions.field, length('attribute.') + 1)]
        end as found
    from customers
    cross join conditions
    left join places
        on
            customers.customer_id = places.customer_id
            and customers.billing_source = places.billing_source
            and customers.tenant_id = places.tenant_id

),

answered as (

    select
        billing_source,
        tenant_id,
        customer_id,
        segment,
        clause,
        is_negated <> {{ holds('found', 'operator', 'operands') }} as is_true
    from asked

),

clauses as (

    select
        billing_source,
        tenant_id,
        customer_id,
        segment
    from answered
    group by customer_id, billing_source, tenant_id, segment, clause
    having bool_and(is_true)

)

-- one row per segment and customer that is in it, by what is known of the customer now: all
-- conditions of one of the segment's clauses hold
select distinct
    billing_source,
    tenant_id,
    customer_id,
    segment
from clauses
