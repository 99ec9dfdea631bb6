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

)

-- one row per segment, licensed item and unbroken [valid_from, valid_to) of its list price and
-- quantity; amount_per_plan_period is for comparing items that are billed at other intervals
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
where fixed_charges.is_usable
