with

items as (

    select
        *,
        lag(to_date) over item = from_date as continues,
        lead(from_date) over item is not distinct from to_date as is_continued,
        lag(plan) over item as old_plan,
        lag(product) over item as old_product,
        lag(currency) over item as old_currency,
        lag(country) over item as old_country,
        lag(billing_interval) over item as old_billing_interval,
        lag(quantity) over item as old_quantity,
        lag(list_mrr) over item as old_list_mrr,
        lag(mrr) over item as old_mrr,
        lag(source_row) over item as old_source_row
    from {{ ref('item_mrr') }}
    window item as (
        partition by billing_source, tenant_id, customer_id, item_id
        order by from_date
    )

),

-- An item begins.
begun as (

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date as movement_date,
        changed_at,
        plan,
        product,
        currency,
        country,
        billing_interval,
        false as is_move,
        'subscription' as reason,
        mrr as amount,
        source_row
    from items
    where continues is not true

),

-- An item ends.
ended as (

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        to_date as movement_date,
        ended_at as changed_at,
        plan,
        product,
        currency,
        country,
        billing_interval,
        false as is_move,
        'subscription' as reason,
        -mrr as amount,
        source_row
    from items
    where to_date is not null and not is_continued

),

changed as (

    select
        *,
        plan <> old_plan or billing_interval <> old_billing_interval as is_plan_change,
        currency <> old_currency as is_currency_change,
        plan <> old_plan
        or product <> old_product
        or currency <> old_currency
        or country <> old_country
        or billing_interval <> old_billing_interval as is_tuple_change
    from items
    where continues

),

-- Money that moves between dimension tuples without the total changing.
moves as (

    select
        *,
        case when is_plan_change then 'plan' else 'other' end as reason
    from changed
    where is_tuple_change and not is_currency_change and old_mrr > 0 and mrr > 0

),

-- No common part: nothing was paid before or after, or the two cannot be compared.
replaced as (

    select
        *,
        case
            when is_currency_change then 'currency_change'
            when is_plan_change then 'plan'
            else 'other'
        end as reason
    from changed
    where is_tuple_change and (is_currency_change or old_mrr = 0 or mrr = 0)

),

-- The steps of a change in order: plan at the old quantity, quantity, price, discount. Units that
-- come or go count at the price before, unless the plan changed; what remains is price or plan.
modified as (

    select
        *,
        case
            when old_quantity = 0 or quantity = 0 then list_mrr - old_list_mrr
            when is_plan_change
                then round(list_mrr / quantity * (quantity - old_quantity), 10)
            else round(old_list_mrr / old_quantity * (quantity - old_quantity), 10)
        end as quantity_change
    from changed
    where not is_tuple_change or (not is_currency_change and old_mrr > 0 and mrr > 0)

),

steps as (

    select
        modified.*,
        reasons.reason,
        case reasons.reason
            when 'quantity' then modified.quantity_change
            when 'discount'
                then (modified.mrr - modified.list_mrr) - (modified.old_mrr - modified.old_list_mrr)
            when 'plan'
                then
                    case
                        when modified.is_plan_change
                            then modified.list_mrr - modified.old_list_mrr - modified.quantity_change
                        else 0
                    end
            else
                case
                    when not modified.is_plan_change
                        then modified.list_mrr - modified.old_list_mrr - modified.quantity_change
                    else 0
                end
        end as amount
    from modified
    cross join (
        values ('plan'), ('quantity'), ('price'), ('discount')
    ) as reasons (reason)

),

parts as (

    select * from begun

    union all

    select * from ended

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date,
        changed_at,
        old_plan,
        old_product,
        old_currency,
        old_country,
        old_billing_interval,
        true,
        reason,
        -old_mrr,
        old_source_row
    from moves

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date,
        changed_at,
        plan,
        product,
        currency,
        country,
        billing_interval,
        true,
        reason,
        old_mrr,
        source_row
    from moves

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date,
        changed_at,
        old_plan,
        old_product,
        old_currency,
        old_country,
        old_billing_interval,
        false,
        reason,
        -old_mrr,
        old_source_row
    from replaced

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date,
        changed_at,
        plan,
        product,
        currency,
        country,
        billing_interval,
        false,
        reason,
        mrr,
        source_row
    from replaced

    union all

    select
        billing_source,
        tenant_id,
        customer_id,
        subscription_id,
        from_date,
        changed_at,
        plan,
        product,
        currency,
        country,
        billing_interval,
        false,
        reason,
        amount,
        source_row
    from steps

)

-- one row per item, day, dimension tuple and reason that changed its MRR; is_move marks money
-- that only changes its tuple
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    movement_date,
    changed_at,
    plan,
    product,
    currency,
    country,
    billing_interval,
    is_move,
    reason,
    amount::numeric(28, 10) as amount,
    source_row
from parts
where amount <> 0
