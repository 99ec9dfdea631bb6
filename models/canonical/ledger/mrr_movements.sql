{%- set separates_discounts = option('discount_as_movement') == 'separate_type' -%}
{%- set max_gap = option('reactivation_max_gap_days') %}
-- noqa: disable=LT02
with

netted as (

    select * from {{ ref('mrr_netted') }}

),

states as (

    select * from {{ ref('paying_states') }}

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
        false as is_transfer,
        reason,
        typed_amount as amount,
        total_change,
        is_voluntary,
        movement_at,
        recorded_at,
        subscription_ids,
        source_rows
    from netted
    where typed_amount <> 0

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
        true as is_transfer,
        min(reason) as reason,
        sum(amount - typed_amount) as amount,
        min(total_change) as total_change,
        null as is_voluntary,
        max(movement_at) as movement_at,
        max(recorded_at) as recorded_at,
        {{ joined_text('subscription_ids') }} as subscription_ids,
        {{ joined_text('source_rows') }} as source_rows
    from netted
    where typed_amount <> amount
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
                is_transfer,
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
                is_transfer,
                reason
        ) as sequence
        {%- if separates_discounts %},
        total_change - sum(
            case when reason = 'discount' and not is_transfer then amount * fx_rate else 0 end
        ) over (
            partition by
                billing_source, tenant_id, customer_id, level_id, movement_window,
                reporting_currency
        ) as other_change
        {%- else %},
        total_change as other_change
        {%- endif %}
    from parted
    where amount <> 0

)

-- one row per unit, netting window, dimension tuple, movement type and reason
select
    sequenced.billing_source,
    sequenced.tenant_id,
    sequenced.customer_id,
    sequenced.level_id,
    sequenced.movement_date,
    sequenced.movement_at,
    sequenced.sequence,
    case
        when sequenced.is_transfer then 'transfer'
        when
            not states.pays_before
            and not states.was_kept
            {{- " and not states.has_items_before" if option('free_to_paid') == 'expansion' }}
            then
                case
                    when
                        states.has_paid_before
                        {%- if max_gap %}
                        and sequenced.movement_date - states.stopped_on <= {{ max_gap }}
                        {%- endif %}
                        then 'reactivation'
                    else 'new'
                end
        when not states.pays_after and not states.is_kept then 'churn'
        {%- if separates_discounts %}
        when sequenced.reason = 'discount' then 'discount'
        {%- endif %}
        when sequenced.other_change > 0 then 'expansion'
        when sequenced.other_change < 0 then 'contraction'
        else 'transfer'
    end as movement_type,
    sequenced.reason,
    sequenced.plan,
    sequenced.product,
    sequenced.currency,
    sequenced.country,
    sequenced.billing_interval,
    sequenced.amount::numeric(28, 10) as amount,
    (sequenced.mrr_after - sequenced.amount)::numeric(28, 10) as mrr_before,
    sequenced.mrr_after::numeric(28, 10) as mrr_after,
    sequenced.reporting_currency,
    sequenced.fx_rate::numeric(28, 12) as fx_rate,
    (sequenced.amount * sequenced.fx_rate)::{{ reporting_money() }} as reporting_amount,
    case
        when not states.pays_after and not states.is_kept and not sequenced.is_transfer
            then sequenced.is_voluntary
    end as is_voluntary,
    sequenced.recorded_at,
    sequenced.subscription_ids,
    sequenced.source_rows
from sequenced
inner join states
    on
        sequenced.billing_source = states.billing_source
        and sequenced.tenant_id = states.tenant_id
        and sequenced.customer_id = states.customer_id
        and sequenced.level_id = states.level_id
        and sequenced.movement_window = states.movement_window
