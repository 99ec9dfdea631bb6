{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select * from {{ ref('int_lago__segments') }}

),

items as (

    select * from {{ ref('int_lago__items') }}

),

discounts as (

    select * from {{ ref('int_lago__discounts') }}

),

countries as (

    select * from {{ ref('int_lago__countries') }}

),

-- Lago bills no base fee in a trial, but it does bill fixed charges.
stated as (

    select
        items.*,
        phases.status,
        phases.valid_from as phase_from,
        phases.valid_to as phase_to
    from items
    inner join segments on items.segment_id = segments.segment_id
    cross join
        lateral (
            values
            (
                'trialing',
                case when items.item_code not like 'fixed_charge:%' then items.valid_from end,
                case
                    when segments.trial_ends_at is not null
                        then least(segments.trial_ends_at, items.valid_to)
                end
            ),
            (
                'active',
                case
                    when items.item_code like 'fixed_charge:%' then items.valid_from
                    else greatest(segments.trial_ends_at, items.valid_from)
                end,
                coalesce(items.valid_to, 'infinity')
            )
        ) as phases (status, valid_from, valid_to)
    -- an unset bound: no such phase
    where phases.valid_from < phases.valid_to

),

-- Cut at every change of discount and of country.
cut as (

    select
        stated.*,
        countries.country,
        discounts.once_discount,
        discounts.repeating_discount,
        discounts.forever_discount,
        greatest(stated.phase_from, discounts.valid_from, countries.valid_from) as cut_from,
        least(stated.phase_to, discounts.valid_to, countries.valid_to) as cut_to
    from stated
    inner join segments on stated.segment_id = segments.segment_id
    inner join countries on segments.customer_id = countries.customer_id
    left join discounts
        on
            stated.segment_id = discounts.segment_id
            and stated.item_code = discounts.item_code
            and stated.status = 'active'

)

-- one row per subscription item and unbroken [valid_from, valid_to) in which no fact changes
select
    'lago' as billing_source,
    segments.tenant_id::text as tenant_id,
    segments.customer_id::text as customer_id,
    segments.subscription_id::text as subscription_id,
    segments.subscription_id || ':' || cut.item_code as item_id,
    cut.cut_from as valid_from,
    nullif(cut.cut_to, 'infinity') as valid_to,
    cut.status::text as status,
    cut.charge_kind::text as charge_kind,
    segments.plan_code::text as plan,
    segments.plan_id::text as actual_plan_id,
    coalesce(cut.product, segments.plan_code)::text as product,
    cut.quantity::numeric(28, 10) as quantity,
    cut.amount::numeric(28, 10) as amount,
    cut.period_unit::text as period_unit,
    cut.period_count,
    coalesce(cut.once_discount, 0)::numeric(28, 10) as once_discount,
    coalesce(cut.repeating_discount, 0)::numeric(28, 10) as repeating_discount,
    coalesce(cut.forever_discount, 0)::numeric(28, 10) as forever_discount,
    segments.currency::text as currency,
    coalesce(cut.country, 'unknown')::text as country,
    segments.scheduled_end_at,
    segments.cancel_requested_at,
    segments.cancel_effective_at,
    -- Lago keeps no reason, and no word of whose will it was
    null::text as cancel_reason,
    null::boolean as is_voluntary_cancel,
    cut.history_source::text as history_source,
    segments.recorded_at,
    'subscriptions' as source_table,
    segments.segment_id::text as source_row_id
from cut
inner join segments on cut.segment_id = segments.segment_id
where cut.cut_from < cut.cut_to
