{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

live_tenants as (

    select * from {{ ref('int_stripe__live_tenants') }}
    where source_table = 'customers'

),

invoices as not materialized (

    select
        invoices.tenant_id,
        invoices.invoice_id,
        invoices.customer_id,
        invoices.finalized_at as invoiced_at,
        case
            when invoices.status = 'paid' then coalesce(invoices.paid_at, invoices.finalized_at)
        end as paid_at
    from {{ ref('stg_stripe__invoices') }} as invoices
    left join customers
        on
            invoices.tenant_id = customers.tenant_id
            and invoices.customer_id = customers.customer_id
    left join live_tenants on invoices.tenant_id = live_tenants.tenant_id
    where
        invoices.status in ('open', 'paid', 'uncollectible')
        and invoices.customer_id is not null
        and (customers.is_test and live_tenants.tenant_id is not null) is not true

),

invoice_lines as (

    select
        *,
        -- what is left of it, and the part of that which is tax
        amount - discount - included_tax as net_amount,
        case when amount > discount then included_tax / (amount - discount) else 0 end
            as included_tax_share
    from {{ ref('stg_stripe__invoice_lines') }}
    where amount is not null and currency is not null

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

refunds as (

    select * from {{ ref('int_stripe__refunds') }}

),

credits as (

    select * from {{ ref('int_stripe__credits') }}

),

billed as (

    select
        lines.*,
        round(lines.discount * (1 - lines.included_tax_share), 10) as untaxed_discount,
        invoices.customer_id as invoiced_customer_id,
        invoices.invoiced_at as finalized_at,
        invoices.paid_at,
        prices.plan,
        prices.product,
        case
            -- an item of the customer's own, though it may be named with a subscription
            when lines.subscription_id is null or (lines.item_id is null and not lines.is_proration)
                then 'one_off'
            when prices.is_metered then 'usage'
            else 'recurring'
        end as kind,
        prices.period_unit as price_period_unit,
        prices.period_count as price_period_count,
        coalesce(refunds.amount, 0) as refunded
    from invoice_lines as lines
    inner join invoices
        on lines.tenant_id = invoices.tenant_id and lines.invoice_id = invoices.invoice_id
    left join prices on lines.tenant_id = prices.tenant_id and lines.price_id = prices.price_id
    left join refunds
        on
            lines.tenant_id = refunds.tenant_id
            and lines.invoice_id = refunds.invoice_id
            and lines.line_id = refunds.line_id

),

lines as (

    select
        tenant_id,
        invoiced_customer_id as customer_id,
        subscription_id,
        invoice_id,
        -- older versions of the API repeat the id of the subscription
        case when line_id like 'il%' then line_id else invoice_id || ':' || line_id end as line_id,
        kind,
        case when kind <> 'one_off' then plan end as plan,
        product,
        currency,
        case when kind <> 'one_off' then service_from end as service_from,
        case when kind <> 'one_off' then service_to end as service_to,
        case when kind <> 'one_off' then price_period_unit end as period_unit,
        case when kind <> 'one_off' and price_period_unit is not null then price_period_count end
            as period_count,
        net_amount + untaxed_discount as amount,
        untaxed_discount as discount,
        tax,
        finalized_at as invoiced_at,
        paid_at,
        refunded,
        'invoices' as source_table,
        invoice_id as source_row_id
    from billed

    union all

    select
        credits.tenant_id,
        invoices.customer_id,
        null as subscription_id,
        credits.invoice_id,
        credits.line_id,
        'credit' as kind,
        null as plan,
        null as product,
        credits.currency,
        null as service_from,
        null as service_to,
        null as period_unit,
        null as period_count,
        -credits.amount * (1 - credits.tax_share) as amount,
        0 as discount,
        -credits.amount * credits.tax_share as tax,
        invoices.invoiced_at,
        invoices.paid_at,
        0 as refunded,
        credits.source_table,
        credits.source_row_id
    from credits
    inner join invoices
        on credits.tenant_id = invoices.tenant_id and credits.invoice_id = invoices.invoice_id

)

-- one row per line of a real invoice, and per payment of one with credit
select
    'stripe' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    subscription_id::text as subscription_id,
    invoice_id::text as invoice_id,
    line_id::text as line_id,
    kind::text as kind,
    plan::text as plan,
    product::text as product,
    currency::text as currency,
    service_from,
    service_to,
    period_unit::text as period_unit,
    period_count,
    amount::numeric(28, 10) as amount,
    discount::numeric(28, 10) as discount,
    tax::numeric(28, 10) as tax,
    invoiced_at,
    paid_at,
    refunded::numeric(28, 10) as refunded,
    source_table::text as source_table,
    source_row_id::text as source_row_id
from lines
