{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fixed_charges as (

    select * from {{ ref('stg_lago__fixed_charges') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('lago_fixed_charges_history'),
            {'fixed_charge_id': 'uuid', 'properties': 'jsonb', 'observed_at': 'timestamptz'}
        ) }} as fixed_charges_history

),

versions as (

    select
        fixed_charge_id,
        properties,
        observed_at as valid_from,
        lead(observed_at, 1, 'infinity') over version_order as valid_to,
        row_number() over version_order = 1 as is_first
    from captured
    window version_order as (partition by fixed_charge_id order by observed_at)

)

-- one row per fixed charge and version of its price; is_known says whether it was seen
select
    fixed_charge_id,
    properties,
    valid_from,
    valid_to,
    true as is_known
from versions

union all

select
    fixed_charge_id,
    properties,
    '-infinity'::timestamptz as valid_from,
    valid_from as valid_to,
    false as is_known
from versions
where is_first

union all

select
    fixed_charges.fixed_charge_id,
    fixed_charges.properties,
    '-infinity'::timestamptz as valid_from,
    'infinity'::timestamptz as valid_to,
    false as is_known
from fixed_charges
left join versions on fixed_charges.fixed_charge_id = versions.fixed_charge_id
where versions.fixed_charge_id is null
