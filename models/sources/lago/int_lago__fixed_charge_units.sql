{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select
        segment_id,
        plan_id,
        valid_from,
        valid_to
    from {{ ref('int_lago__segments') }}

),

fixed_charges as (

    select * from {{ ref('stg_lago__fixed_charges') }}

),

units as (

    select * from {{ ref('stg_lago__fixed_charge_units') }}

),

held as (

    select
        segments.segment_id,
        fixed_charges.fixed_charge_id,
        fixed_charges.code,
        fixed_charges.charge_model,
        segments.valid_from as held_from,
        least(segments.valid_to, fixed_charges.deleted_at, 'infinity') as held_to,
        fixed_charges.parent_fixed_charge_id,
        fixed_charges.units as plan_units
    from segments
    inner join fixed_charges on segments.plan_id = fixed_charges.plan_id

),

-- Events of the charge this one was copied from count too: an override clones the plan's charges.
statements as (

    select
        held.segment_id,
        held.fixed_charge_id,
        units.units,
        units.valid_from,
        units.recorded_at,
        units.event_id,
        case when units.event_id is not null then 'event' else 'override' end as authority
    from held
    inner join units
        on
            held.segment_id = units.segment_id
            and units.fixed_charge_id in (held.fixed_charge_id, held.parent_fixed_charge_id)

    union all

    select
        segment_id,
        fixed_charge_id,
        plan_units as units,
        '-infinity' as valid_from,
        null as recorded_at,
        null as event_id,
        'plan' as authority
    from held

),

-- Events say it all from the start of the subscription, or from the day the charge was added to
-- its plan. Where there are none (before v1.33) the override holds, else the plan's own units.
ranked as (

    select
        *,
        bool_or(authority = 'event') over charge as has_events,
        bool_or(authority = 'override') over charge as has_override
    from statements
    window charge as (partition by segment_id, fixed_charge_id)

),

-- Of several statements for one instant the last recorded one holds.
settled as (

    select distinct on (segment_id, fixed_charge_id, valid_from)
        segment_id,
        fixed_charge_id,
        units,
        valid_from,
        event_id
    from ranked
    where
        case
            when has_events then authority = 'event'
            when has_override then authority = 'override'
            else true
        end
    order by
        segment_id,
        fixed_charge_id,
        valid_from,
        recorded_at desc nulls last,
        event_id desc nulls last

),

intervals as (

    select
        *,
        lead(valid_from, 1, 'infinity') over (
            partition by segment_id, fixed_charge_id
            order by valid_from
        ) as valid_to
    from settled

)

-- one row per segment, fixed charge and unbroken [valid_from, valid_to) of its units
select
    held.segment_id,
    held.fixed_charge_id,
    held.code,
    held.charge_model,
    intervals.units,
    intervals.event_id,
    greatest(intervals.valid_from, held.held_from) as valid_from,
    least(intervals.valid_to, held.held_to) as valid_to
from intervals
inner join held
    on
        intervals.segment_id = held.segment_id
        and intervals.fixed_charge_id = held.fixed_charge_id
where
    greatest(intervals.valid_from, held.held_from)
    < least(intervals.valid_to, held.held_to)
