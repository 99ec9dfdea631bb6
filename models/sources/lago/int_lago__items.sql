{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

licensed as (

    select * from {{ ref('int_lago__licensed_items') }}

),

true_ups as (

    select * from {{ ref('int_lago__commitment_true_ups') }}

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
