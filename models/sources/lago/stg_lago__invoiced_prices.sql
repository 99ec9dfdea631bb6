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

observations as (

    -- The full price of the plan at the time of billing, whatever part of the period was billed.
    -- A period billed twice (void and regenerate) shows the price of the later fee.
    select distinct on (fees.subscription_id, (fees.properties ->> 'from_datetime')::timestamptz)
        fees.subscription_id as segment_id,
        (fees.properties ->> 'from_datetime')::timestamptz as valid_from,
        {{ end_of_period("(fees.properties ->> 'to_datetime')::timestamptz") }} as covered_to,
        (fees.amount_details ->> 'plan_amount_cents')::numeric
        / coalesce(currencies.subunit_to_unit, 100) as amount
    from fees
    inner join invoices on fees.invoice_id = invoices.id
    left join currencies on fees.amount_currency = currencies.currency
    where
        fees.fee_type = 2
        and fees.deleted_at is null
        and fees.amount_details ->> 'plan_amount_cents' is not null
        and fees.properties ->> 'from_datetime' is not null
        and {{ is_real_invoice('invoices') }}
    order by
        fees.subscription_id,
        (fees.properties ->> 'from_datetime')::timestamptz,
        fees.created_at desc,
        fees.id desc

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
