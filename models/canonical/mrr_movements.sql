with

netted as (

    select * from {{ ref('mrr_netted') }}

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
    from netted
    where typed_amount <> 0

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
    from netted
    where typed_amount <> amount
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
    ''::text as level_id,
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
    sequenced.currency as reporting_currency,
    1::numeric as fx_rate,
    sequenced.amount::numeric as reporting_amount,
    null::boolean as is_voluntary,
    sequenced.subscription_ids,
    sequenced.source_rows,
    sequenced.movement_at as recorded_at
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
