{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

units as (

    select * from {{ ref('int_lago__fixed_charge_units') }}

),

versions as (

    select * from {{ ref('int_lago__fixed_charge_versions') }}

),

priced as (

    select
        units.segment_id,
        units.fixed_charge_id,
        units.code,
        units.charge_model,
        units.units,
        units.event_id,
        versions.properties,
        case when versions.is_known then 'snapshot' else 'inferred' end as history_source,
        greatest(units.valid_from, versions.valid_from) as valid_from,
        least(units.valid_to, versions.valid_to) as valid_to
    from units
    inner join versions on units.fixed_charge_id = versions.fixed_charge_id
    where
        greatest(units.valid_from, versions.valid_from)
        < least(units.valid_to, versions.valid_to)

),

-- Tiers are given as inclusive ranges; each begins where the one before it ends.
tiers as (

    select
        priced.segment_id,
        priced.fixed_charge_id,
        priced.valid_from,
        priced.charge_model,
        priced.units,
        {{ readable_number("tier.range ->> 'per_unit_amount'") }} as per_unit_amount,
        coalesce({{ readable_number("tier.range ->> 'flat_amount'") }}, 0) as flat_amount,
        coalesce({{ readable_number("tier.range ->> 'to_value'") }}, 'infinity') as units_to,
        coalesce(
            lag({{ readable_number("tier.range ->> 'to_value'") }}) over (
                partition by priced.segment_id, priced.fixed_charge_id, priced.valid_from
                order by tier.position
            ),
            0
        ) as units_from
    from priced
    cross join
        lateral jsonb_path_query(
            coalesce(
                priced.properties -> 'graduated_ranges', priced.properties -> 'volume_ranges'
            ),
            '$[*]'
        ) with ordinality as tier (range, position)
    where priced.charge_model in ('graduated', 'volume') and priced.units > 0

),

tiered as (

    select
        segment_id,
        fixed_charge_id,
        valid_from,
        case
            when bool_and(per_unit_amount is not null)
                then sum(
                    case
                        when charge_model = 'graduated'
                            then
                                (least(units, units_to) - units_from) * per_unit_amount
                                + flat_amount
                        -- volume: the one range that holds the total prices all units
                        when units <= units_to then units * per_unit_amount + flat_amount
                        else 0
                    end
                )
        end as amount
    from tiers
    where units > units_from
    group by segment_id, fixed_charge_id, valid_from

),

amounts as (

    select
        priced.*,
        case
            when priced.charge_model = 'standard'
                then priced.units * {{ readable_number("priced.properties ->> 'amount'") }}
            when priced.units <= 0 then 0
            else tiered.amount
        end as amount
    from priced
    left join tiered
        on
            priced.segment_id = tiered.segment_id
            and priced.fixed_charge_id = tiered.fixed_charge_id
            and priced.valid_from = tiered.valid_from

)

-- one row per segment, fixed charge and unbroken [valid_from, valid_to) of units and price;
-- amount is for all units and one period, in major units as Lago writes it
select
    segment_id,
    fixed_charge_id,
    code,
    units,
    amount,
    valid_from,
    nullif(valid_to, 'infinity') as valid_to,
    history_source,
    event_id,
    -- a price that cannot be read, or a number that no price or quantity can be
    coalesce(amount < 1e15 and units < 1e15, false) as is_usable
from amounts
