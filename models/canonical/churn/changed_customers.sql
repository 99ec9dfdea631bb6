{{ config(materialized = 'view') }}
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
        billing_source,
        tenant_id,
        customer_id,
        cut_id,
        bool_and(is_whole) as is_whole,
        min(reporting_currency) as reporting_currency,
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

)

-- one row per grain, period, customer and cut with a change in the period: what the customer paid
-- when it began, and what became of that
select
    grain,
    period_start,
    billing_source,
    tenant_id,
    customer_id,
    cut_id,
    is_whole,
    reporting_currency,
    opening_mrr::{{ reporting_money() }} as opening_mrr,
    closing_mrr::{{ reporting_money() }} as closing_mrr,
    is_churned,
    coalesce(is_churned and is_voluntary, false) as is_voluntary,
    coalesce(is_churned and is_involuntary, false) as is_involuntary,
    churned_mrr::{{ reporting_money() }} as churned_mrr,
    contraction_mrr::{{ reporting_money() }} as contraction_mrr,
    expansion_mrr::{{ reporting_money() }} as expansion_mrr,
    reactivation_mrr::{{ reporting_money() }} as reactivation_mrr,
    ({{ voluntary }})::{{ reporting_money() }} as voluntary_mrr,
    ({{ involuntary }})::{{ reporting_money() }} as involuntary_mrr
from judged
