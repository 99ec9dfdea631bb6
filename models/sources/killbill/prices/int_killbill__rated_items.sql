{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

items as (

    select * from {{ ref('stg_killbill__invoice_items') }}
    where start_date < end_date

),

invoices as (

    select * from {{ ref('stg_killbill__invoices') }}

),

plan_names as (

    select * from {{ ref('int_killbill__plan_names') }}

),

billed as (

    select items.*
    from items
    inner join invoices
        on
            items.tenant_record_id = invoices.tenant_record_id
            and items.invoice_id = invoices.invoice_id
    where not invoices.is_parent

),

-- What was billed and not used is taken back by dates.
repairs as (

    select
        tenant_record_id,
        linked_item_id,
        range_agg(daterange(start_date, end_date)) as dates
    from billed
    where item_type = 'REPAIR_ADJ'
    group by tenant_record_id, linked_item_id

)

-- one row per item that bills a period at a rate, with the days of it that still stand
select
    billed.tenant_record_id,
    billed.item_id,
    billed.item_record_id,
    billed.account_id,
    billed.subscription_id,
    billed.plan_name,
    coalesce(plan_names.parent_plan, billed.plan_name) as parent_plan,
    billed.phase_name,
    upper(substring(billed.phase_name from '[^-]+$')) as phase_type,
    billed.catalog_effective_at,
    billed.currency,
    billed.rate,
    billed.amount,
    billed.start_date,
    billed.end_date,
    datemultirange(daterange(billed.start_date, billed.end_date))
    - coalesce(repairs.dates, '{}') as dates
from billed
left join repairs
    on
        billed.tenant_record_id = repairs.tenant_record_id
        and billed.item_id = repairs.linked_item_id
left join plan_names
    on
        billed.tenant_record_id = plan_names.tenant_record_id
        and billed.plan_name = plan_names.plan_name
where
    billed.item_type = 'RECURRING'
    and billed.rate is not null
    and billed.subscription_id is not null
    and billed.phase_name is not null
