{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fees as (

    select
        id,
        invoice_id,
        subscription_id,
        charge_id,
        {{ optional_column(source('lago', 'fees'), 'fixed_charge_id', 'uuid') }}
            as fixed_charge_id,
        fee_type,
        amount_cents,
        amount_currency,
        precise_coupons_amount_cents,
        taxes_amount_cents,
        amount_details,
        properties,
        payment_status,
        succeeded_at,
        deleted_at,
        created_at
    from {{ source('lago', 'fees') }}

),

charges as (

    select
        id,
        billable_metric_id
    from {{ source('lago', 'charges') }}

),

billable_metrics as (

    select
        id,
        code
    from {{ source('lago', 'billable_metrics') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

),

stated as (

    select
        *,
        case
            when fee_type in (2, 4) then properties ->> 'from_datetime'
            when fee_type = 0 then properties ->> 'charges_from_datetime'
            when fee_type = 5 then properties ->> 'fixed_charges_from_datetime'
        end as service_from_text,
        case
            when fee_type in (2, 4) then properties ->> 'to_datetime'
            when fee_type = 0 then properties ->> 'charges_to_datetime'
            when fee_type = 5 then properties ->> 'fixed_charges_to_datetime'
        end as service_to_text,
        amount_details ->> 'plan_amount_cents' as plan_amount_text
    from fees
    -- what fills a wallet (3) is no revenue until it is used
    where deleted_at is null and fee_type is distinct from 3

),

read_fees as (

    select
        *,
        {{ readable_instant('service_from_text') }} as service_from,
        {{ readable_instant('service_to_text') }} as service_to,
        {{ readable_number('plan_amount_text') }} as plan_amount
    from stated

)

-- one row per fee that was not deleted, on an invoice of any status or on none
select
    read_fees.id as fee_id,
    read_fees.invoice_id,
    read_fees.subscription_id as segment_id,
    read_fees.fixed_charge_id,
    read_fees.fee_type,
    billable_metrics.code as metric_code,
    read_fees.amount_currency as currency,
    -- null in a currency that Lago does not know: the minor unit would be guessed
    read_fees.amount_cents / currencies.subunit_to_unit::numeric as amount,
    coalesce(read_fees.precise_coupons_amount_cents, 0) / currencies.subunit_to_unit::numeric
        as discount,
    coalesce(read_fees.taxes_amount_cents, 0) / currencies.subunit_to_unit::numeric as tax,
    read_fees.service_from,
    {{ end_of_period('read_fees.service_to') }} as service_to,
    (read_fees.service_from_text is not null and read_fees.service_from is null)
    or (read_fees.service_to_text is not null and read_fees.service_to is null)
    or (read_fees.plan_amount_text is not null and read_fees.plan_amount is null)
        as is_partly_unreadable,
    -- a fee outside of invoices (instant) is paid, or given back, by itself
    read_fees.payment_status in (1, 3) as is_paid,
    read_fees.payment_status = 3 as is_refunded,
    read_fees.succeeded_at at time zone 'UTC' as paid_at,
    read_fees.created_at at time zone 'UTC' as created_at
from read_fees
left join charges on read_fees.charge_id = charges.id
left join billable_metrics on charges.billable_metric_id = billable_metrics.id
left join currencies on read_fees.amount_currency = currencies.currency
