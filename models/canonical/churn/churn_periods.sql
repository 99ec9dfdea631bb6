{%- set logo_losses = {
    'cohort_end_state': 'opening_cohorts',
    'cohort_any_exit': 'opening_cohorts',
    'stripe_30d': 'thirty_day_counts',
    'rolling_30d': 'thirty_day_counts'
}[option('churn_method')] -%}
{#- Those who could be lost; stripe_30d adds who came within its 30 days. -#}
{%- set could_be_lost = {
    'cohort_end_state': 'periods.opening_customers',
    'cohort_any_exit': 'periods.opening_customers',
    'stripe_30d': 'periods.customers + coalesce(logos.churned_customers, 0)',
    'rolling_30d':
        'periods.customers + coalesce(logos.churned_customers - logos.gained_customers, 0)'
}[option('churn_method')] -%}
{%- set won_back = 'reactivation_mrr' if option('net_includes_reactivation') == 'true' else '0' -%}

with

openings as (

    select * from {{ ref('paying_periods') }}

),

logos as (

    select * from {{ ref(logo_losses) }}

),

money as (

    select * from {{ ref('opening_cohorts') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

periods as (

    select
        openings.*,
        {{ next_period_start('openings.grain', 'openings.period_start') }} as period_end,
        clock.as_of_date
    from openings
    cross join clock

),

with_losses as (

    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.period_end <= periods.as_of_date as is_complete,
        periods.billing_source,
        periods.tenant_id,
        periods.dimension,
        periods.dimension_value,
        periods.reporting_currency,
        periods.opening_customers,
        coalesce(logos.churned_customers, 0) as churned_customers,
        coalesce(logos.voluntary_customers, 0) as voluntary_customers,
        coalesce(logos.involuntary_customers, 0) as involuntary_customers,
        {{ could_be_lost }} as logo_churn_denominator,
        periods.opening_mrr,
        coalesce(money.churned_mrr, 0) as churned_mrr,
        coalesce(money.contraction_mrr, 0) as contraction_mrr,
        coalesce(money.expansion_mrr, 0) as expansion_mrr,
        coalesce(money.reactivation_mrr, 0) as reactivation_mrr,
        coalesce(money.voluntary_mrr, 0) as voluntary_mrr,
        coalesce(money.involuntary_mrr, 0) as involuntary_mrr
    from periods
    left join logos
        on
            periods.grain = logos.grain
            and periods.period_start = logos.period_start
            and periods.billing_source = logos.billing_source
            and periods.tenant_id = logos.tenant_id
            and periods.dimension = logos.dimension
            and periods.dimension_value = logos.dimension_value
            and periods.reporting_currency = logos.reporting_currency
    left join money
        on
            periods.grain = money.grain
            and periods.period_start = money.period_start
            and periods.billing_source = money.billing_source
            and periods.tenant_id = money.tenant_id
            and periods.dimension = money.dimension
            and periods.dimension_value = money.dimension_value
            and periods.reporting_currency = money.reporting_currency

),

with_sums as (

    select
        *,
        churned_mrr + contraction_mrr as gross_churned_mrr,
        churned_mrr + contraction_mrr - expansion_mrr - {{ won_back }} as net_churned_mrr
    from with_losses

)

-- one row per grain, period, dimension, value and reporting currency with MRR or a movement
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    opening_customers,
    churned_customers,
    voluntary_customers,
    involuntary_customers,
    logo_churn_denominator,
    {{ ratio('churned_customers::numeric', 'logo_churn_denominator') }} as logo_churn_rate,
    {{ in_one_currency('opening_mrr') }}::{{ reporting_money() }} as opening_mrr,
    {{ in_one_currency('churned_mrr') }}::{{ reporting_money() }} as churned_mrr,
    {{ in_one_currency('contraction_mrr') }}::{{ reporting_money() }} as contraction_mrr,
    {{ in_one_currency('expansion_mrr') }}::{{ reporting_money() }} as expansion_mrr,
    {{ in_one_currency('reactivation_mrr') }}::{{ reporting_money() }} as reactivation_mrr,
    {{ in_one_currency('voluntary_mrr') }}::{{ reporting_money() }} as voluntary_mrr,
    {{ in_one_currency('involuntary_mrr') }}::{{ reporting_money() }} as involuntary_mrr,
    {{ in_one_currency('gross_churned_mrr') }}::{{ reporting_money() }} as gross_churned_mrr,
    {{ in_one_currency('net_churned_mrr') }}::{{ reporting_money() }} as net_churned_mrr,
    {{ in_one_currency(ratio('churned_mrr', 'opening_mrr')) }} as churned_mrr_rate,
    {{ in_one_currency(ratio('gross_churned_mrr', 'opening_mrr')) }} as gross_churn_rate,
    {{ in_one_currency(ratio('net_churned_mrr', 'opening_mrr')) }} as net_churn_rate
from with_sums
