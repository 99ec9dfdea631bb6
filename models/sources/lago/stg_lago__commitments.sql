{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

commitments as (

    select
        id,
        plan_id,
        commitment_type,
        amount_cents
    from {{ source('lago', 'commitments') }}

)

-- one row per minimum commitment of a plan
select
    id as commitment_id,
    plan_id,
    amount_cents as amount_minor,
    -- not a number that no price can be
    coalesce(amount_cents < 1e15, false) as is_usable
from commitments
where commitment_type = 0
