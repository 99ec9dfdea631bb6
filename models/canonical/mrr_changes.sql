with

transitions as (

    select
        *,
        old_mrr is null or mrr is null as is_begin_or_end,
        currency <> old_currency as is_currency_change,
        plan <> old_plan or billing_interval <> old_billing_interval as is_plan_change,
        (
            (plan, product, currency, country, billing_interval)
            is distinct from
            (old_plan, old_product, old_currency, old_country, old_billing_interval)
        ) as is_tuple_change,
        -- Whether before and after have a common part. Nothing and another currency have none.
        coalesce(old_mrr > 0 and mrr > 0 and currency = old_currency, false) as is_comparable
    from {{ ref('item_transitions') }}

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
    from transitions

),

-- Money leaves the old tuple and comes to the new one. The common part of the two only moves, and
-- what makes the difference is told in steps: plan, quantity, price, discount.
parts as (

    select
        changes.*,
        part_names.part,
        case part_names.part
            when 'out' then case when changes.is_tuple_change then -changes.old_mrr end
            when 'in'
                then
                    case
                        when not changes.is_tuple_change then 0
                        when changes.is_comparable then changes.old_mrr
                        else changes.mrr
                    end
            when 'quantity' then changes.quantity_change
            when 'discount'
                then (changes.mrr - changes.list_mrr) - (changes.old_mrr - changes.old_list_mrr)
            when case when changes.is_plan_change then 'plan' else 'price' end
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

-- one row per item, day, dimension tuple and reason that changed its MRR; is_move marks money
-- that only changes its tuple
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    movement_date,
    changed_at,
    case when part = 'out' then old_plan else plan end as plan,
    case when part = 'out' then old_product else product end as product,
    case when part = 'out' then old_currency else currency end as currency,
    case when part = 'out' then old_country else country end as country,
    case when part = 'out' then old_billing_interval else billing_interval end as billing_interval,
    part in ('out', 'in') and is_comparable as is_move,
    case
        when part not in ('out', 'in') then part
        when is_begin_or_end then 'subscription'
        when is_currency_change then 'currency_change'
        when is_plan_change then 'plan'
        else 'other'
    end as reason,
    amount::numeric(28, 10) as amount,
    source_row
from parts
where amount <> 0
