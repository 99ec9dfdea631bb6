{%- set counts_usage = option('mrr_usage') != 'exclude' -%}
{%- set relations = ['service_intervals'] + (['usage_intervals'] if counts_usage else []) %}

-- noqa: disable=LT02
with

intervals as (
    {%- for relation in relations %}

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        item_id,
        counts_from,
        counts_to,
        status,
        plan,
        product,
        currency,
        country,
        period_unit,
        period_count,
        quantity,
        list_mrr,
        mrr,
        is_paused,
        {{ relation == 'usage_intervals' }} as is_usage,
        is_voluntary,
        recorded_at,
        source_row
    from {{ ref(relation) }}
        {%- if relation == 'service_intervals' %}
    -- metered items are worth what usage is billed, and nothing by themselves
    where charge_kind in (
        'licensed'{{ ", 'commitment'" if option('mrr_commitments') == 'include' }}
    )
        {%- endif %}
        {%- if not loop.last %}

    union all
        {%- endif %}
    {%- endfor %}

)

-- one row per item and unbroken [counts_from, counts_to) at which it counts with one amount, the
-- future included
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    counts_from,
    counts_to,
    status,
    plan,
    product,
    currency,
    country,
    case
        when period_unit = 'month' and period_count = 3 then 'quarter'
        when period_unit = 'month' and period_count = 6 then 'half_year'
        when period_count = 1 then period_unit
        else period_count || ' ' || period_unit || 's'
    end as billing_interval,
    quantity,
    list_mrr,
    mrr,
    is_paused,
    is_usage,
    is_voluntary,
    recorded_at,
    source_row
from intervals
