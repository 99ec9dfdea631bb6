{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}

)

-- one row per subscription and [valid_from, valid_to) in which no state tells all of its discounts
select
    tenant_id,
    subscription_id,
    '-infinity'::timestamptz as valid_from,
    valid_from as valid_to
from states
where state_number = 1

union all

select
    tenant_id,
    subscription_id,
    valid_from,
    valid_to
from states
where not state ? 'has_all_discounts' and valid_from < valid_to
