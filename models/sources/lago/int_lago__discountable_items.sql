{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

coupon_windows as (

    select * from {{ ref('int_lago__coupon_windows') }}

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
    cross join
        lateral (
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

)

-- one row per item that is billed to a customer with coupons and piece [valid_from, valid_to) of
-- time in which neither the customer's items nor its coupons change
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
