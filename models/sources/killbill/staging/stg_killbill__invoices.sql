{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

invoices as (

    select
        id,
        account_id,
        status,
        migrated,
        parent_invoice,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'invoices') }}

),

parents as (

    select
        tenant_record_id,
        child_invoice_id,
        min(parent_invoice_id) as parent_invoice_id
    from {{ source('killbill', 'invoice_parent_children') }}
    group by tenant_record_id, child_invoice_id

)

-- one row per invoice that bills something: no draft or void one, none brought from elsewhere
select
    invoices.id::text as invoice_id,
    invoices.tenant_record_id::bigint as tenant_record_id,
    invoices.account_id::text as account_id,
    -- sums up what the children of an account were billed
    coalesce(invoices.parent_invoice, false) as is_parent,
    -- the account may leave it to its parent to pay
    coalesce(parents.parent_invoice_id, invoices.id)::text as payer_invoice_id,
    invoices.created_date at time zone 'UTC' as invoiced_at
from invoices
left join parents
    on
        invoices.tenant_record_id = parents.tenant_record_id
        and invoices.id = parents.child_invoice_id
where invoices.status = 'COMMITTED' and invoices.migrated is not true
