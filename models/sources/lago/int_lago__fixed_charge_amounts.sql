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
        (tier.range ->> 'per_unit_amount')::numeric as per_unit_amount,
        (tier.range ->> 'flat_amount')::numeric as flat_amount,
        coalesce((tier.range ->> 'to_value')::numeric, 'infinity') as units_to,
        coalesce(
            lag((tier.range ->> 'to_value')::numeric) over (
                partition by priced.segment_id, priced.fixed_charge_id, priced.valid_from
                order by tier.position
            ),
            0
        ) as units_from
    from priced
    cross join
        lateral jsonb_array_elements(
            coalesce(
                priced.properties -> 'graduated_ranges', priced.properties -> 'volume_ranges'
            )
        ) with ordinality as tier (range, position)
    where priced.charge_model in ('graduated', 'volume') and priced.units > 0

),

tiered as (

    select
        segment_id,
        fixed_charge_id,
        valid_from,
        sum(
            case
                when charge_model = 'graduated'
                    then (least(units, units_to) - units_from) * per_unit_amount + flat_amount
                -- volume: the one range that holds the total prices all units
                when units <= units_to then units * per_unit_amount + flat_amount
                else 0
            end
        ) as amount
    from tiers
    where units > units_from
    group by segment_id, fixed_charge_id, valid_from

)

-- one row per segment, fixed charge and unbroken [valid_from, valid_to) of units and price;
-- amount is for all units and one period, in major units as Lago writes it
select
    priced.segment_id,
    priced.code,
    priced.units,
    case priced.charge_model
        when 'standard' then priced.units * (priced.properties ->> 'amount')::numeric
        else coalesce(tiered.amount, 0)
    end as amount,
    priced.valid_from,
    nullif(priced.valid_to, 'infinity') as valid_to,
    priced.history_source,
    priced.event_id
from priced
left join tiered
    on
        priced.segment_id = tiered.segment_id
        and priced.fixed_charge_id = tiered.fixed_charge_id
        and priced.valid_from = tiered.valid_from
