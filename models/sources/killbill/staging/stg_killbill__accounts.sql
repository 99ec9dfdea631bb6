{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

accounts as (

    select
        record_id,
        id,
        external_key,
        name,
        company_name,
        currency,
        country,
        parent_account_id,
        reference_time,
        time_zone,
        created_date,
        tenant_record_id
    from {{ source('killbill', 'accounts') }}

),

tenants as (

    select
        record_id,
        id
    from {{ source('killbill', 'tenants') }}

),

zones as (

    select name
    from {{ known_timezones() }} as known_timezones

),

located as (

    select
        accounts.*,
        tenants.id as tenant_id,
        zones.name as timezone,
        accounts.time_zone ~ '^[+-][0-9]{2}:[0-9]{2}$' as has_fixed_offset
    from accounts
    left join tenants on accounts.tenant_record_id = tenants.record_id
    left join zones on lower(accounts.time_zone) = lower(zones.name)

)

-- one row per account
select
    id::text as account_id,
    record_id::bigint as account_record_id,
    tenant_record_id::bigint as tenant_record_id,
    -- a server for one tenant alone has no row for it
    coalesce(tenant_id::text, case when tenant_record_id = 0 then 'default' end) as tenant_id,
    external_key::text as external_id,
    coalesce(
        nullif(name::text, ''), nullif(company_name::text, ''), nullif(external_key::text, '')
    ) as name,
    upper(nullif(trim(country::text), '')) as country,
    upper(nullif(currency::text, '')) as currency,
    parent_account_id::text as parent_account_id,
    -- Kill Bill takes the offset that the zone had at this instant for all of the account's dates
    case
        when has_fixed_offset then time_zone::interval
        when timezone is not null
            then (reference_time at time zone 'UTC' at time zone timezone) - reference_time
        else '0'::interval
    end as utc_offset,
    timezone is null and has_fixed_offset is not true as has_unknown_timezone,
    created_date at time zone 'UTC' as created_at
from located
