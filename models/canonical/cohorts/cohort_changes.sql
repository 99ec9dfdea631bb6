with

spells_begun as (

    select * from {{ ref('paying_spells') }}
    where is_whole

),

spells_ended as (

    select * from {{ ref('paying_spells') }}
    where is_whole and to_date is not null

),

customer_days as (

    select * from {{ ref('customer_days') }}
    where is_whole

),

slices as (

    select * from {{ ref('cut_slices') }}
    where dimension in ('total', 'source', 'overall', 'segment')

),

cohort_customers as (

    select * from {{ ref('cohort_customers') }}

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

dimensions as (

    select * from {{ ref('cohort_dimensions') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

changes as (

    select
        billing_source,
        tenant_id,
        customer_id,
        cut_id,
        reporting_currency,
        reporting_currency as currency,
        from_date as movement_date,
        case when is_first then 1 else 0 end as joined_customers,
        1 as customers,
        0 as mrr
    from spells_begun

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        cut_id,
        reporting_currency,
        reporting_currency as currency,
        to_date as movement_date,
        0 as joined_customers,
        -1 as customers,
        0 as mrr
    from spells_ended

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        cut_id,
        reporting_currency,
        currency,
        movement_date,
        0 as joined_customers,
        0 as customers,
        change as mrr
    from customer_days

),

of_cohorts as (

    select
        grains.grain,
        {{ period_start('grains.grain', 'cohort_customers.cohort_date') }} as cohort_start,
        {{ period_start('grains.grain', 'changes.movement_date') }} as period_start,
        changes.cut_id,
        changes.currency as amount_currency,
        cohort_customers.plan,
        cohort_customers.product,
        cohort_customers.currency,
        cohort_customers.country,
        cohort_customers.billing_interval,
        cohort_customers.attribute_value,
        count(*) as changes,
        sum(changes.joined_customers) as joined_customers,
        sum(changes.customers) as customers,
        sum(changes.mrr) as mrr
    from changes
    inner join cohort_customers
        on
            changes.customer_id = cohort_customers.customer_id
            and changes.billing_source = cohort_customers.billing_source
            and changes.tenant_id = cohort_customers.tenant_id
    cross join grains
    where grains.grain = 'month' or grains.grain in ({{ option_list('cohort_grains') }})
    group by
        grains.grain,
        {{ period_start('grains.grain', 'cohort_customers.cohort_date') }},
        {{ period_start('grains.grain', 'changes.movement_date') }},
        changes.cut_id,
        changes.currency,
        cohort_customers.plan,
        cohort_customers.product,
        cohort_customers.currency,
        cohort_customers.country,
        cohort_customers.billing_interval,
        cohort_customers.attribute_value

),

sliced as (

    select
        of_cohorts.*,
        slices.billing_source,
        slices.tenant_id,
        slices.dimension as total_dimension,
        -- read where the dimension is segment only
        slices.dimension_value as segment,
        slices.reporting_currency
    from of_cohorts
    inner join slices on of_cohorts.cut_id = slices.cut_id

)

-- one row per cohort, dimension, value, reporting currency and period with a change: customers who
-- joined, customers who pay more or less, and MRR at the rate of the day before the cohort began
select
    sliced.grain,
    sliced.cohort_start,
    sliced.period_start,
    sliced.billing_source,
    sliced.tenant_id,
    dimensions.dimension,
    {{ cohort_value('dimensions', 'sliced') }} as dimension_value,
    sliced.reporting_currency,
    sum(sliced.changes)::bigint as changes,
    sum(sliced.joined_customers)::bigint as joined_customers,
    sum(sliced.customers)::bigint as customers,
    sum(
        sliced.mrr * {{ multiplier('sliced', currency='amount_currency') }}
    )::{{ reporting_money() }} as mrr
from sliced
inner join dimensions on sliced.total_dimension = dimensions.total_dimension
left join rates
    on
        sliced.amount_currency <> sliced.reporting_currency
        and sliced.amount_currency = rates.currency
        and sliced.cohort_start - 1 = rates.rate_date
group by
    sliced.grain,
    sliced.cohort_start,
    sliced.period_start,
    sliced.billing_source,
    sliced.tenant_id,
    dimensions.dimension,
    {{ cohort_value('dimensions', 'sliced') }},
    sliced.reporting_currency
