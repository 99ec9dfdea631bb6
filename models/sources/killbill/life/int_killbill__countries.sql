{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

history as (

    select * from {{ ref('stg_killbill__account_versions') }}

),

told as (

    select
        *,
        lag(country) over version_order as country_before,
        row_number() over version_order as version_number
    from history
    window
        version_order as (
            partition by tenant_record_id, account_record_id
            order by changed_at, version_record_id
        )

),

-- Of all that changes an account only its country matters here.
versions as (

    select
        tenant_record_id,
        account_record_id,
        country,
        case when row_number() over version_order = 1 then '-infinity' else changed_at end
            as valid_from,
        lead(changed_at, 1, 'infinity') over version_order as valid_to
    from told
    where version_number = 1 or country is distinct from country_before
    window
        version_order as (
            partition by tenant_record_id, account_record_id
            order by changed_at, version_record_id
        )

)

-- one row per account and version of its country, over [valid_from, valid_to)
select
    accounts.tenant_record_id,
    accounts.account_id,
    case when versions.account_record_id is null then accounts.country else versions.country end
        as country,
    coalesce(versions.valid_from, '-infinity') as valid_from,
    coalesce(versions.valid_to, 'infinity') as valid_to
from accounts
left join versions
    on
        accounts.tenant_record_id = versions.tenant_record_id
        and accounts.account_record_id = versions.account_record_id
        and versions.valid_from < versions.valid_to
