{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

billed_items as (

    select * from {{ ref('int_killbill__billed_items') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

owners as (

    select * from {{ ref('int_killbill__owners') }}

),

paid_invoices as (

    select * from {{ ref('int_killbill__paid_invoices') }}

),

refunds as (

    select * from {{ ref('int_killbill__refunds') }}

),

plan_names as (

    select * from {{ ref('int_killbill__plan_names') }}

),

billed_periods as (

    select * from {{ ref('int_killbill__billed_periods') }}

),

-- Of what names no product itself.
products as (

    select distinct on (tenant_record_id, plan_name)
        tenant_record_id,
        plan_name,
        product_name
    from {{ ref('int_killbill__catalog_prices') }}
    order by tenant_record_id, plan_name, version_number desc

),

placed as (

    select
        billed_items.*,
        accounts.tenant_id,
        coalesce(owners.owner_account_id, billed_items.account_id) as customer_id,
        paid_invoices.paid_at,
        coalesce(plan_names.parent_plan, billed_items.plan_name) as plan,
        coalesce(billed_items.product_name, products.product_name) as product,
        {{ local_day_begins('billed_items.start_date', 'accounts.tenant_id') }} as service_from,
        {{ local_day_begins('billed_items.end_date', 'accounts.tenant_id') }} as service_to,
        {{ killbill_months('billed_items.start_date', 'billed_items.end_date') }} as whole_months,
        billed_items.end_date - billed_items.start_date as whole_days,
        billed_periods.period_unit,
        billed_periods.period_count,
        -- what an adjustment gave back as money is a refund of the item, and not credit, too
        1 - coalesce(adjusted.adjusted_share, 0)
            as left_share,
        coalesce(refunds.amount, 0) as refunded
    from billed_items
    inner join accounts
        on
            billed_items.tenant_record_id = accounts.tenant_record_id
            and billed_items.account_id = accounts.account_id
    left join subscriptions
        on
            billed_items.tenant_record_id = subscriptions.tenant_record_id
            and billed_items.subscription_id = subscriptions.subscription_id
    left join owners
        on
            subscriptions.tenant_record_id = owners.tenant_record_id
            and subscriptions.bundle_id = owners.bundle_id
    left join paid_invoices
        on
            billed_items.tenant_record_id = paid_invoices.tenant_record_id
            and billed_items.payer_invoice_id = paid_invoices.invoice_id
    left join plan_names
        on
            billed_items.tenant_record_id = plan_names.tenant_record_id
            and billed_items.plan_name = plan_names.plan_name
    left join billed_periods
        on
            billed_items.tenant_record_id = billed_periods.tenant_record_id
            and billed_items.plan_name = billed_periods.plan_name
            and billed_items.phase_name = billed_periods.phase_name
            and billed_items.catalog_effective_at
            is not distinct from billed_periods.catalog_effective_at
    left join products
        on
            billed_items.tenant_record_id = products.tenant_record_id
            and coalesce(plan_names.parent_plan, billed_items.plan_name) = products.plan_name
    left join refunds
        on
            billed_items.tenant_record_id = refunds.tenant_record_id
            and billed_items.item_id = refunds.item_id
    left join refunds as adjusted
        on
            billed_items.tenant_record_id = adjusted.tenant_record_id
            and billed_items.adjusted_item_id = adjusted.item_id
    where accounts.tenant_id is not null

)

-- one row per item of an invoice that bills something
select
    'killbill' as billing_source,
    tenant_id::text as tenant_id,
    customer_id::text as customer_id,
    subscription_id::text as subscription_id,
    invoice_id::text as invoice_id,
    item_id::text as line_id,
    kind::text as kind,
    case when kind <> 'one_off' then plan end::text as plan,
    product::text as product,
    currency::text as currency,
    case when kind in ('recurring', 'usage') then service_from end as service_from,
    case when kind in ('recurring', 'usage') then service_to end as service_to,
    case
        when kind = 'recurring' then period_unit
        when kind = 'usage' and whole_months > 0 then 'month'
        when kind = 'usage' and whole_days > 0 then 'day'
    end::text as period_unit,
    case
        when kind = 'recurring' then period_count
        when kind = 'usage' then coalesce(nullif(whole_months, 0), nullif(whole_days, 0))
    end::integer as period_count,
    (amount * left_share)::numeric(28, 10) as amount,
    0::numeric(28, 10) as discount,
    (tax * left_share)::numeric(28, 10) as tax,
    invoiced_at,
    paid_at,
    refunded::numeric(28, 10) as refunded,
    'invoice_items' as source_table,
    item_id::text as source_row_id
from placed
where left_share > 0
