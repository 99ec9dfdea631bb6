{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

told as (

    select * from {{ ref('int_stripe__told_discounts') }}

),

phases as (

    select * from {{ ref('int_stripe__phases') }}

),

state_discounts as (

    select * from {{ ref('int_stripe__state_discounts') }}

),

-- A phase of a schedule has discounts of its own.
windows as (

    select
        told.tenant_id,
        told.subscription_id,
        told.item_id,
        told.valid_from,
        least(told.valid_to, phases.starts_at) as valid_to,
        told.repeating_rate,
        told.repeating_fixed,
        told.forever_rate,
        told.forever_fixed
    from told
    left join phases
        on
            told.tenant_id = phases.tenant_id
            and told.subscription_id = phases.subscription_id
            and phases.state_number = -1

    union all

    select
        phases.tenant_id,
        phases.subscription_id,
        state_discounts.item_id,
        greatest(phases.starts_at, state_discounts.holds_from) as valid_from,
        least(phases.valid_to, state_discounts.holds_to) as valid_to,
        state_discounts.repeating_rate,
        0 as repeating_fixed,
        state_discounts.forever_rate,
        0 as forever_fixed
    from phases
    inner join state_discounts
        on
            phases.tenant_id = state_discounts.tenant_id
            and phases.subscription_id = state_discounts.subscription_id
            and phases.state_number = state_discounts.state_number

)

-- one row per item and [valid_from, valid_to) of the discounts in force, those for good and those
-- for a time
select
    tenant_id,
    subscription_id,
    item_id,
    valid_from,
    valid_to,
    repeating_rate,
    repeating_fixed,
    forever_rate,
    forever_fixed
from windows
where
    valid_from < valid_to
    and repeating_rate + repeating_fixed + forever_rate + forever_fixed > 0
