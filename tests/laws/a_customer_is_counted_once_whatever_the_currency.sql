{{ config(meta = {'parts': ['grain', 'period_start']}) }}
-- Law: whatever the currency there are no more customers than in all currencies together, and no
-- fewer than in one of them.
with

periods as (

    select * from {{ ref('paying_periods') }}

)

select
    grain,
    period_start,
    billing_source,
    tenant_id,
    dimension,
    dimension_value
from periods
group by grain, period_start, billing_source, tenant_id, dimension, dimension_value
having
    max(case when reporting_currency = 'any' then customers end)
    not between max(case when reporting_currency <> 'any' then customers else 0 end)
    and sum(case when reporting_currency <> 'any' then customers else 0 end)
