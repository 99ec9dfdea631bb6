{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

windows as (

    select * from {{ ref('int_stripe__discount_windows') }}

),

-- What a coupon takes off once holds for the period whose invoice it lowered, or to a change.
once as (

    select
        tenant_id,
        subscription_id,
        item_id,
        valid_from,
        least(service_to, valid_to) as valid_to,
        once_discount
    from {{ ref('int_stripe__discount_terms') }}
    where once_discount > 0

),

instants as (

    select
        tenant_id,
        subscription_id,
        item_id,
        '-infinity'::timestamptz as instant
    from windows

    union distinct

    select
        windows.tenant_id,
        windows.subscription_id,
        windows.item_id,
        bounds.instant
    from windows
    cross join lateral (values (windows.valid_from), (windows.valid_to)) as bounds (instant)

    union distinct

    select
        once.tenant_id,
        once.subscription_id,
        once.item_id,
        bounds.instant
    from once
    cross join
        lateral (values ('-infinity'::timestamptz), (once.valid_from), (once.valid_to))
            as bounds (instant)

),

pieces as (

    select
        *,
        lead(instant, 1, 'infinity') over (
            partition by tenant_id, subscription_id, item_id
            order by instant
        ) as next_instant
    from instants

),

filled as (

    select
        pieces.tenant_id,
        pieces.subscription_id,
        pieces.item_id,
        pieces.instant as valid_from,
        pieces.next_instant as valid_to,
        coalesce(once.once_discount, 0) as once_discount,
        coalesce(windows.repeating_rate, 0) as repeating_rate,
        coalesce(windows.repeating_fixed, 0) as repeating_fixed,
        coalesce(windows.forever_rate, 0) as forever_rate,
        coalesce(windows.forever_fixed, 0) as forever_fixed
    from pieces
    left join windows
        on
            pieces.tenant_id = windows.tenant_id
            and pieces.subscription_id = windows.subscription_id
            and pieces.item_id = windows.item_id
            and pieces.instant >= windows.valid_from
            and pieces.instant < windows.valid_to
    left join once
        on
            pieces.tenant_id = once.tenant_id
            and pieces.subscription_id = once.subscription_id
            and pieces.item_id = once.item_id
            and pieces.instant >= once.valid_from
            and pieces.instant < once.valid_to
    where pieces.instant < pieces.next_instant

),

marked as (

    select
        *,
        (
            lag(once_discount) over item is distinct from once_discount
            or lag(repeating_rate) over item is distinct from repeating_rate
            or lag(repeating_fixed) over item is distinct from repeating_fixed
            or lag(forever_rate) over item is distinct from forever_rate
            or lag(forever_fixed) over item is distinct from forever_fixed
        ) as is_change
    from filled
    window item as (partition by tenant_id, subscription_id, item_id order by valid_from)

)

-- one row per item that ever had a discount and [valid_from, valid_to) of what is taken off it, as
-- shares and fixed amounts; the rows of an item cover all of time
select
    tenant_id,
    subscription_id,
    item_id,
    valid_from,
    lead(valid_from, 1, 'infinity') over (
        partition by tenant_id, subscription_id, item_id
        order by valid_from
    ) as valid_to,
    once_discount,
    repeating_rate,
    repeating_fixed,
    forever_rate,
    forever_fixed
from marked
where is_change
