with

changed as (

    select * from {{ ref('changed_customers') }}

),

slices as (

    select * from {{ ref('cut_slices') }}

),

by_cut as (

    select
        grain,
        period_start,
        cut_id,
        count(*) as changed_customers,
        count(*) filter (where is_churned) as churned_customers,
        count(*) filter (where is_voluntary) as voluntary_customers,
        count(*) filter (where is_involuntary) as involuntary_customers,
        sum(churned_mrr) as churned_mrr,
        sum(contraction_mrr) as contraction_mrr,
        sum(expansion_mrr) as expansion_mrr,
        sum(reactivation_mrr) as reactivation_mrr,
        sum(voluntary_mrr) as voluntary_mrr,
        sum(involuntary_mrr) as involuntary_mrr
    from changed
    group by grain, period_start, cut_id

)

-- one row per grain, period, slice and reporting currency with a change in the period: what
-- became of those who paid when it began
select
    by_cut.grain,
    by_cut.period_start,
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    sum(by_cut.changed_customers)::bigint as changed_customers,
    sum(by_cut.churned_customers)::bigint as churned_customers,
    sum(by_cut.voluntary_customers)::bigint as voluntary_customers,
    sum(by_cut.involuntary_customers)::bigint as involuntary_customers,
    sum(by_cut.churned_mrr)::{{ reporting_money() }} as churned_mrr,
    sum(by_cut.contraction_mrr)::{{ reporting_money() }} as contraction_mrr,
    sum(by_cut.expansion_mrr)::{{ reporting_money() }} as expansion_mrr,
    sum(by_cut.reactivation_mrr)::{{ reporting_money() }} as reactivation_mrr,
    sum(by_cut.voluntary_mrr)::{{ reporting_money() }} as voluntary_mrr,
    sum(by_cut.involuntary_mrr)::{{ reporting_money() }} as involuntary_mrr
from by_cut
inner join slices on by_cut.cut_id = slices.cut_id
group by
    by_cut.grain,
    by_cut.period_start,
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency
