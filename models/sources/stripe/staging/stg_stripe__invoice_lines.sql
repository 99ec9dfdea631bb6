{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    materialized = 'parsed_table',
    schema = 'parsed',
    meta = {'parses': ['stripe', 'invoices']},
    pre_hook = without_memoize()
) }}

with

source_rows as (

    select source_rows.*
    from {{ stripe_rows('invoices') }} as source_rows

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

),

lines as (

    select
        source_rows.tenant_id,
        source_rows.row_version,
        invoice.id as invoice_id,
        {{ stripe_id('invoice.customer') }} as customer_id,
        invoice.subscription as invoice_subscription,
        invoice.parent -> 'subscription_details' as invoice_origin,
        coalesce(invoice.status, 'draft') as invoice_status,
        invoice.billing_reason,
        invoice.created as invoice_created,
        billed.*,
        -- Where newer versions of the API keep it, by what the line bills.
        coalesce(
            nullif(billed.parent -> 'subscription_item_details', 'null'),
            nullif(billed.parent -> 'invoice_item_details', 'null')
        ) as origin,
        coalesce(
            case when jsonb_typeof(billed.price) = 'object' then billed.price end,
            nullif(billed.pricing #> '{price_details,price}', 'null')
        ) as priced_by
    from source_rows
    cross join
        lateral jsonb_to_record(source_rows.doc) as invoice (
            id text,
            customer jsonb,
            subscription jsonb,
            parent jsonb,
            status text,
            billing_reason text,
            created jsonb,
            lines jsonb
        )
    cross join
        lateral jsonb_to_recordset({{ stripe_list('invoice.lines') }}) as billed (
            id text,
            type text,
            amount jsonb,
            currency text,
            quantity jsonb,
            proration text,
            proration_details jsonb,
            period jsonb,
            subscription jsonb,
            subscription_item jsonb,
            price jsonb,
            plan jsonb,
            pricing jsonb,
            parent jsonb,
            discount_amounts jsonb,
            pretax_credit_amounts jsonb,
            tax_amounts jsonb,
            taxes jsonb
        )
    where {{ not_parsed_before() }}
    -- a fence: what is computed here is computed once, not wherever it is used
    offset 0 -- noqa: AM09

),

priced as (

    select
        *,
        {{ stripe_price('priced_by', 'plan') }}
    from lines

)

-- one row per line of an invoice, whatever its status
select
    priced.id as line_id,
    priced.invoice_id,
    priced.tenant_id,
    priced.customer_id,
    priced.invoice_status,
    priced.billing_reason,
    {{ stripe_instant('priced.invoice_created') }} as invoiced_at,
    coalesce(
        {{ stripe_id('priced.subscription') }},
        {{ stripe_id("priced.origin -> 'subscription'") }},
        case
            when
                priced.type = 'subscription'
                or priced.parent ->> 'type' = 'subscription_item_details'
                then coalesce(
                    {{ stripe_id('priced.invoice_subscription') }},
                    {{ stripe_id("priced.invoice_origin -> 'subscription'") }}
                )
        end
    ) as subscription_id,
    coalesce(
        {{ stripe_id('priced.subscription_item') }},
        {{ stripe_id("priced.origin -> 'subscription_item'") }}
    ) as item_id,
    coalesce(priced.proration, priced.origin ->> 'proration', 'false') = 'true' as is_proration,
    -- what it gives back for time that will not be used, though it may be worth nothing
    coalesce({{ stripe_number('priced.amount') }} < 0, false)
    or coalesce(
        jsonb_typeof(
            coalesce(
                priced.origin #> '{proration_details,credited_items}',
                priced.proration_details -> 'credited_items'
            )
        ) = 'object',
        false
    ) as is_credit,
    {{ stripe_number('priced.quantity') }} as quantity,
    upper(priced.currency) as currency,
    {{ stripe_amount('priced.amount') }} as amount,
    {{ stripe_sum('priced.discount_amounts') }} / coalesce(currencies.subunit_to_unit, 100)::numeric
        as discount,
    case when priced.discount_amounts <> '[]' then priced.discount_amounts end as discount_amounts,
    -- what billing credits, bought or granted before, have paid of it
    {{ stripe_sum(
        'priced.pretax_credit_amounts', only="each.value ->> 'type' = 'credit_balance_transaction'"
    ) }} / coalesce(currencies.subunit_to_unit, 100)::numeric as credited,
    (
        {{ stripe_sum('priced.tax_amounts') }} + {{ stripe_sum('priced.taxes') }}
    ) / coalesce(currencies.subunit_to_unit, 100)::numeric as tax,
    -- the part of the taxes that is in the amount
    (
        {{ stripe_sum('priced.tax_amounts', only="each.value ->> 'inclusive' = 'true'") }}
        + {{ stripe_sum('priced.taxes', only="each.value ->> 'tax_behavior' = 'inclusive'") }}
    ) / coalesce(currencies.subunit_to_unit, 100)::numeric as included_tax,
    {{ stripe_instant("priced.period -> 'start'") }} as service_from,
    {{ stripe_instant("priced.period -> 'end'") }} as service_to,
    priced.price_id,
    coalesce(priced.product_id, {{ stripe_id("priced.pricing #> '{price_details,product}'") }})
        as product_id,
    priced.price_currency,
    coalesce(
        priced.unit_amount_minor, {{ stripe_number("priced.pricing -> 'unit_amount_decimal'") }}
    ) as unit_amount_minor,
    priced.period_unit,
    priced.period_count,
    priced.usage_type,
    priced.billing_scheme,
    priced.divide_by,
    priced.divide_round,
    priced.tax_behavior,
    priced.nickname,
    priced.lookup_key,
    priced.row_version
from priced
left join currencies on upper(priced.currency) = currencies.currency
where priced.id is not null
