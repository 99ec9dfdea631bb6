{%- set cohort_date = {
    'signup': 'least(coalesce(' ~ local_date('customers.created_at', 'customers.tenant_id') ~ ', ranked.first_paid_date), '
        ~ 'ranked.first_paid_date)'
}.get(option('cohort_by'), 'ranked.first_paid_date') -%}
{%- set key = option('cohort_by').partition('attribute:')[2] -%}
{%- set attribute_value = attribute('customers', key) if key else 'null' -%}

with

movements as (

    select * from {{ ref('group_movements') }}

),

customers as (

    select * from {{ ref('group_customers') }}

),

first_spells as (

    select * from {{ ref('paying_spells') }}
    where is_whole and is_first

),

first_days as (

    select
        billing_source,
        tenant_id,
        customer_id,
        min(from_date) as first_paid_date
    from first_spells
    group by billing_source, tenant_id, customer_id

),

first_balances as (

    select
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        first_days.first_paid_date,
        movements.plan,
        movements.product,
        movements.currency,
        movements.country,
        movements.billing_interval,
        sum(movements.amount) as mrr
    from movements
    inner join first_days
        on
            movements.customer_id = first_days.customer_id
            and movements.billing_source = first_days.billing_source
            and movements.tenant_id = first_days.tenant_id
            and movements.movement_date <= first_days.first_paid_date
    group by
        movements.billing_source,
        movements.tenant_id,
        movements.customer_id,
        first_days.first_paid_date,
        movements.plan,
        movements.product,
        movements.currency,
        movements.country,
        movements.billing_interval

),

-- Where most of the money was; of equals the first by name.
ranked as (

    select
        *,
        row_number() over (
            partition by customer_id, billing_source, tenant_id
            order by mrr desc, plan, product, currency, country, billing_interval
        ) as place
    from first_balances

)

-- one row per customer that ever paid: the day that puts it into a cohort, and the dimensions of
-- its greatest MRR at the end of its first paid day
select
    ranked.billing_source,
    ranked.tenant_id,
    ranked.customer_id,
    {{ cohort_date }} as cohort_date,
    ranked.plan,
    ranked.product,
    ranked.currency,
    ranked.country,
    ranked.billing_interval,
    coalesce({{ attribute_value }}, 'unknown') as attribute_value
from ranked
inner join customers
    on
        ranked.customer_id = customers.customer_id
        and ranked.billing_source = customers.billing_source
        and ranked.tenant_id = customers.tenant_id
where ranked.place = 1
