with

changed as (

    select * from {{ ref('changed_customers') }}
    where
        {{ is_of_everyone('tenant_id') }}
        and is_whole
        and (
            is_churned
            or (
                reporting_currency <> 'any'
                and (
                    churned_mrr <> 0
                    or contraction_mrr <> 0
                    or expansion_mrr <> 0
                    or reactivation_mrr <> 0
                )
            )
        )

),

clock as (

    select * from {{ ref('as_of') }}

)

-- one row per grain, period, customer and reporting currency that metric_churn counts in its totals
select
    changed.grain,
    changed.period_start,
    {{ next_period_start('changed.grain', 'changed.period_start') }} as period_end,
    {{ next_period_start('changed.grain', 'changed.period_start') }} <= clock.as_of_date
        as is_complete,
    changed.billing_source,
    changed.tenant_id,
    changed.customer_id,
    changed.reporting_currency,
    changed.is_churned,
    changed.is_voluntary,
    changed.is_involuntary,
    {{ in_one_currency('changed.opening_mrr') }} as opening_mrr,
    {{ in_one_currency('changed.closing_mrr') }} as closing_mrr,
    {{ in_one_currency('changed.churned_mrr') }} as churned_mrr,
    {{ in_one_currency('changed.contraction_mrr') }} as contraction_mrr,
    {{ in_one_currency('changed.expansion_mrr') }} as expansion_mrr,
    {{ in_one_currency('changed.reactivation_mrr') }} as reactivation_mrr,
    '{{ definitions_hash() }}'::text as definitions_hash
from changed
cross join clock
