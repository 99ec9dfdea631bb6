{%- set converts = option('reporting_currency') -%}
{%- set keeps_start_rate = option('fx_mode') == 'at_start' -%}

with

transitions as (

    select
        *,
        {{ movement_level('plan') }} as level_id,
        {{ movement_level('old_plan') }} as old_level_id,
        {{ window_date('movement_window') }} as movement_date
    from {{ ref('item_transitions') }}

),
{%- if converts %}

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),
{%- endif %}
{%- if keeps_start_rate %}

start_rates as (

    select * from {{ ref('start_rates') }}

),
{%- endif %}

-- What amounts are multiplied with to be comparable: by nothing, where each currency is for itself.
rated as (

    select
        transitions.*,
        {%- if converts %}
        new_rates.reporting_currency,
        old_rates.reporting_currency as old_reporting_currency,
        {%- if keeps_start_rate %}
        new_start_rates.multiplier as fx_rate,
        old_start_rates.multiplier as old_fx_rate
        {%- else %}
        new_rates.multiplier as fx_rate,
        old_rates.multiplier as old_fx_rate
        {%- endif %}
        {%- else %}
        transitions.currency as reporting_currency,
        transitions.old_currency as old_reporting_currency,
        1::numeric as fx_rate,
        1::numeric as old_fx_rate
        {%- endif %}
    from transitions
    {%- if converts %}
        {%- for side, prefix in [('new', ''), ('old', 'old_')] %}
    left join exchange_rates as {{ side }}_rates
        on
            transitions.{{ prefix }}currency = {{ side }}_rates.currency
            and transitions.movement_date = {{ side }}_rates.rate_date
            {%- if keeps_start_rate %}
    left join start_rates as {{ side }}_start_rates
        on
            transitions.billing_source = {{ side }}_start_rates.billing_source
            and transitions.tenant_id = {{ side }}_start_rates.tenant_id
            and transitions.customer_id = {{ side }}_start_rates.customer_id
            and transitions.{{ prefix }}level_id = {{ side }}_start_rates.level_id
            and transitions.{{ prefix }}currency = {{ side }}_start_rates.currency
            and transitions.movement_window = {{ side }}_start_rates.movement_window
            {%- endif %}
        {%- endfor %}
    {%- endif %}

),

described as (

    select
        *,
        old_mrr is null or mrr is null as is_begin_or_end,
        coalesce(is_paused <> was_paused, false) as is_pause_change,
        coalesce(currency <> old_currency, false) as is_currency_change,
        coalesce(plan <> old_plan or billing_interval <> old_billing_interval, false)
            as is_plan_change,
        (
            (plan, product, currency, country, billing_interval)
            is distinct from
            (old_plan, old_product, old_currency, old_country, old_billing_interval)
        ) as is_tuple_change,
        -- Whether before and after have a common part. Nothing has none with anything, and
        -- another currency has one only where both are converted.
        coalesce(
            old_mrr > 0 and mrr > 0
            and reporting_currency = old_reporting_currency
            and level_id = old_level_id,
            false
        ) as is_comparable,
        -- What was there before, in the currency that is there now: the difference is rounded.
        case
            when currency = old_currency then old_mrr
            else mrr - round((mrr * fx_rate - old_mrr * old_fx_rate) / fx_rate, 10)
        end as kept_mrr
    from rated

),

-- Units that come or go count at the price before; at the new one if the plan changed, since the
-- plan comes first, at the old quantity.
with_quantity_change as (

    select
        *,
        case
            when old_quantity = 0 or quantity = 0 then list_mrr - old_list_mrr
            when is_plan_change
                then round(list_mrr / quantity * (quantity - old_quantity), 10)
            else round(old_list_mrr / old_quantity * (quantity - old_quantity), 10)
        end as quantity_change
    from described

),

-- Money leaves the old tuple and comes to the new one. The common part of the two only moves, and
-- what makes the difference is told in steps: plan, quantity, price, discount.
parts as (

    select
        changes.*,
        part_names.part,
        case
            when part_names.part = 'out'
                then case when changes.is_tuple_change then -changes.old_mrr end
            when part_names.part = 'in'
                then
                    case
                        when not changes.is_tuple_change then 0
                        when changes.is_comparable then changes.kept_mrr
                        else changes.mrr
                    end
            -- prices in two currencies have no steps between them
            when changes.is_currency_change
                then case part_names.part when 'plan' then changes.mrr - changes.kept_mrr end
            when part_names.part = 'quantity' then changes.quantity_change
            when part_names.part = 'discount'
                then (changes.mrr - changes.list_mrr) - (changes.old_mrr - changes.old_list_mrr)
            when part_names.part = case when changes.is_plan_change then 'plan' else 'price' end
                then changes.list_mrr - changes.old_list_mrr - changes.quantity_change
            else 0
        end as amount
    from with_quantity_change as changes
    cross join (
        values ('out'), ('in'), ('plan'), ('quantity'), ('price'), ('discount')
    ) as part_names (part)
    where
        part_names.part in ('out', 'in')
        or changes.is_comparable
        or not changes.is_tuple_change

)

-- one row per item, netting window, dimension tuple and reason that changed its MRR; is_move marks
-- money that only changes its tuple
select
    billing_source,
    tenant_id,
    customer_id,
    case when part = 'out' then old_level_id else level_id end as level_id,
    subscription_id,
    movement_window,
    movement_date,
    changed_at,
    recorded_at,
    case when part = 'out' then old_plan else plan end as plan,
    case when part = 'out' then old_product else product end as product,
    case when part = 'out' then old_currency else currency end as currency,
    case when part = 'out' then old_country else country end as country,
    case when part = 'out' then old_billing_interval else billing_interval end as billing_interval,
    part in ('out', 'in') and is_comparable as is_move,
    case
        when is_usage then 'usage'
        when is_pause_change then 'pause'
        when is_currency_change then 'currency_change'
        when part not in ('out', 'in') then part
        when is_begin_or_end then 'subscription'
        when is_plan_change then 'plan'
        else 'other'
    end as reason,
    amount::numeric(28, 10) as amount,
    case when part = 'out' then old_reporting_currency else reporting_currency end
        as reporting_currency,
    case when part = 'out' then old_fx_rate else fx_rate end as fx_rate,
    is_voluntary,
    source_row
from parts
where amount <> 0
