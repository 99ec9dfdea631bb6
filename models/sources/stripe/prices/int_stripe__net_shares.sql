{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

lines as not materialized (

    select
        tenant_id,
        customer_id,
        item_id,
        price_id,
        currency,
        service_from,
        invoiced_at,
        is_proration,
        included_tax,
        amount - discount as paid
    from {{ ref('stg_stripe__invoice_lines') }}
    where
        item_id is not null
        and price_id is not null
        and not is_credit
        and amount > discount
        and invoice_status <> 'deleted'
        and billing_reason is distinct from 'upcoming'

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

-- What a tax of the account's own includes, its price does not say.
taxed as (

    select distinct
        lines.tenant_id,
        lines.item_id,
        lines.price_id
    from lines
    inner join prices on lines.tenant_id = prices.tenant_id and lines.price_id = prices.price_id
    where lines.included_tax > 0 or prices.has_tax_included

),

stated as (

    select distinct on (lines.tenant_id, lines.item_id, lines.price_id, lines.service_from)
        lines.tenant_id,
        lines.customer_id,
        lines.item_id,
        lines.price_id,
        lines.service_from,
        lines.is_proration,
        lines.paid,
        1 - lines.included_tax / lines.paid as net_share,
        -- how far the rounding of a tax may move it
        1 / (coalesce(currencies.subunit_to_unit, 100) * lines.paid) as tolerance
    from lines
    inner join taxed
        on
            lines.tenant_id = taxed.tenant_id
            and lines.item_id = taxed.item_id
            and lines.price_id = taxed.price_id
    left join currencies on lines.currency = currencies.currency
    -- a small part of a period tells no rate
    where
        not lines.is_proration
        or lines.paid * coalesce(currencies.subunit_to_unit, 100) >= 1000
    order by
        lines.tenant_id,
        lines.item_id,
        lines.price_id,
        lines.service_from,
        lines.is_proration,
        lines.invoiced_at desc,
        lines.paid desc

),

marked as (

    select
        *,
        coalesce(
            abs(net_share - lag(net_share) over item) > tolerance + lag(tolerance) over item, true
        ) as is_change
    from stated
    window item as (partition by tenant_id, item_id, price_id order by service_from)

),

runs as (

    select
        *,
        count(*) filter (where is_change) over (
            partition by tenant_id, item_id, price_id
            order by service_from
        ) as run
    from marked

)

-- one row per item, price of it that has tax included, and [valid_from, valid_to) of one rate of
-- tax: the share of the amounts that is without tax, as the largest line says it, in which rounding
-- counts least
select
    tenant_id,
    customer_id,
    item_id,
    price_id,
    case when run = 1 then '-infinity' else min(service_from) end as valid_from,
    lead(min(service_from), 1, 'infinity') over (
        partition by tenant_id, item_id, price_id
        order by run
    ) as valid_to,
    (
        (array_agg(net_share order by is_proration, paid desc, service_from desc))[1]
    )::numeric(38, 20) as net_share
from runs
group by tenant_id, customer_id, item_id, price_id, run
