{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

-- At one instant a beginning wins over an end.
decided as (

    select distinct on (tenant_id, subscription_id, item_id, changed_at) *
    from {{ ref('int_stripe__item_changes') }}
    where changed_at is not null
    order by tenant_id, subscription_id, item_id, changed_at, preference, is_end

),

marked as (

    select
        *,
        (
            lag(item_id) over item is null
            or lag(is_end) over item <> is_end
            or (
                not is_end
                and (lag(price_id) over item, lag(quantity) over item, lag(currency) over item)
                is distinct from (price_id, quantity, currency)
            )
        ) as is_change
    from decided
    window item as (partition by tenant_id, subscription_id, item_id order by changed_at)

),

versions as (

    select
        *,
        lead(changed_at, 1, 'infinity') over (
            partition by tenant_id, subscription_id, item_id
            order by changed_at
        ) as valid_to
    from marked
    where is_change

)

-- one row per item and unbroken [valid_from, valid_to) of its price and quantity, not yet cut by
-- the life of its subscription
select
    tenant_id,
    subscription_id,
    item_id,
    changed_at as valid_from,
    valid_to,
    price_id,
    currency,
    quantity,
    history_source,
    source_table,
    source_row_id,
    is_date_unknown
from versions
where not is_end
