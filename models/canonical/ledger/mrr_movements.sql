{%- set separates_discounts = option('discount_as_movement') == 'separate_type' -%}
{%- set max_gap = option('reactivation_max_gap_days') %}
-- noqa: disable=LT02
with

netted as (

    select
        netted.*,
        case
            when states.pays_before or states.was_kept then null
            {%- if option('free_to_paid') == 'expansion' %}
            when states.has_items_before then null
            {%- endif %}
            when
                states.has_paid_before
                {%- if max_gap %}
                and netted.movement_date - states.stopped_on <= {{ max_gap }}
                {%- endif %}
                then 'reactivation'
            else 'new'
        end as begins_as,
        not states.pays_after and not states.is_kept as ceases
    from {{ ref('mrr_netted') }} as netted
    inner join {{ ref('paying_states') }} as states
        on
            netted.billing_source = states.billing_source
            and netted.tenant_id = states.tenant_id
            and netted.customer_id = states.customer_id
            and netted.level_id = states.level_id
            and netted.movement_window = states.movement_window

),

-- What leaves the total as it was, but for a discount, has only moved.
typed as (

    select
        *,
        case
            when
                type_change = 0 and reason <> 'discount' and begins_as is null and not ceases
                then 0
            else typed_amount
        end as own_amount
    from netted

),

-- Typed and moved parts as rows of their own; one transfer per tuple.
parted as (

    select
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        movement_window,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        fx_rate,
        case
            when begins_as is not null then begins_as
            when ceases then 'churn'
            {%- if separates_discounts %}
            when reason = 'discount' then 'discount'
            {%- endif %}
            when type_change > 0 then 'expansion'
            else 'contraction'
        end as movement_type,
        reason,
        own_amount as amount,
        case when ceases then is_voluntary end as is_voluntary,
        movement_at,
        recorded_at,
        subscription_ids,
        source_rows
    from typed
    where own_amount <> 0

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        movement_window,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        fx_rate,
        'transfer' as movement_type,
        min(reason) as reason,
        sum(amount - own_amount) as amount,
        null as is_voluntary,
        max(movement_at) as movement_at,
        max(recorded_at) as recorded_at,
        {{ joined_text('subscription_ids') }} as subscription_ids,
        {{ joined_text('source_rows') }} as source_rows
    from typed
    where own_amount <> amount
    group by
        billing_source,
        tenant_id,
        customer_id,
        level_id,
        movement_window,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        fx_rate

),

-- Rows that add come first, so that a running balance is never negative.
sequenced as (

    select
        *,
        sum(amount) over (
            partition by billing_source, tenant_id, customer_id, currency
            order by
                movement_window,
                amount desc,
                level_id,
                plan,
                product,
                country,
                billing_interval,
                movement_type = 'transfer',
                reason
            rows unbounded preceding
        ) as mrr_after,
        row_number() over (
            partition by billing_source, tenant_id, customer_id, movement_date
            order by
                movement_window,
                currency,
                amount desc,
                level_id,
                plan,
                product,
                country,
                billing_interval,
                movement_type = 'transfer',
                reason
        ) as sequence
    from parted
    where amount <> 0

)

-- one row per unit, netting window, dimension tuple, movement type and reason
select
    billing_source,
    tenant_id,
    customer_id,
    level_id,
    movement_date,
    movement_at,
    sequence,
    movement_type,
    reason,
    plan,
    product,
    currency,
    country,
    billing_interval,
    amount::numeric(28, 10) as amount,
    (mrr_after - amount)::numeric(28, 10) as mrr_before,
    mrr_after::numeric(28, 10) as mrr_after,
    reporting_currency,
    fx_rate::numeric(28, 12) as fx_rate,
    (amount * fx_rate)::{{ reporting_money() }} as reporting_amount,
    is_voluntary,
    recorded_at,
    subscription_ids,
    source_rows
from sequenced
