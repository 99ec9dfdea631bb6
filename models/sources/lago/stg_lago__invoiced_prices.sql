{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fees as (

    select
        id,
        invoice_id,
        subscription_id,
        fee_type,
        amount_details,
        amount_currency,
        properties,
        deleted_at,
        created_at
    from {{ source('lago', 'fees') }}

),

invoices as (

    select
        id,
        status,
        self_billed,
        payment_dispute_lost_at
    from {{ source('lago', 'invoices') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

),

readings as (

    select
        fees.id,
        fees.subscription_id as segment_id,
        fees.created_at,
        {{ readable_instant("fees.properties ->> 'from_datetime'") }} as valid_from,
        {{ end_of_period(readable_instant("fees.properties ->> 'to_datetime'")) }} as covered_to,
        {{ readable_number("fees.amount_details ->> 'plan_amount_cents'") }}
        / currencies.subunit_to_unit as amount
    from fees
    inner join invoices on fees.invoice_id = invoices.id
    inner join currencies on fees.amount_currency = currencies.currency
    where
        fees.fee_type = 2
        and fees.deleted_at is null
        and {{ is_real_invoice('invoices') }}

),

observations as (

    -- The full price of the plan at the time of billing, whatever part of the period was billed.
    -- A period billed twice (void and regenerate) shows the price of the later fee.
    select distinct on (segment_id, valid_from)
        segment_id,
        valid_from,
        covered_to,
        amount
    from readings
    where amount is not null and valid_from is not null
    order by segment_id, valid_from, created_at desc, id desc

),

with_previous as (

    select
        *,
        lag(amount) over segment as previous_amount,
        lag(covered_to) over segment as previous_covered_to
    from observations
    window segment as (partition by segment_id order by valid_from)

),

runs as (

    select
        *,
        count(*) filter (
            where
            previous_amount is distinct from amount or valid_from > previous_covered_to
        ) over (partition by segment_id order by valid_from) as run
    from with_previous

)

-- one row per subscription row and unbroken run of invoiced periods at one price
select
    segment_id,
    min(valid_from) as valid_from,
    (array_agg(covered_to order by valid_from desc))[1] as covered_to,
    amount
from runs
group by segment_id, run, amount
