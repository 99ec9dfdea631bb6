{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

events as (

    select * from {{ ref('stg_killbill__subscription_events') }}

),

plan_names as (

    select * from {{ ref('int_killbill__plan_names') }}

),

plan_versions as (

    select * from {{ ref('int_killbill__plan_versions') }}

),

terms as (

    select distinct
        tenant_record_id,
        catalog_record_id,
        plan_name,
        phase_number,
        phase_type,
        case duration_unit
            when 'DAYS' then make_interval(days => duration_number)
            when 'WEEKS' then make_interval(weeks => duration_number)
            when 'MONTHS' then make_interval(months => duration_number)
            when 'YEARS' then make_interval(years => duration_number)
        end as duration
    from {{ ref('int_killbill__catalog_prices') }}

),

last_plans as (

    select distinct on (tenant_record_id, subscription_id) *
    from events
    where plan_name is not null
    order by tenant_record_id, subscription_id, effective_at desc, event_record_id desc

),

last_phases as (

    select distinct on (tenant_record_id, subscription_id) *
    from events
    where phase_name is not null
    order by tenant_record_id, subscription_id, effective_at desc, event_record_id desc

),

expired as (

    select distinct
        tenant_record_id,
        subscription_id
    from events
    where kind = 'EXPIRED'

),

-- The engine writes no more than the next phase down, and before 0.24 no end of a term.
open_phases as (

    select
        last_phases.*,
        last_plans.plan_name as last_plan,
        plan_versions.catalog_record_id,
        plan_versions.plan_name as parent_plan
    from last_phases
    inner join last_plans
        on
            last_phases.tenant_record_id = last_plans.tenant_record_id
            and last_phases.subscription_id = last_plans.subscription_id
    left join plan_names
        on
            last_plans.tenant_record_id = plan_names.tenant_record_id
            and last_plans.plan_name = plan_names.plan_name
    inner join plan_versions
        on
            last_phases.tenant_record_id = plan_versions.tenant_record_id
            and coalesce(plan_names.parent_plan, last_plans.plan_name) = plan_versions.plan_name
            and last_plans.effective_at >= plan_versions.changed_from
            and last_plans.effective_at < plan_versions.changed_to
            and last_phases.effective_at >= plan_versions.valid_from
            and last_phases.effective_at < plan_versions.valid_to
    left join expired
        on
            last_phases.tenant_record_id = expired.tenant_record_id
            and last_phases.subscription_id = expired.subscription_id
    where expired.subscription_id is null

),

-- The running phase and those behind it, each with its end.
timed as (

    select
        open_phases.*,
        terms.phase_number,
        lead(terms.phase_type) over phase_order as next_phase_type,
        sum(terms.duration) over phase_order as elapsed,
        count(*) filter (where terms.duration is null) over phase_order as endless_phases
    from open_phases
    inner join terms as running
        on
            open_phases.tenant_record_id = running.tenant_record_id
            and open_phases.catalog_record_id = running.catalog_record_id
            and open_phases.parent_plan = running.plan_name
            and upper(substring(open_phases.phase_name from '[^-]+$')) = running.phase_type
    inner join terms
        on
            running.tenant_record_id = terms.tenant_record_id
            and running.catalog_record_id = terms.catalog_record_id
            and running.plan_name = terms.plan_name
            and running.phase_number <= terms.phase_number
    window
        phase_order as (
            partition by
                open_phases.tenant_record_id, open_phases.subscription_id, running.phase_number
            order by terms.phase_number
        )

)

-- one row per phase, or end, of a subscription that is to come by its catalog and is no event yet
select
    tenant_record_id,
    subscription_id,
    event_id,
    event_record_id,
    created_at,
    case when next_phase_type is null then 'EXPIRED' else 'PHASE' end as kind,
    last_plan || '-' || lower(next_phase_type) as phase_name,
    (effective_at at time zone 'UTC' + elapsed) at time zone 'UTC' as effective_at
from timed
where endless_phases = 0
