{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fixed_charges as (

    select
        id,
        plan_id,
        parent_id,
        code,
        charge_model,
        properties,
        units,
        deleted_at
    from
        {{ optional_relation(
            source('lago', 'fixed_charges'),
            {
                'id': 'uuid', 'plan_id': 'uuid', 'parent_id': 'uuid', 'code': 'text',
                'charge_model': 'text', 'properties': 'jsonb', 'units': 'numeric',
                'deleted_at': 'timestamp'
            }
        ) }} as fixed_charges

)

-- one row per fixed charge of a plan, deleted ones included
select
    id as fixed_charge_id,
    plan_id,
    parent_id as parent_fixed_charge_id,
    coalesce(code, id::text) as code,
    charge_model::text as charge_model,
    properties,
    units,
    deleted_at at time zone 'UTC' as deleted_at,
    {{ run_instant() }} as observed_at
from fixed_charges
