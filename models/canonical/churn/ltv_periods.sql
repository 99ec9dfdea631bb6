{%- set monthly_rate = {
    'logo': 'logo_churn_rate',
    'gross_mrr': 'gross_churn_rate',
    'net_mrr': 'net_churn_rate'
}[option('ltv_churn')] -%}
{%- set margin = option('gross_margin') ~ '::numeric(28, 10)' -%}
{%- set discount_rate = option('ltv_discount_rate') ~ '::numeric(28, 10)' -%}

with

months as (

    select
        *,
        {{ ratio('closing_mrr', 'customers') }} as arpa
    from {{ ref('dimension_periods') }}
    where grain = 'month' and reporting_currency <> 'any'

),

churn as (

    select
        *,
        {{ monthly_rate }} as monthly_rate
    from {{ ref('churn_periods') }}
    where grain = 'month'

),

-- The months before, which are over; one without a rate does not count.
averaged as (

    select
        months.grain,
        months.period_start,
        months.period_end,
        months.is_complete,
        months.billing_source,
        months.tenant_id,
        months.dimension,
        months.dimension_value,
        months.reporting_currency,
        months.arpa,
        {{ ratio('sum(churn.monthly_rate)', 'count(churn.monthly_rate)') }} as churn_rate,
        count(churn.monthly_rate) as months_counted
    from months
    left join churn
        on
            months.billing_source = churn.billing_source
            and months.tenant_id = churn.tenant_id
            and months.dimension = churn.dimension
            and months.dimension_value = churn.dimension_value
            and months.reporting_currency = churn.reporting_currency
            and months.period_start > churn.period_start
            and months.period_start
            <= churn.period_start + interval '{{ option("ltv_window_months") }} months'
    group by
        months.grain,
        months.period_start,
        months.period_end,
        months.is_complete,
        months.billing_source,
        months.tenant_id,
        months.dimension,
        months.dimension_value,
        months.reporting_currency,
        months.arpa

)

-- one row per month, slice and reporting currency that had MRR or a movement in the month: what a
-- customer is worth, a margin for ever that gets less by churn and by interest
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
    arpa::numeric(28, 10) as arpa,
    {{ margin }} as gross_margin,
    churn_rate::numeric(28, 10) as churn_rate,
    months_counted,
    case
        when months_counted >= 3 and churn_rate > 0
            then
                round(
                    arpa * {{ margin }} * (12 + {{ discount_rate }})
                    / ({{ discount_rate }} + 12 * churn_rate),
                    10
                )
    end::numeric(28, 10) as ltv
from averaged
