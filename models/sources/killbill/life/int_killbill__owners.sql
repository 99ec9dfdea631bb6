{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

bundles as (

    select
        *,
        external_key ~ '^kbtsf-[0-9]+:' as is_handed_over,
        regexp_replace(external_key, '^kb(tsf|cncl)-[0-9]+:', '') as original_key
    from {{ ref('stg_killbill__bundles') }}

),

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

events as (

    select * from {{ ref('stg_killbill__subscription_events') }}

),

transfers as (

    select
        subscriptions.tenant_record_id,
        subscriptions.bundle_id,
        min(events.effective_at) as transferred_at
    from events
    inner join subscriptions
        on
            events.tenant_record_id = subscriptions.tenant_record_id
            and events.subscription_id = subscriptions.subscription_id
    where events.kind = 'TRANSFER'
    group by subscriptions.tenant_record_id, subscriptions.bundle_id

),

-- A bundle that is handed over keeps a number before its key; the next of that key is the one that
-- the new account got. So the bundles of a key are cut behind each that nobody handed on.
chained as (

    select
        bundles.*,
        transfers.transferred_at,
        count(*) filter (where not bundles.is_handed_over) over (
            partition by bundles.tenant_record_id, bundles.original_key
            order by bundles.bundle_record_id
            rows between unbounded preceding and 1 preceding
        ) as chain_number
    from bundles
    left join transfers
        on
            bundles.tenant_record_id = transfers.tenant_record_id
            and bundles.bundle_id = transfers.bundle_id

)

-- one row per bundle: the account that has it in the end, all along, and when it was handed on
select
    tenant_record_id,
    bundle_id,
    last_value(account_id) over chain as owner_account_id,
    is_handed_over,
    case when is_handed_over then lead(transferred_at) over bundle_order end as handed_over_at,
    transferred_at is not null as is_received
from chained
window
    bundle_order as (
        partition by tenant_record_id, original_key, chain_number
        order by bundle_record_id
    ),
    chain as (
        partition by tenant_record_id, original_key, chain_number
        order by bundle_record_id
        rows between unbounded preceding and unbounded following
    )
