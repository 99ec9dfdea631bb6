{%- set separates_discounts = option('discount_as_movement') == 'separate_type' %}

with

changes as (

    select * from {{ ref('mrr_changes') }}

),

-- What a unit did to one tuple for one reason within one netting window, netted.
netted as (

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
        is_move,
        reason,
        reporting_currency,
        fx_rate,
        sum(amount) as amount,
        max(changed_at) as movement_at,
        max(recorded_at) as recorded_at,
        bool_and(is_voluntary) as is_voluntary,
        {{ joined_text('subscription_id') }} as subscription_ids,
        {{ joined_text('source_row') }} as source_rows
    from changes
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
        is_move,
        reason,
        reporting_currency,
        fx_rate

),

with_tuple_change as (

    select
        *,
        sum(case when is_move then 0 else amount end) over (
            partition by
                billing_source, tenant_id, customer_id, level_id, movement_window,
                plan, product, currency, country, billing_interval
        ) as tuple_change
    from netted
    where amount <> 0

),

-- The change of the unit's total; what gained and what lost money on the way to it. Amounts are
-- compared in the reporting currency.
with_total_change as (

    select
        *,
        sum(case when is_move then 0 else amount * fx_rate end) over total as total_change,
        sum(
            case when not is_move and tuple_change > 0 then amount * fx_rate else 0 end
        ) over total as gained,
        coalesce(bool_or(not is_move and tuple_change < 0) over total, false) as has_loss
    from with_tuple_change
    window total as (
        partition by
            billing_source, tenant_id, customer_id, level_id, movement_window, reporting_currency
    )

),

-- Where some tuples gained and others lost, the total's change belongs to those that gained, in
-- proportion, and the rest has only moved. Shares are differences of a running share, so that
-- they add up to the last digit.
with_gained_so_far as (

    select
        *,
        case
            when is_move or total_change = 0 then 'moved'
            when gained = 0 or not has_loss then 'whole'
            when tuple_change > 0 then 'shared'
            else 'moved'
        end as treatment,
        sum(
            case when not is_move and tuple_change > 0 then amount * fx_rate else 0 end
        ) over (
            partition by
                billing_source, tenant_id, customer_id, level_id, movement_window,
                reporting_currency
            order by plan, product, currency, country, billing_interval, is_move, reason
            rows unbounded preceding
        ) as gained_so_far
    from with_total_change

)

-- one row per unit, netting window, dimension tuple and reason, netted; typed_amount is the part
-- that changes the unit's total, the rest of amount has only moved. The sign of type_change says
-- which way: that of the total, or of what is left of it without discounts.
select
    billing_source,
    tenant_id,
    customer_id,
    level_id,
    movement_window,
    movement_date,
    movement_at,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reason,
    reporting_currency,
    fx_rate,
    amount::numeric(28, 10) as amount,
    case treatment
        when 'whole' then amount
        when 'shared'
            then
                round(total_change * gained_so_far / (gained * fx_rate), 10)
                - round(
                    total_change * (gained_so_far - amount * fx_rate) / (gained * fx_rate), 10
                )
        else 0
    end::numeric(28, 10) as typed_amount,
    {%- if separates_discounts %}
    sum(
        case
            when reason = 'discount' then 0
            when treatment = 'whole' then amount * fx_rate
            when treatment = 'shared' then amount * fx_rate * sign(total_change)
            else 0
        end
    ) over (
        partition by
            billing_source, tenant_id, customer_id, level_id, movement_window, reporting_currency
    ) as type_change,
    {%- else %}
    total_change as type_change,
    {%- endif %}
    is_voluntary,
    recorded_at,
    subscription_ids,
    source_rows
from with_gained_so_far
