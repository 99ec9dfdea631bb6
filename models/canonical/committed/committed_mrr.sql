with

amounts as (

    select
        *,
        case
            when is_trial then 'trial'
            when not counts_then then 'cancellation'
            when mrr_then > mrr_now then 'increase'
            else 'decrease'
        end as change
    from {{ ref('committed_amounts') }}

),

summed as (

    select
        horizon_days,
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        sum(mrr_now) as mrr,
        sum(case when change = 'increase' then mrr_then - mrr_now else 0 end) as scheduled_increase,
        sum(case when change = 'decrease' then mrr_now - mrr_then else 0 end) as scheduled_decrease,
        sum(case when change = 'cancellation' then mrr_now else 0 end) as scheduled_cancellations,
        sum(case when change = 'trial' then mrr_then else 0 end) as trial_mrr
    from amounts
    where mrr_now <> 0 or mrr_then <> 0
    group by
        horizon_days, billing_source, tenant_id, dimension, dimension_value, reporting_currency

)

-- one row per horizon, slice and reporting currency with MRR now or then
select
    summed.horizon_days,
    summed.billing_source,
    summed.tenant_id,
    summed.dimension,
    summed.dimension_value,
    summed.reporting_currency,
    summed.mrr::{{ reporting_money() }} as mrr,
    summed.scheduled_increase::{{ reporting_money() }} as scheduled_increase,
    summed.scheduled_decrease::{{ reporting_money() }} as scheduled_decrease,
    summed.scheduled_cancellations::{{ reporting_money() }} as scheduled_cancellations,
    (
        summed.mrr
        + summed.scheduled_increase
        - summed.scheduled_decrease
        - summed.scheduled_cancellations
    )::{{ reporting_money() }} as committed_mrr,
    summed.trial_mrr::{{ reporting_money() }} as trial_mrr
from summed
