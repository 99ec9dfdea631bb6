{%- set keeps_start_rate = option('fx_mode') == 'at_start' %}
{%- set steps = [
    'new', 'expansion', 'contraction', 'churn', 'reactivation', 'discount', 'transfer'
] %}

with

steps as (

    select * from {{ ref('mrr_steps') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

balanced as (

    select
        *,
        sum(native_change) over tuple as native_mrr,
        sum(change) over tuple as moved_mrr,
        lead(period_start) over tuple as next_change
    from steps
    window tuple as (
        partition by
            grain, billing_source, tenant_id, plan, product, currency, country, billing_interval
        order by period_start
        rows unbounded preceding
    )

),

-- Periods without a movement, between one change and the next, or today.
quiet as (

    select
        balanced.*,
        periods.period_start as quiet_start
    from balanced
    cross join clock
    cross join
        {{ periods_between(
            'balanced.grain', 'balanced.period_start',
            "coalesce(balanced.next_change, clock.as_of_date + 1)"
        ) }} as periods
    where balanced.native_mrr <> 0

),

periods as (

    select
        grain,
        period_start,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        {%- for step in steps %}
        {{ step }}_mrr,
        {%- endfor %}
        change,
        native_mrr - native_change as native_opening,
        native_mrr,
        moved_mrr
    from balanced

    union all

    select
        grain,
        quiet_start as period_start,
        billing_source,
        tenant_id,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        {%- for step in steps %}
        0 as {{ step }}_mrr,
        {%- endfor %}
        0 as change,
        native_mrr as native_opening,
        native_mrr,
        moved_mrr
    from quiet

),

{% if keeps_start_rate -%}
-- Every customer's amounts keep the rate they began with: a balance is the sum of its movements.
valued as (

    select
        *,
        moved_mrr - change as opening_mrr,
        moved_mrr as closing_mrr
    from periods

)
{%- else -%}
-- A balance is worth what the rate of its day says.
valued as (

    select
        periods.*,
        periods.native_opening * opening_rates.multiplier as opening_mrr,
        periods.native_mrr * closing_rates.multiplier as closing_mrr
    from periods
    cross join clock
    inner join exchange_rates as opening_rates
        on
            periods.currency = opening_rates.currency
            and opening_rates.rate_date = periods.period_start - 1
    inner join exchange_rates as closing_rates
        on
            periods.currency = closing_rates.currency
            and closing_rates.rate_date = least(
                {{ next_period_start('periods.grain', 'periods.period_start') }} - 1,
                clock.as_of_date
            )

)
{%- endif %}

-- one row per grain, period and dimension tuple that had MRR or a movement in the period; amounts
-- in the reporting currency
select
    valued.grain,
    valued.period_start,
    {{ next_period_start('valued.grain', 'valued.period_start') }} as period_end,
    {{ next_period_start('valued.grain', 'valued.period_start') }} <= clock.as_of_date
        as is_complete,
    valued.billing_source,
    valued.tenant_id,
    valued.plan,
    valued.product,
    valued.currency,
    valued.country,
    valued.billing_interval,
    valued.reporting_currency,
    valued.opening_mrr::{{ reporting_money() }} as opening_mrr,
    valued.new_mrr::{{ reporting_money() }} as new_mrr,
    valued.expansion_mrr::{{ reporting_money() }} as expansion_mrr,
    valued.contraction_mrr::{{ reporting_money() }} as contraction_mrr,
    valued.churn_mrr::{{ reporting_money() }} as churn_mrr,
    valued.reactivation_mrr::{{ reporting_money() }} as reactivation_mrr,
    valued.discount_mrr::{{ reporting_money() }} as discount_mrr,
    valued.transfer_mrr::{{ reporting_money() }} as transfer_mrr,
    (valued.closing_mrr - valued.opening_mrr - valued.change)::{{ reporting_money() }} as fx_mrr,
    valued.closing_mrr::{{ reporting_money() }} as closing_mrr,
    valued.native_mrr::numeric(28, 10) as native_mrr
from valued
cross join clock
