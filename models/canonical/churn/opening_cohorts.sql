{#- Who of those that paid when the period began counts as churned. -#}
{%- set is_churned = {
    'cohort_end_state': 'closing_mrr = 0',
    'cohort_any_exit': 'has_left',
    'stripe_30d': 'closing_mrr = 0',
    'rolling_30d': 'closing_mrr = 0'
}[option('churn_method')] -%}
{#- What each of them lost and gained: by the balances at both ends or the movements between. -#}
{%- set churned = {
    'cohort_end_state': 'case when closing_mrr = 0 then opening_mrr else 0 end',
    'movement_sum': 'churn'
}[option('revenue_churn')] -%}
{%- set voluntary = {
    'cohort_end_state': 'case when is_voluntary then churned_mrr else 0 end',
    'movement_sum': 'case when opening_mrr > 0 then voluntary_churn else 0 end'
}[option('revenue_churn')] -%}
{%- set involuntary = {
    'cohort_end_state': 'case when is_involuntary then churned_mrr else 0 end',
    'movement_sum': 'case when opening_mrr > 0 then involuntary_churn else 0 end'
}[option('revenue_churn')] -%}
{%- set contraction = {
    'cohort_end_state':
        'case when closing_mrr > 0 then greatest(opening_mrr - closing_mrr, 0) else 0 end',
    'movement_sum': 'contraction'
}[option('revenue_churn')] -%}
{%- set expansion = {
    'cohort_end_state': 'greatest(closing_mrr - opening_mrr, 0)',
    'movement_sum': 'expansion'
}[option('revenue_churn')] -%}
{#- Who came back: had paid before the period; as a movement, had left within it. -#}
{%- set reactivation = {
    'cohort_end_state':
        'case when opening_mrr = 0 and first_paid_date < period_start then closing_mrr else 0 end',
    'movement_sum': 'case when opening_mrr > 0 then reactivation else 0 end'
}[option('revenue_churn')] -%}

with

customer_days as (

    select * from {{ ref('customer_days') }}

),

slices as (

    select * from {{ ref('cut_slices') }}

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

balances as (

    select
        customer_days.*,
        grains.grain,
        {{ period_start('grains.grain', 'customer_days.movement_date') }} as period_start
    from customer_days
    cross join grains

),

-- One rate at both ends, that of the day before the period: a rate is never churn.
converted as (

    select
        balances.*,
        balances.next_date is null
        or balances.next_date >= {{ next_period_start('balances.grain', 'balances.period_start') }}
            as is_last,
        {{ multiplier('balances') }} as multiplier
    from balances
    left join rates
        on
            balances.currency <> balances.reporting_currency
            and balances.currency = rates.currency
            and balances.period_start - 1 = rates.rate_date

),

-- Only customers with a change in the period: the others keep what they have.
by_customer as (

    select
        grain,
        period_start,
        cut_id,
        min(first_paid_date) as first_paid_date,
        sum(case when is_last then balance * multiplier else 0 end) as closing_mrr,
        sum(case when is_last then balance * multiplier else 0 end) - sum(change * multiplier)
            as opening_mrr,
        bool_or(not is_paying) as has_left,
        sum(churn * multiplier) as churn,
        sum(voluntary_churn * multiplier) as voluntary_churn,
        sum(involuntary_churn * multiplier) as involuntary_churn,
        sum(contraction * multiplier) as contraction,
        sum(expansion * multiplier) as expansion,
        sum(reactivation * multiplier) as reactivation,
        max(case when churn > 0 then movement_date end) as last_churn,
        max(case when voluntary_churn > 0 then movement_date end) as last_voluntary,
        max(case when involuntary_churn > 0 then movement_date end) as last_involuntary
    from converted
    group by
        customer_id,
        billing_source,
        tenant_id,
        cut_id,
        grain,
        period_start

),

judged as (

    select
        *,
        {{ is_churned }} and opening_mrr > 0 as is_churned,
        case when opening_mrr > 0 then {{ churned }} else 0 end as churned_mrr,
        case when opening_mrr > 0 then {{ contraction }} else 0 end as contraction_mrr,
        case when opening_mrr > 0 then {{ expansion }} else 0 end as expansion_mrr,
        {{ reactivation }} as reactivation_mrr,
        -- by the last churn in the period; where the engine does not know, neither is true
        last_involuntary = last_churn as is_involuntary,
        last_voluntary = last_churn and coalesce(last_involuntary < last_churn, true)
            as is_voluntary
    from by_customer

),

by_cut as (

    select
        grain,
        period_start,
        cut_id,
        count(*) as changed_customers,
        count(*) filter (where is_churned) as churned_customers,
        count(*) filter (where is_churned and is_voluntary) as voluntary_customers,
        count(*) filter (where is_churned and is_involuntary) as involuntary_customers,
        sum(churned_mrr) as churned_mrr,
        sum(contraction_mrr) as contraction_mrr,
        sum(expansion_mrr) as expansion_mrr,
        sum(reactivation_mrr) as reactivation_mrr,
        sum({{ voluntary }}) as voluntary_mrr,
        sum({{ involuntary }}) as involuntary_mrr
    from judged
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
