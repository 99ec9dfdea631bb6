{{ config(pre_hook = without_nested_loops()) }}

with

movements as (

    select * from {{ ref('group_movements') }}

),

movements_of_holders as (

    select * from {{ ref('group_movements') }}

),

customer_places as (

    select * from {{ ref('customer_places') }}

),

cuts as (

    select * from {{ ref('place_cuts') }}

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
    from {{ ref('group_movements') }}
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
        changes.billing_source,
        changes.tenant_id,
        changes.customer_id,
        cuts.cut_id,
        cuts.cut_dimension in ('every', 'total') as is_whole,
        cuts.cut_currency as reporting_currency,
        case when cuts.cut_currency = 'any' then 'any' else changes.held_currency end as currency,
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
    inner join customer_places
        on
            changes.customer_id = customer_places.customer_id
            and changes.billing_source = customer_places.billing_source
            and changes.tenant_id = customer_places.tenant_id
    inner join cuts
        on
            changes.billing_source = cuts.billing_source
            and changes.tenant_id = cuts.tenant_id
            and changes.plan = cuts.plan
            and changes.product = cuts.product
            and changes.currency = cuts.currency
            and changes.country = cuts.country
            and changes.billing_interval = cuts.billing_interval
            and changes.reporting_currency = cuts.reporting_currency
            and customer_places.has_one_place = cuts.has_one_place
            and customer_places.has_one_currency = cuts.has_one_currency
    group by
        changes.customer_id,
        changes.billing_source,
        changes.tenant_id,
        cuts.cut_id,
        cuts.cut_dimension,
        cuts.cut_currency,
        case when cuts.cut_currency = 'any' then 'any' else changes.held_currency end,
        changes.movement_date

),

balances as (

    select
        *,
        sum(change) over currency_days as balance,
        lead(movement_date) over currency_days as next_date
    from daily
    window currency_days as (
        partition by customer_id, billing_source, tenant_id, cut_id, currency
        order by movement_date
    )

)

-- one row per customer, cut, currency and day with a change: the balance from that day's end until
-- next_date
select
    billing_source,
    tenant_id,
    customer_id,
    cut_id,
    is_whole,
    reporting_currency,
    currency,
    movement_date,
    next_date,
    change::numeric(28, 10) as change,
    balance::numeric(28, 10) as balance,
    sum(balance) over (
        partition by customer_id, billing_source, tenant_id, cut_id, movement_date
    ) > 0 as is_paying,
    min(case when balance > 0 then movement_date end) over (
        partition by customer_id, billing_source, tenant_id, cut_id
    ) as first_paid_date,
    expansion::numeric(28, 10) as expansion,
    contraction::numeric(28, 10) as contraction,
    churn::numeric(28, 10) as churn,
    voluntary_churn::numeric(28, 10) as voluntary_churn,
    involuntary_churn::numeric(28, 10) as involuntary_churn,
    reactivation::numeric(28, 10) as reactivation
from balances
