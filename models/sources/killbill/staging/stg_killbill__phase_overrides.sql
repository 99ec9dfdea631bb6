{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

plan_phases as (

    select
        phase_number,
        phase_def_record_id,
        target_plan_def_record_id,
        tenant_record_id
    from {{ source('killbill', 'catalog_override_plan_phase') }}

),

phase_definitions as (

    select
        record_id,
        currency,
        fixed_price,
        recurring_price,
        tenant_record_id
    from {{ source('killbill', 'catalog_override_phase_definition') }}

)

-- one row per phase of a plan and currency whose prices were overridden; null: not this price
select
    plan_phases.target_plan_def_record_id::bigint as override_record_id,
    plan_phases.tenant_record_id::bigint as tenant_record_id,
    plan_phases.phase_number::integer as phase_number,
    upper(phase_definitions.currency::text) as currency,
    phase_definitions.fixed_price::numeric as fixed_price,
    phase_definitions.recurring_price::numeric as recurring_price
from plan_phases
inner join phase_definitions
    on
        plan_phases.tenant_record_id = phase_definitions.tenant_record_id
        and plan_phases.phase_def_record_id = phase_definitions.record_id
