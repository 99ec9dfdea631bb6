with

movements as (

    select * from {{ ref('mrr_movements') }}

),

movements_of_holders as (

    select * from {{ ref('mrr_movements') }}

),

held_amounts as (

    select * from {{ ref('mrr_movements') }}

),

slices as (

    select * from {{ ref('slices') }}

),

-- Customers with balances in several currencies that are converted into one.
held_currencies as (

    select
        billing_source,
        tenant_id,
        customer_id,
        reporting_currency,
        currency as held_currency,
        count(*) over (
            partition by billing_source, tenant_id, customer_id, reporting_currency
        ) > 1 as is_one_of_several
    from held_amounts
    group by billing_source, tenant_id, customer_id, reporting_currency, currency

),

-- Such a customer has a row of each of them on every day that one changes.
changes as (

    select
        billing_source,
        tenant_id,
        customer_id,
        movement_date,
        movement_type,
        plan,
        product,
        currency,
        country,
        billing_interval,
        reporting_currency,
        currency as held_currency,
        amount,
        is_voluntary
    from movements

    union all

    select
        moved.billing_source,
        moved.tenant_id,
        moved.customer_id,
        moved.movement_date,
        'none' as movement_type,
        moved.plan,
        moved.product,
        moved.currency,
        moved.country,
        moved.billing_interval,
        moved.reporting_currency,
        held_currencies.held_currency,
        0 as amount,
        null as is_voluntary
    from movements_of_holders as moved
    inner join held_currencies
        on
            moved.customer_id = held_currencies.customer_id
            and moved.billing_source = held_currencies.billing_source
            and moved.tenant_id = held_currencies.tenant_id
            and moved.reporting_currency = held_currencies.reporting_currency
            and moved.currency <> held_currencies.held_currency
    where held_currencies.is_one_of_several

),

-- Where it is whatever the currency, the sums mix them: they are only compared with zero.
daily as (

    select
        slices.slice_source as billing_source,
        slices.slice_tenant_id as tenant_id,
        changes.billing_source as customer_source,
        changes.tenant_id as customer_tenant_id,
        changes.customer_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'changes') }} as dimension_value,
        case when slices.is_any_currency then 'any' else changes.reporting_currency end
            as reporting_currency,
        case when slices.is_any_currency then 'any' else changes.held_currency end as currency,
        changes.movement_date,
        sum(changes.amount) as change,
        sum(case
            when changes.movement_type = 'expansion' then changes.amount
            when changes.movement_type = 'discount' and changes.amount > 0 then changes.amount
            else 0
        end) as expansion,
        sum(case
            when changes.movement_type = 'contraction' then -changes.amount
            when changes.movement_type = 'discount' and changes.amount < 0 then -changes.amount
            else 0
        end) as contraction,
        sum(case when changes.movement_type = 'churn' then -changes.amount else 0 end) as churn,
        sum(case
            when changes.movement_type = 'churn' and changes.is_voluntary then -changes.amount
            else 0
        end) as voluntary_churn,
        sum(case
            when changes.movement_type = 'churn' and not changes.is_voluntary then -changes.amount
            else 0
        end) as involuntary_churn,
        sum(case when changes.movement_type = 'reactivation' then changes.amount else 0 end)
            as reactivation
    from changes
    inner join slices
        on
            changes.billing_source = slices.billing_source
            and changes.tenant_id = slices.tenant_id
    group by
        slices.slice_source,
        slices.slice_tenant_id,
        changes.billing_source,
        changes.tenant_id,
        changes.customer_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'changes') }},
        case when slices.is_any_currency then 'any' else changes.reporting_currency end,
        case when slices.is_any_currency then 'any' else changes.held_currency end,
        changes.movement_date

),

balances as (

    select
        *,
        sum(change) over currency_days as balance,
        lead(movement_date) over currency_days as next_date
    from daily
    window currency_days as (
        partition by
            customer_id, customer_source, customer_tenant_id, dimension, dimension_value,
            reporting_currency, currency
        order by movement_date
    )

)

-- one row per customer, slice, reporting currency, currency and day with a change: the balance
-- from that day's end until next_date
select
    billing_source,
    tenant_id,
    customer_source,
    customer_tenant_id,
    customer_id,
    dimension,
    dimension_value,
    reporting_currency,
    currency,
    movement_date,
    next_date,
    change,
    balance,
    sum(balance) over (
        partition by
            customer_id, customer_source, customer_tenant_id, dimension, dimension_value,
            reporting_currency, movement_date
    ) > 0 as is_paying,
    min(case when balance > 0 then movement_date end) over (
        partition by
            customer_id, customer_source, customer_tenant_id, dimension, dimension_value,
            reporting_currency
    ) as first_paid_date,
    expansion,
    contraction,
    churn,
    voluntary_churn,
    involuntary_churn,
    reactivation
from balances
