{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select
        segment_id,
        plan_id,
        period_unit,
        period_count,
        has_monthly_fixed_charges and period_unit || period_count in ('year1', 'month6')
            as bills_fixed_charges_monthly
    from {{ ref('int_lago__segments') }}

),

base_prices as (

    select * from {{ ref('int_lago__base_prices') }}

),

fixed_charges as (

    select * from {{ ref('int_lago__fixed_charge_amounts') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

commitments as (

    select * from {{ ref('stg_lago__commitments') }}

),

licensed as (

    select
        base_prices.segment_id,
        'base' as item_code,
        null as product,
        1::numeric as quantity,
        base_prices.amount,
        base_prices.amount as amount_per_plan_period,
        segments.period_unit,
        segments.period_count,
        base_prices.valid_from,
        base_prices.valid_to,
        base_prices.history_source
    from base_prices
    inner join segments on base_prices.segment_id = segments.segment_id

    union all

    select
        fixed_charges.segment_id,
        'fixed_charge:' || fixed_charges.code as item_code,
        fixed_charges.code as product,
        fixed_charges.units as quantity,
        fixed_charges.amount,
        case
            when not segments.bills_fixed_charges_monthly then fixed_charges.amount
            when segments.period_unit = 'year' then fixed_charges.amount * 12
            else fixed_charges.amount * segments.period_count
        end as amount_per_plan_period,
        case
            when segments.bills_fixed_charges_monthly then 'month' else segments.period_unit
        end as period_unit,
        case
            when segments.bills_fixed_charges_monthly then 1 else segments.period_count
        end as period_count,
        fixed_charges.valid_from,
        fixed_charges.valid_to,
        fixed_charges.history_source
    from fixed_charges
    inner join segments on fixed_charges.segment_id = segments.segment_id

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

),

-- A minimum commitment is billed as a true-up: what the licensed items leave short of it.
true_ups as (

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

)

-- one row per segment, item and unbroken [valid_from, valid_to) of its list price and quantity
select
    segment_id,
    item_code,
    'licensed' as charge_kind,
    product,
    quantity,
    amount,
    period_unit,
    period_count,
    valid_from,
    valid_to,
    history_source
from licensed

union all

select
    segment_id,
    'commitment' as item_code,
    'commitment' as charge_kind,
    null as product,
    1 as quantity,
    amount,
    period_unit,
    period_count,
    valid_from,
    valid_to,
    'inferred' as history_source
from true_ups
