{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

items as (

    select * from {{ ref('int_killbill__rated_items') }}

),

billing_periods as (

    select * from {{ ref('killbill_periods') }}

),

cycle_lengths as (

    select * from {{ ref('int_killbill__cycle_lengths') }}

),

-- A name stands for the first phase of its type.
phases as (

    select distinct on (tenant_record_id, catalog_record_id, plan_name, phase_type) *
    from {{ ref('int_killbill__catalog_prices') }}
    where currency = '*'
    order by tenant_record_id, catalog_record_id, plan_name, phase_type, phase_number

),

named as (

    select distinct
        tenant_record_id,
        plan_name,
        parent_plan,
        phase_name,
        phase_type,
        catalog_effective_at
    from items

),

periods as (

    select
        phases.tenant_record_id,
        phases.plan_name,
        phases.phase_type,
        phases.version_number,
        phases.catalog_effective_at as effective_at,
        billing_periods.period_unit,
        billing_periods.period_count
    from phases
    inner join billing_periods on phases.billing_period = billing_periods.billing_period

),

-- The version that the item names; an overridden plan names the instant of its transition instead.
by_catalog as (

    select distinct on (
        named.tenant_record_id, named.plan_name, named.phase_name, named.catalog_effective_at
    )
        named.*,
        periods.period_unit,
        periods.period_count
    from named
    inner join periods
        on
            named.tenant_record_id = periods.tenant_record_id
            and named.parent_plan = periods.plan_name
            and named.phase_type = periods.phase_type
    order by
        named.tenant_record_id,
        named.plan_name,
        named.phase_name,
        named.catalog_effective_at,
        case
            when periods.effective_at <= named.catalog_effective_at then periods.version_number
        end desc nulls last,
        periods.version_number

)

-- one row per plan, phase and version of the catalog that items were billed with, with the period
-- that their rate is for: the catalog's, else what whole cycles last
select
    named.tenant_record_id,
    named.plan_name,
    named.phase_name,
    named.catalog_effective_at,
    coalesce(by_catalog.period_unit, cycle_lengths.period_unit, 'month') as period_unit,
    coalesce(by_catalog.period_count, cycle_lengths.period_count, 1) as period_count,
    by_catalog.period_unit is null as is_inferred
from named
left join by_catalog
    on
        named.tenant_record_id = by_catalog.tenant_record_id
        and named.plan_name = by_catalog.plan_name
        and named.phase_name = by_catalog.phase_name
        and named.catalog_effective_at is not distinct from by_catalog.catalog_effective_at
left join cycle_lengths
    on
        named.tenant_record_id = cycle_lengths.tenant_record_id
        and named.plan_name = cycle_lengths.plan_name
        and named.phase_name = cycle_lengths.phase_name
