{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

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

-- The last plan and the last phase that are written down, and whether an end is.
last_events as (

    select
        tenant_record_id,
        subscription_id,
        bool_or(kind = 'EXPIRED') as has_expiry,
        (
            array_agg(plan_name order by effective_at desc, event_record_id desc)
            filter (where plan_name is not null)
        )[1] as plan_name,
        (
            array_agg(effective_at order by effective_at desc, event_record_id desc)
            filter (where plan_name is not null)
        )[1] as plan_changed_at,
        (
            array_agg(phase_name order by effective_at desc, event_record_id desc)
            filter (where phase_name is not null)
        )[1] as phase_name,
        (
            array_agg(effective_at order by effective_at desc, event_record_id desc)
            filter (where phase_name is not null)
        )[1] as effective_at,
        (
            array_agg(event_id order by effective_at desc, event_record_id desc)
            filter (where phase_name is not null)
        )[1] as event_id,
        (
            array_agg(event_record_id order by effective_at desc, event_record_id desc)
            filter (where phase_name is not null)
        )[1] as event_record_id,
        (
            array_agg(created_at order by effective_at desc, event_record_id desc)
            filter (where phase_name is not null)
        )[1] as created_at
    from events
    group by tenant_record_id, subscription_id

),

-- The engine writes no more than the next phase down, and before 0.24 no end of a term.
open_phases as (

    select
        last_events.*,
        plan_versions.catalog_record_id,
        plan_versions.plan_name as parent_plan
    from last_events
    left join plan_names
        on
            last_events.tenant_record_id = plan_names.tenant_record_id
            and last_events.plan_name = plan_names.plan_name
    inner join plan_versions
        on
            last_events.tenant_record_id = plan_versions.tenant_record_id
            and coalesce(plan_names.parent_plan, last_events.plan_name) = plan_versions.plan_name
            and last_events.plan_changed_at >= plan_versions.changed_from
            and last_events.plan_changed_at < plan_versions.changed_to
            and last_events.effective_at >= plan_versions.valid_from
            and last_events.effective_at < plan_versions.valid_to
    where not last_events.has_expiry and last_events.phase_name not like '%-evergreen'

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
    plan_name || '-' || lower(next_phase_type) as phase_name,
    (effective_at at time zone 'UTC' + elapsed) at time zone 'UTC' as effective_at
from timed
where endless_phases = 0
