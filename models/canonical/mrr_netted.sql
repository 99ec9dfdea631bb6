with

changes as (

    select * from {{ ref('mrr_changes') }}

),

-- What a customer did to one tuple for one reason within one day, netted.
netted as (

    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval,
        is_move,
        reason,
        sum(amount) as amount,
        max(changed_at) as movement_at,
        {{ joined_text('subscription_id') }} as subscription_ids,
        {{ joined_text('source_row') }} as source_rows
    from changes
    group by
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval,
        is_move,
        reason

),

with_tuple_change as (

    select
        *,
        sum(case when is_move then 0 else amount end) over (
            partition by
                billing_source, tenant_id, customer_id, movement_date,
                plan, product, currency, country, billing_interval
        ) as tuple_change
    from netted
    where amount <> 0

),

-- The change of the customer's total; what gained and what lost money on the way to it.
with_total_change as (

    select
        *,
        sum(case when is_move then 0 else amount end) over day as total_change,
        sum(case when not is_move and tuple_change > 0 then amount else 0 end) over day as gained,
        coalesce(bool_or(not is_move and tuple_change < 0) over day, false) as has_loss
    from with_tuple_change
    window day as (
        partition by billing_source, tenant_id, customer_id, movement_date, currency
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
        sum(case when not is_move and tuple_change > 0 then amount else 0 end) over (
            partition by billing_source, tenant_id, customer_id, movement_date, currency
            order by plan, product, country, billing_interval, is_move, reason
            rows unbounded preceding
        ) as gained_so_far
    from with_total_change

)

-- one row per customer, day, dimension tuple and reason, netted; typed_amount is the part that
-- changes the customer's total, the rest of amount has only moved
select
    billing_source,
    tenant_id,
    customer_id,
    movement_date,
    movement_at,
    plan,
    product,
    currency,
    country,
    billing_interval,
    reason,
    amount::numeric(28, 10) as amount,
    case treatment
        when 'whole' then amount
        when 'shared'
            then
                round(total_change * gained_so_far / gained, 10)
                - round(total_change * (gained_so_far - amount) / gained, 10)
        else 0
    end::numeric(28, 10) as typed_amount,
    subscription_ids,
    source_rows
from with_gained_so_far
