{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with recursive

coupon_windows as (

    select * from {{ ref('int_lago__coupon_windows') }}

),

coupon_targets as (

    select * from {{ ref('stg_lago__coupon_targets') }}

),

segments as (

    select * from {{ ref('int_lago__segments') }}

),

items as (

    select * from {{ ref('int_lago__items') }}

),

discounted_customers as (

    select distinct customer_id
    from coupon_windows

),

-- Coupons lower what is billed, so not what is in a trial. They are shared within an invoice:
-- the customer's items of one currency and period that are billed on the same day.
billed_items as (

    select
        segments.customer_id,
        items.segment_id,
        items.item_code,
        segments.plan_id,
        segments.rolled_up_plan_id,
        segments.currency,
        items.amount,
        case
            when items.item_code like 'fixed_charge:%' then items.valid_from
            else greatest(items.valid_from, segments.trial_ends_at)
        end as valid_from,
        coalesce(items.valid_to, 'infinity') as valid_to,
        concat_ws(
            '|',
            segments.currency,
            items.period_unit,
            items.period_count,
            case
                when segments.billing_anchor_date is null then 'calendar'
                when items.period_unit = 'week' then to_char(segments.billing_anchor_date, 'ID')
                when items.period_unit = 'year' then to_char(segments.billing_anchor_date, 'MM-DD')
                else
                    mod(
                        extract(month from segments.billing_anchor_date)::integer - 1,
                        items.period_count
                    ) || '-' || to_char(segments.billing_anchor_date, 'DD')
            end
        ) as invoice_group
    from items
    inner join segments on items.segment_id = segments.segment_id
    inner join discounted_customers on segments.customer_id = discounted_customers.customer_id

),

cut_points as (

    select
        billed_items.customer_id,
        cuts.cut_at
    from billed_items
    cross join lateral (
        values (billed_items.valid_from), (billed_items.valid_to)
    ) as cuts (cut_at)
    where billed_items.valid_from < billed_items.valid_to

    union distinct

    select
        coupon_windows.customer_id,
        cuts.cut_at
    from coupon_windows
    cross join lateral (
        values (coupon_windows.valid_from), (coupon_windows.valid_to)
    ) as cuts (cut_at)

),

pieces as (

    select
        customer_id,
        cut_at as valid_from,
        lead(cut_at) over (partition by customer_id order by cut_at) as valid_to
    from cut_points

),

piece_items as (

    select
        pieces.customer_id,
        pieces.valid_from,
        pieces.valid_to,
        billed_items.segment_id,
        billed_items.item_code,
        billed_items.plan_id,
        billed_items.rolled_up_plan_id,
        billed_items.currency,
        billed_items.invoice_group,
        billed_items.amount
    from pieces
    inner join billed_items
        on
            pieces.customer_id = billed_items.customer_id
            and pieces.valid_from >= billed_items.valid_from
            and pieces.valid_from < billed_items.valid_to
    where pieces.valid_to is not null

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
        stepped.remaining - stepped.discount,
        stepped.discount,
        stepped.discount_kind,
        stepped.step
    from (
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
        lag(valid_to) over item is distinct from valid_from
        or lag(once_discount) over item is distinct from once_discount
        or lag(repeating_discount) over item is distinct from repeating_discount
        or lag(forever_discount) over item is distinct from forever_discount as is_start
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
