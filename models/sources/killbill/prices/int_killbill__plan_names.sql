{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

plan_overrides as (

    select * from {{ ref('stg_killbill__plan_overrides') }}

)

-- one row per name of a plan whose prices were overridden, with the plan of the catalog that it is
-- made of: only its row tells, since plans of a catalog may be named alike. Kill Bill writes a
-- dash, and reads a colon where it is told to.
select
    plan_overrides.tenant_record_id,
    plan_overrides.parent_plan || separators.separator || plan_overrides.override_record_id
        as plan_name,
    plan_overrides.parent_plan,
    plan_overrides.override_record_id
from plan_overrides
cross join (values ('-'), (':')) as separators (separator)
