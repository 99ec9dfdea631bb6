{{ config(materialized = 'view') }}
{%- set usage = option('mrr_usage') -%}
{%- set taxed = option('mrr_tax') == 'include' %}

with

services as (

    select * from {{ ref('service_intervals') }}

),

customers as (

    select * from {{ ref('customers') }}

),

lines as (

    select
        *,
        coalesce(plan, 'unknown') as known_plan
    from {{ ref('invoice_lines') }}
    where
        kind = 'usage'
        and subscription_id is not null
        and service_from < service_to
        and period_count >= 1
        and period_unit in ('day', 'week', 'month', 'year')

),

-- The time a subscription counts at all; usage counts in it only.
spans as (

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        min(counts_from) as spans_from,
        max(coalesce(counts_to, 'infinity')) as spans_to
    from services
    group by billing_source, tenant_id, customer_id, subscription_id

),

billed_by_period as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        known_plan as plan,
        currency,
        service_to,
        period_unit,
        period_count,
        min(service_from) as service_from,
        {{ monthly_amount('sum(amount - discount)', 'period_unit', 'period_count') }} as monthly,
        min(invoiced_at) as recorded_at,
        min(source_table || ':' || source_row_id) as source_row
    from lines
    group by
        billing_source,
        tenant_id,
        subscription_id,
        known_plan,
        currency,
        service_to,
        period_unit,
        period_count

),

-- Charges of several periods that end together are one amount a month, billed as the longest.
billed as (

    select
        billing_source,
        tenant_id,
        subscription_id,
        plan,
        currency,
        service_to,
        min(service_from) as service_from,
        (array_agg(
            period_unit
            order by {{ monthly_amount('1', 'period_unit', 'period_count') }}
        ))[1] as period_unit,
        (array_agg(
            period_count
            order by {{ monthly_amount('1', 'period_unit', 'period_count') }}
        ))[1] as period_count,
        sum(monthly) as monthly,
        min(recorded_at) as recorded_at,
        min(source_row) as source_row
    from billed_by_period
    group by billing_source, tenant_id, subscription_id, plan, currency, service_to

),

-- Used up to service_to, it counts from then until the next is known, or twice its time has passed.
valued as (

    select
        *,
        {% if 'trailing' in usage -%}
        round(
            avg(monthly) over (
                partition by billing_source, tenant_id, subscription_id, plan, currency
                order by service_to
                rows between {{ option_number('mrr_usage') | int - 1 }} preceding and current row
            ), 10
        )
        {%- else -%}
        monthly
        {%- endif %} as mrr,
        least(
            lead(service_to) over (
                partition by billing_source, tenant_id, subscription_id, plan, currency
                order by service_to
            ),
            service_to + 2 * (service_to - service_from)
        ) as holds_to
    from billed

),

-- Clipped to the subscription's span, and cut where another tax rate begins.
clipped as (

    select
        valued.*,
        spans.customer_id,
        {{ '1 + coalesce(tax_rates.rate, 0)' if taxed else '1' }} as tax_factor,
        greatest(
            valued.service_to, spans.spans_from{{ ', tax_rates.taxed_from' if taxed }}
        ) as counts_from,
        least(
            valued.holds_to, spans.spans_to{{ ', tax_rates.taxed_to' if taxed }}
        ) as counts_to
    from valued
    inner join spans
        on
            valued.billing_source = spans.billing_source
            and valued.tenant_id = spans.tenant_id
            and valued.subscription_id = spans.subscription_id
    {%- if taxed %}
    left join {{ ref('tax_rates') }} as tax_rates
        on
            valued.billing_source = tax_rates.billing_source
            and valued.tenant_id = tax_rates.tenant_id
            and valued.subscription_id = tax_rates.subscription_id
    {%- endif %}

)

-- one row per subscription, plan, currency and [counts_from, counts_to) at which usage billed
-- counts with one amount
select
    clipped.billing_source,
    clipped.tenant_id,
    clipped.customer_id,
    clipped.subscription_id,
    clipped.subscription_id || ':usage:' || clipped.plan || ':' || clipped.currency as item_id,
    clipped.counts_from,
    nullif(clipped.counts_to, 'infinity') as counts_to,
    'active' as status,
    clipped.plan,
    {{ "'usage'" if usage == 'component' else 'clipped.plan' }} as product,
    clipped.currency,
    coalesce(customers.country, 'unknown') as country,
    clipped.period_unit,
    clipped.period_count,
    1::numeric(28, 10) as quantity,
    round(greatest(clipped.mrr, 0) * clipped.tax_factor, 10)::numeric(28, 10) as list_mrr,
    round(greatest(clipped.mrr, 0) * clipped.tax_factor, 10)::numeric(28, 10) as mrr,
    false as is_paused,
    null::boolean as is_voluntary,
    clipped.recorded_at,
    clipped.source_row
from clipped
inner join customers
    on
        clipped.billing_source = customers.billing_source
        and clipped.tenant_id = customers.tenant_id
        and clipped.customer_id = customers.customer_id
where clipped.counts_from < clipped.counts_to
