{{ config(pre_hook = without_nested_loops()) }}

with

lines as (

    select * from {{ ref('group_invoice_lines') }}
    where kind in ('recurring', 'usage', 'one_off', 'discount', 'credit')

),

cohort_customers as (

    select * from {{ ref('cohort_customers') }}

),

first_spells as (

    select * from {{ ref('paying_spells') }}
    where is_whole and is_first and reporting_currency <> 'any'

),

slices as (

    select * from {{ ref('cut_slices') }}
    where dimension in ('total', 'source', 'overall', 'segment') and reporting_currency <> 'any'

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

dimensions as (

    select * from {{ ref('cohort_dimensions') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

paid as (

    select
        lines.billing_source,
        lines.tenant_id,
        lines.customer_id,
        lines.currency,
        {{ local_date('lines.paid_at', 'lines.tenant_id') }} as paid_date,
        count(*) as lines,
        sum(lines.amount - lines.discount - lines.refunded) as amount
    from lines
    cross join clock
    where lines.paid_at <= clock.as_of
    group by
        lines.billing_source,
        lines.tenant_id,
        lines.customer_id,
        lines.currency,
        {{ local_date('lines.paid_at', 'lines.tenant_id') }}

),

-- At the rate of the day it was paid, in the cohorts that the customer is in.
of_cohorts as (

    select
        slices.billing_source,
        slices.tenant_id,
        slices.dimension as total_dimension,
        -- read where the dimension is segment only
        slices.dimension_value as segment,
        slices.reporting_currency,
        {{ period_start("'month'", 'cohort_customers.cohort_date') }} as cohort_start,
        {{ period_start("'month'", 'paid.paid_date') }} as paid_month,
        cohort_customers.plan,
        cohort_customers.product,
        cohort_customers.currency,
        cohort_customers.country,
        cohort_customers.billing_interval,
        cohort_customers.attribute_value,
        paid.lines,
        paid.amount * rates.multiplier as amount
    from paid
    inner join cohort_customers
        on
            paid.customer_id = cohort_customers.customer_id
            and paid.billing_source = cohort_customers.billing_source
            and paid.tenant_id = cohort_customers.tenant_id
    inner join rates on paid.currency = rates.currency and paid.paid_date = rates.rate_date
    inner join first_spells
        on
            paid.customer_id = first_spells.customer_id
            and paid.billing_source = first_spells.billing_source
            and paid.tenant_id = first_spells.tenant_id
            and rates.reporting_currency = first_spells.reporting_currency
    inner join slices on first_spells.cut_id = slices.cut_id

)

-- one row per month cohort, dimension, value, reporting currency and month in which it paid; what
-- was paid before the cohort began stands in its first month
select
    of_cohorts.cohort_start,
    greatest(of_cohorts.paid_month, of_cohorts.cohort_start) as period_start,
    of_cohorts.billing_source,
    of_cohorts.tenant_id,
    dimensions.dimension,
    {{ cohort_value('dimensions', 'of_cohorts') }} as dimension_value,
    of_cohorts.reporting_currency,
    sum(of_cohorts.lines)::bigint as lines,
    sum(of_cohorts.amount)::{{ reporting_money() }} as cash
from of_cohorts
inner join dimensions on of_cohorts.total_dimension = dimensions.total_dimension
group by
    of_cohorts.cohort_start,
    greatest(of_cohorts.paid_month, of_cohorts.cohort_start),
    of_cohorts.billing_source,
    of_cohorts.tenant_id,
    dimensions.dimension,
    {{ cohort_value('dimensions', 'of_cohorts') }},
    of_cohorts.reporting_currency
