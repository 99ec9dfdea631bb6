{{ config(materialized = 'view') }}
{%- set past_due = option('mrr_past_due') -%}
{%- set grace = 'churn_after_days' in past_due -%}
{%- set from_payment = option('mrr_start_at') == 'first_payment' -%}
{%- set voids = option('refunds') == 'full_refund_voids' -%}
{%- set taxed = option('mrr_tax') == 'include' -%}
{%- set counts_paused = option('mrr_paused') == 'keep' -%}
{%- set discounts = {
    'none': '0',
    'forever': 'forever_discount',
    'recurring': 'forever_discount + repeating_discount',
    'all': 'forever_discount + repeating_discount + once_discount'
}[option('mrr_discounts')] -%}

with

intervals as (

    select
        *,
        {{ 'false' if counts_paused else "status = 'paused'" }} as is_paused
    from {{ ref('known_intervals') }}

),

customers as (

    select * from {{ ref('customers') }}

),
{%- if from_payment %}

first_payments as (

    select * from {{ ref('first_payments') }}

),
{%- endif %}
{%- if voids %}

unrefunded_ranges as (

    select * from {{ ref('unrefunded_ranges') }}

),
{%- endif %}
{%- if taxed %}

tax_rates as (

    select * from {{ ref('tax_rates') }}

),
{%- endif %}
{%- if grace %}

-- A run of past_due intervals without a gap is one debt.
neighbours as (

    select
        *,
        coalesce(
            status = 'past_due'
            and lag(status) over item = 'past_due'
            and lag(valid_to) over item = valid_from,
            false
        ) as continues
    from intervals
    window item as (partition by billing_source, tenant_id, item_id order by valid_from)

),

runs as (

    select
        *,
        count(*) filter (where not continues) over (
            partition by billing_source, tenant_id, item_id
            order by valid_from
        ) as run
    from neighbours

),

overdue as (

    select
        *,
        case
            when status = 'past_due'
                then
                    min(valid_from) over (partition by billing_source, tenant_id, item_id, run)
                    + interval '{{ option_number("mrr_past_due") | int * 24 }} hours'
        end as given_up_at
    from runs

),
{%- endif %}

counted as (

    select
        intervals.*,
        {{ 'greatest(intervals.valid_from, first_payments.first_paid_at)'
            if from_payment else 'intervals.valid_from' }} as counts_from,
        {{ 'least(intervals.valid_to, intervals.given_up_at)'
            if grace else 'intervals.valid_to' }} as counts_to
    from {{ 'overdue' if grace else 'intervals' }} as intervals
    inner join customers
        on
            intervals.billing_source = customers.billing_source
            and intervals.tenant_id = customers.tenant_id
            and intervals.customer_id = customers.customer_id
    {%- if from_payment %}
    inner join first_payments
        on
            intervals.billing_source = first_payments.billing_source
            and intervals.tenant_id = first_payments.tenant_id
            and intervals.subscription_id = first_payments.subscription_id
    {%- endif %}
    where
        intervals.status in (
            'active', 'paused'
            {{- ", 'past_due'" if past_due != 'exclude' }}
            {{- ", 'trialing'" if option('mrr_start_at') == 'subscription_start' }}
        )
        and {{ is_counted_customer('customers') }}

),

-- Cut where a refunded period or another tax rate begins or ends.
cut as (

    select
        counted.*,
        {{ 'coalesce(tax_rates.rate, 0)' if taxed else '0' }} as tax_rate,
        greatest(
            counted.counts_from
            {{- ', unrefunded_ranges.kept_from' if voids }}
            {{- ', tax_rates.taxed_from' if taxed }}
        ) as cut_from,
        least(
            coalesce(counted.counts_to, 'infinity')
            {{- ', unrefunded_ranges.kept_to' if voids }}
            {{- ', tax_rates.taxed_to' if taxed }}
        ) as cut_to
    from counted
    {%- for ranges in (['unrefunded_ranges'] if voids else []) + (['tax_rates'] if taxed else []) %}
    left join {{ ranges }}
        on
            counted.billing_source = {{ ranges }}.billing_source
            and counted.tenant_id = {{ ranges }}.tenant_id
            and counted.subscription_id = {{ ranges }}.subscription_id
    {%- endfor %}

)

-- one row per subscription item of any kind and unbroken [counts_from, counts_to) at which its
-- subscription counts and its amount is one, the future included; a paused item has 0
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    cut_from as counts_from,
    nullif(cut_to, 'infinity') as counts_to,
    charge_kind,
    status,
    plan,
    product,
    currency,
    country,
    period_unit,
    period_count,
    quantity,
    case
        when is_paused then 0
        else {{ monthly_amount('amount * (1 + tax_rate)', 'period_unit', 'period_count') }}
    end::numeric(28, 10) as list_mrr,
    case
        when is_paused then 0
        else {{ monthly_amount(
            'greatest(amount - (' ~ discounts ~ '), 0) * (1 + tax_rate)',
            'period_unit', 'period_count'
        ) }}
    end::numeric(28, 10) as mrr,
    is_paused,
    is_voluntary_cancel as is_voluntary,
    recorded_at,
    source_table || ':' || source_row_id as source_row
from cut
where cut_from < cut_to
