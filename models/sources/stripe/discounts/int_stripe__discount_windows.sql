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
        told.forever_rate_alone,
        told.forever_fixed,
        told.repeating_until
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
        phases.starts_at as valid_from,
        phases.valid_to,
        state_discounts.repeating_rate,
        0 as repeating_fixed,
        state_discounts.forever_rate,
        state_discounts.forever_rate_alone,
        0 as forever_fixed,
        coalesce(state_discounts.repeating_until, 'infinity') as repeating_until
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
    windows.tenant_id,
    windows.subscription_id,
    windows.item_id,
    phases.valid_from,
    phases.valid_to,
    case when phases.is_repeating then windows.repeating_rate else 0 end as repeating_rate,
    case when phases.is_repeating then windows.repeating_fixed else 0 end as repeating_fixed,
    case when phases.is_repeating then windows.forever_rate else windows.forever_rate_alone end
        as forever_rate,
    windows.forever_fixed
from windows
cross join
    lateral (
        values
        (windows.valid_from, least(windows.valid_to, windows.repeating_until), true),
        (greatest(windows.valid_from, windows.repeating_until), windows.valid_to, false)
    ) as phases (valid_from, valid_to, is_repeating)
where
    phases.valid_from < phases.valid_to
    and windows.repeating_rate + windows.repeating_fixed
    + windows.forever_rate + windows.forever_fixed > 0
