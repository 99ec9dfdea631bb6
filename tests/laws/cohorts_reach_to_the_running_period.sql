{{ config(meta = {'parts': [
    'grain', 'cohort_start', 'billing_source', 'tenant_id', 'dimension', 'dimension_value'
]}) }}
-- Law: a cohort has every period from its first to the running one, and none beyond.
with

cohorts as (

    select
        grain,
        cohort_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        count(*) as cells,
        min(period_start) as first_start,
        max(period_start) as last_start,
        max(period_end) as last_end,
        max(period_number) as last_number
    from {{ ref('cohort_periods') }}
    group by
        grain,
        cohort_start,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency

)

select cohorts.*
from cohorts
cross join {{ ref('as_of') }} as clock
where
    cohorts.first_start <> cohorts.cohort_start
    or cohorts.cells <> cohorts.last_number + 1
    or clock.as_of_date < cohorts.last_start
    or clock.as_of_date >= cohorts.last_end
