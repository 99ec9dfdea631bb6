{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

billed_states as (

    select
        *,
        coalesce(account_currency, '') as currency_key
    from {{ ref('int_killbill__rated_states') }}
    where phase_name is not null and invoiced_amount is not null

)

-- one row per phase and currency of accounts (empty where they have none), with what anybody was
-- last billed for one unit
select distinct on (tenant_record_id, phase_name, currency_key)
    tenant_record_id,
    phase_name,
    currency_key as account_currency,
    invoiced_currency,
    invoiced_unit,
    invoiced_count,
    invoiced_amount / quantity as unit_amount
from billed_states
order by tenant_record_id, phase_name, currency_key, valid_from desc, subscription_id
