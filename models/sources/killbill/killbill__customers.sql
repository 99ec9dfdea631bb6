{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

tags as (

    select * from {{ ref('stg_killbill__account_tags') }}

),

fields as (

    select * from {{ ref('stg_killbill__account_fields') }}

),

blocking_states as (

    select * from {{ ref('stg_killbill__blocking_states') }}

),

closed as (

    select
        tenant_record_id,
        blockable_id as account_id,
        min(effective_at) as closed_at
    from blocking_states
    where blockable_type = 'ACCOUNT' and service = 'account-service' and state = 'CLOSE_ACCOUNT'
    group by tenant_record_id, blockable_id

)

-- one row per account
select
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    accounts.account_id::text as customer_id,
    accounts.parent_account_id::text as parent_customer_id,
    accounts.external_id::text as external_id,
    accounts.name::text as name,
    coalesce(accounts.country, 'unknown')::text as country,
    accounts.currency::text as currency,
    accounts.created_at,
    closed.closed_at as deleted_at,
    coalesce(tags.is_test or tags.is_partner, false) as is_excluded,
    case
        when tags.is_test then 'test account'
        when tags.is_partner then 'partner account'
    end::text as excluded_because,
    coalesce(fields.custom_fields, '{}') as attributes
from accounts
left join tags
    on
        accounts.tenant_record_id = tags.tenant_record_id
        and accounts.account_id = tags.account_id
left join fields
    on
        accounts.tenant_record_id = fields.tenant_record_id
        and accounts.account_id = fields.account_id
left join closed
    on
        accounts.tenant_record_id = closed.tenant_record_id
        and accounts.account_id = closed.account_id
where accounts.tenant_id is not null
