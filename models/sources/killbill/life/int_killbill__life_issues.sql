{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

planned as (

    select distinct
        tenant_record_id,
        subscription_id
    from {{ ref('stg_killbill__subscription_events') }}
    where plan_name is not null

),

bundles as (

    select * from {{ ref('stg_killbill__bundles') }}

),

owners as (

    select * from {{ ref('int_killbill__owners') }}

),

items as (

    select * from {{ ref('stg_killbill__invoice_items') }}

),

linked_items as (

    select
        tenant_record_id,
        item_id
    from items

)

-- one row per row of Kill Bill's and reason why its life could not be told as it stands there
select
    accounts.tenant_record_id,
    accounts.account_id,
    checks.issue,
    'accounts' as source_table,
    accounts.account_id as source_row_id
from accounts
cross join
    lateral (
        values
        ('tenant_missing', accounts.tenant_id is null),
        ('unknown_timezone', accounts.has_unknown_timezone)
    ) as checks (issue, is_found)
where checks.is_found

union all

select
    subscriptions.tenant_record_id,
    accounts.account_id,
    checks.issue,
    'subscriptions' as source_table,
    subscriptions.subscription_id as source_row_id
from subscriptions
left join accounts
    on
        subscriptions.tenant_record_id = accounts.tenant_record_id
        and subscriptions.account_record_id = accounts.account_record_id
left join planned
    on
        subscriptions.tenant_record_id = planned.tenant_record_id
        and subscriptions.subscription_id = planned.subscription_id
cross join
    lateral (
        values
        ('account_missing', accounts.account_id is null),
        ('plan_missing', planned.subscription_id is null)
    ) as checks (issue, is_found)
where checks.is_found

union all

select
    bundles.tenant_record_id,
    bundles.account_id,
    'receiver_missing' as issue,
    'bundles' as source_table,
    bundles.bundle_id as source_row_id
from bundles
inner join owners
    on bundles.tenant_record_id = owners.tenant_record_id and bundles.bundle_id = owners.bundle_id
where owners.is_handed_over and owners.handed_over_at is null

union all

select
    items.tenant_record_id,
    items.account_id,
    'adjusted_item_missing' as issue,
    'invoice_items' as source_table,
    items.item_id as source_row_id
from items
left join linked_items
    on
        items.tenant_record_id = linked_items.tenant_record_id
        and items.linked_item_id = linked_items.item_id
where items.item_type in ('REPAIR_ADJ', 'ITEM_ADJ') and linked_items.item_id is null
