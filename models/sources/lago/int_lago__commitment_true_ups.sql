{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select
        segment_id,
        plan_id,
        period_unit,
        period_count
    from {{ ref('int_lago__segments') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

commitments as (

    select * from {{ ref('stg_lago__commitments') }}

),

licensed as (

    select * from {{ ref('int_lago__licensed_items') }}

),

committed_segments as (

    select
        segments.segment_id,
        segments.period_unit,
        segments.period_count,
        max(commitments.amount_minor / plans.subunit_to_unit::numeric) as amount
    from segments
    inner join plans on segments.plan_id = plans.plan_id
    inner join commitments on plans.plan_id = commitments.plan_id
    where commitments.is_usable
    group by segments.segment_id, segments.period_unit, segments.period_count

),

-- Between two neighbouring cut points none of the segment's items changes.
cut_points as (

    select
        licensed.segment_id,
        licensed.valid_from as cut_at
    from licensed
    inner join committed_segments on licensed.segment_id = committed_segments.segment_id

    union distinct

    select
        licensed.segment_id,
        coalesce(licensed.valid_to, 'infinity') as cut_at
    from licensed
    inner join committed_segments on licensed.segment_id = committed_segments.segment_id

),

pieces as (

    select
        segment_id,
        cut_at as valid_from,
        lead(cut_at) over (partition by segment_id order by cut_at) as valid_to
    from cut_points

)

-- one row per segment with a minimum commitment and unbroken [valid_from, valid_to) of what the
-- licensed items leave short of it: Lago bills a commitment as that true-up
select
    pieces.segment_id,
    committed_segments.period_unit,
    committed_segments.period_count,
    greatest(committed_segments.amount - sum(licensed.amount_per_plan_period), 0) as amount,
    pieces.valid_from,
    nullif(pieces.valid_to, 'infinity') as valid_to
from pieces
inner join committed_segments on pieces.segment_id = committed_segments.segment_id
inner join licensed
    on
        pieces.segment_id = licensed.segment_id
        and pieces.valid_from >= licensed.valid_from
        and (licensed.valid_to is null or pieces.valid_from < licensed.valid_to)
group by
    pieces.segment_id,
    committed_segments.period_unit,
    committed_segments.period_count,
    committed_segments.amount,
    pieces.valid_from,
    pieces.valid_to
