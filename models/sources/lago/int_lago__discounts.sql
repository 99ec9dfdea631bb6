{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with recursive

coupon_windows as (

    select * from {{ ref('int_lago__coupon_windows') }}

),

coupon_targets as (

    select * from {{ ref('stg_lago__coupon_targets') }}

),

piece_items as (

    select * from {{ ref('int_lago__discountable_items') }}

),

-- Every item meets every coupon of its piece, in order; one that does not apply takes nothing.
steps as (

    select
        piece_items.segment_id,
        piece_items.item_code,
        piece_items.valid_from,
        coupon_windows.discount_kind,
        coupon_windows.rate,
        coupon_windows.amount,
        dense_rank() over (
            partition by piece_items.customer_id, piece_items.valid_from
            order by coupon_windows.application_order
        ) as step,
        (
            coupon_windows.amount is null
            or coupon_windows.currency = piece_items.currency
        )
        and (
            not coupon_windows.is_limited_to_plans
            or exists (
                select 1
                from coupon_targets
                where
                    coupon_targets.coupon_id = coupon_windows.coupon_id
                    and coupon_targets.plan_id
                    in (piece_items.plan_id, piece_items.rolled_up_plan_id)
            )
        ) as is_eligible
    from piece_items
    inner join coupon_windows
        on
            piece_items.customer_id = coupon_windows.customer_id
            and piece_items.valid_from >= coupon_windows.valid_from
            and piece_items.valid_from < coupon_windows.valid_to

),

-- Each coupon in turn takes its share of what the ones before it left.
applied as (

    select
        piece_items.customer_id,
        piece_items.valid_from,
        piece_items.valid_to,
        piece_items.segment_id,
        piece_items.item_code,
        piece_items.invoice_group,
        piece_items.amount as remaining,
        0::numeric as discount,
        null::text as discount_kind,
        0::bigint as step
    from piece_items

    union all

    select
        stepped.customer_id,
        stepped.valid_from,
        stepped.valid_to,
        stepped.segment_id,
        stepped.item_code,
        stepped.invoice_group,
        stepped.remaining - stepped.discount as remaining,
        stepped.discount,
        stepped.discount_kind,
        stepped.step
    -- the recursive term has no place for another CTE
    from ( -- noqa: ST05
        select
            applied.customer_id,
            applied.valid_from,
            applied.valid_to,
            applied.segment_id,
            applied.item_code,
            applied.invoice_group,
            applied.remaining,
            steps.discount_kind,
            steps.step,
            case
                when not steps.is_eligible or applied.remaining = 0 then 0
                when steps.rate is not null
                    then round(applied.remaining * least(steps.rate, 1), 10)
                else round(
                    least(
                        steps.amount,
                        sum(applied.remaining) filter (where steps.is_eligible) over invoice
                    )
                    * applied.remaining
                    / sum(applied.remaining) filter (where steps.is_eligible) over invoice,
                    10
                )
            end as discount
        from applied
        inner join steps
            on
                applied.segment_id = steps.segment_id
                and applied.item_code = steps.item_code
                and applied.valid_from = steps.valid_from
                and applied.step + 1 = steps.step
        window invoice as (
            partition by applied.customer_id, applied.valid_from, applied.invoice_group
        )
    ) as stepped

),

by_kind as (

    select
        segment_id,
        item_code,
        valid_from,
        valid_to,
        coalesce(sum(discount) filter (where discount_kind = 'once'), 0) as once_discount,
        coalesce(sum(discount) filter (where discount_kind = 'repeating'), 0)
            as repeating_discount,
        coalesce(sum(discount) filter (where discount_kind = 'forever'), 0) as forever_discount
    from applied
    group by segment_id, item_code, valid_from, valid_to

),

-- Pieces are cut wherever anything of the customer changes; join those that are alike again.
marked as (

    select
        *,
        (
            lag(valid_to) over item is distinct from valid_from
            or lag(once_discount) over item is distinct from once_discount
            or lag(repeating_discount) over item is distinct from repeating_discount
            or lag(forever_discount) over item is distinct from forever_discount
        ) as is_start
    from by_kind
    window item as (partition by segment_id, item_code order by valid_from)

),

islands as (

    select
        *,
        count(*) filter (where is_start) over (
            partition by segment_id, item_code
            order by valid_from
        ) as island
    from marked

)

-- one row per item of a discounted customer and unbroken [valid_from, valid_to) of its discounts
select
    segment_id,
    item_code,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to,
    once_discount,
    repeating_discount,
    forever_discount
from islands
group by segment_id, item_code, island, once_discount, repeating_discount, forever_discount
