{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per credit note, whatever its status; amounts in major units
select
    parsed.id as credit_note_id,
    source_rows.tenant_id,
    {{ stripe_id('parsed.invoice') }} as invoice_id,
    {{ stripe_id('parsed.customer') }} as customer_id,
    parsed.status,
    parsed.type,
    upper(parsed.currency) as currency,
    {{ stripe_amount('parsed.amount') }} as amount,
    {{ stripe_amount('parsed.total') }} as total,
    {{ stripe_amount('parsed.out_of_band_amount') }} as out_of_band_amount,
    -- what is taken off the invoice itself, and what comes to the customer's balance
    {{ stripe_amount('parsed.pre_payment_amount') }} as pre_payment_amount,
    {{ stripe_id('parsed.customer_balance_transaction') }} as balance_transaction_id,
    {{ stripe_id('parsed.refund') }} as refund_id,
    {{ stripe_list('parsed.refunds') }} as refunds,
    {{ stripe_list('parsed.lines') }} as lines,
    -- null where the engine has kept none of the fields that say it
    case
        when 'array' in (jsonb_typeof(parsed.tax_amounts), jsonb_typeof(parsed.total_taxes))
            then (
                {{ stripe_sum('parsed.tax_amounts') }} + {{ stripe_sum('parsed.total_taxes') }}
            ) / coalesce(currencies.subunit_to_unit, 100)::numeric
    end as tax,
    {{ stripe_instant('parsed.created') }} as created_at,
    {{ stripe_instant('parsed.voided_at') }} as voided_at
from {{ stripe_rows('credit_notes') }} as source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        invoice jsonb,
        customer jsonb,
        status text,
        type text,
        currency text,
        amount jsonb,
        total jsonb,
        out_of_band_amount jsonb,
        pre_payment_amount jsonb,
        customer_balance_transaction jsonb,
        refund jsonb,
        refunds jsonb,
        lines jsonb,
        tax_amounts jsonb,
        total_taxes jsonb,
        created jsonb,
        voided_at jsonb
    )
left join currencies on upper(parsed.currency) = currencies.currency
where parsed.id is not null
