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

),

split as (

    select
        *,
        case treatment
            when 'whole' then amount
            when 'shared'
                then
                    round(total_change * gained_so_far / gained, 10)
                    - round(total_change * (gained_so_far - amount) / gained, 10)
            else 0
        end as typed_amount
    from with_gained_so_far

),

-- Typed and moved parts as rows of their own; one transfer per tuple.
parted as (

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
        false as is_transfer,
        reason,
        typed_amount as amount,
        movement_at,
        subscription_ids,
        source_rows
    from split

    union all

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
        true as is_transfer,
        min(reason) as reason,
        sum(amount - typed_amount) as amount,
        max(movement_at) as movement_at,
        {{ joined_text('subscription_ids') }} as subscription_ids,
        {{ joined_text('source_rows') }} as source_rows
    from split
    where treatment <> 'whole'
    group by
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        plan,
        product,
        currency,
        country,
        billing_interval

),

-- Rows that add come first, so that a running balance is never negative.
sequenced as (

    select
        *,
        sum(amount) over (
            partition by billing_source, tenant_id, customer_id, currency
            order by
                movement_date,
                amount desc,
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
                currency,
                amount desc,
                plan,
                product,
                country,
                billing_interval,
                is_transfer,
                reason
        ) as sequence
    from parted
    where amount <> 0

),

customer_days as (

    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        sum(amount) as net_change
    from sequenced
    group by billing_source, tenant_id, customer_id, movement_date

),

-- Whether the customer pays at all. The sum mixes currencies and is only compared with zero.
paying as (

    select
        *,
        sum(net_change) over customer - net_change as paid_before,
        sum(net_change) over customer as paid_after,
        lag(true) over (
            partition by billing_source, tenant_id, customer_id
            order by movement_date
        ) as has_paid_before
    from customer_days
    window customer as (
        partition by billing_source, tenant_id, customer_id
        order by movement_date
        rows unbounded preceding
    )

)

-- one row per customer, day, dimension tuple, movement type and reason
select
    sequenced.billing_source,
    sequenced.tenant_id,
    sequenced.customer_id,
    sequenced.movement_date,
    sequenced.movement_at,
    sequenced.sequence,
    case
        when sequenced.is_transfer then 'transfer'
        when paying.paid_before = 0 and paying.has_paid_before then 'reactivation'
        when paying.paid_before = 0 then 'new'
        when paying.paid_after = 0 then 'churn'
        when sum(case when sequenced.is_transfer then 0 else sequenced.amount end) over day > 0
            then 'expansion'
        else 'contraction'
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
    sequenced.subscription_ids,
    sequenced.source_rows
from sequenced
inner join paying
    on
        sequenced.billing_source = paying.billing_source
        and sequenced.tenant_id = paying.tenant_id
        and sequenced.customer_id = paying.customer_id
        and sequenced.movement_date = paying.movement_date
window day as (
    partition by
        sequenced.billing_source, sequenced.tenant_id, sequenced.customer_id,
        sequenced.movement_date, sequenced.currency
)
