-- Law: the customers of a running period are those with a balance in the ledger, at every grain;
-- and those who go on for free, if they are kept.
with

clock as (

    select * from {{ ref('as_of') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

-- The sum mixes currencies: it is only compared with zero.
balances as (

    select
        billing_source,
        tenant_id,
        customer_id
    from {{ ref('mrr_movements') }}
    group by billing_source, tenant_id, customer_id
    having sum(amount) > 0
    {%- if option('paid_to_free') == 'contraction' %}

    union all

    select
        billing_source,
        tenant_id,
        customer_id
    from {{ ref('kept_customers') }}
    where to_date is null
    {%- endif %}

),

-- Those with a balance, less those counted: nobody is left.
entries as (

    select
        grains.grain,
        balances.billing_source,
        balances.tenant_id,
        1 as customers
    from balances
    cross join grains

    union all

    select
        periods.grain,
        periods.billing_source,
        periods.tenant_id,
        -periods.customers as customers
    from {{ ref('customer_periods') }} as periods
    cross join clock
    where
        periods.dimension = 'total'
        and periods.period_start <= clock.as_of_date
        and periods.period_end > clock.as_of_date

)

select
    grain,
    billing_source,
    tenant_id,
    sum(customers) as customers
from entries
group by grain, billing_source, tenant_id
having sum(customers) <> 0
