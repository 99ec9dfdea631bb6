-- Law: every customer who ever paid is in one cohort of each grain, and nobody else is.
with

cohort_grains as (

    select grain
    from {{ period_grains() }} as grains
    where grain = 'month' or grain in ({{ option_list('cohort_grains') }})

),

-- Those who came for the first time, less those in cohorts: nobody is left.
entries as (

    select
        cohort_grains.grain,
        counts.billing_source,
        counts.tenant_id,
        counts.dimension,
        counts.reporting_currency,
        counts.new_customers as customers
    from {{ ref('customer_counts') }} as counts
    cross join cohort_grains
    where counts.dimension in ('total', 'source', 'overall')

    union all

    select
        grain,
        billing_source,
        tenant_id,
        dimension,
        reporting_currency,
        -cohort_customers as customers
    from {{ ref('cohort_periods') }}
    where dimension in ('total', 'source', 'overall') and period_number = 0

)

select
    grain,
    billing_source,
    tenant_id,
    dimension,
    reporting_currency,
    sum(customers) as customers
from entries
group by grain, billing_source, tenant_id, dimension, reporting_currency
having sum(customers) <> 0
