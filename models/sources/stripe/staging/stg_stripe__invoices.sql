{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    materialized = 'parsed_table',
    schema = 'parsed',
    meta = {'parses': ['stripe', 'invoices']}
) }}

with

source_rows as (

    select source_rows.*
    from {{ stripe_rows('invoices') }} as source_rows

),

currencies as (

    select * from {{ ref('stripe_currencies') }}

)

-- one row per invoice, whatever its status
select
    parsed.id as invoice_id,
    source_rows.tenant_id,
    {{ stripe_id('parsed.customer') }} as customer_id,
    coalesce(
        {{ stripe_id('parsed.subscription') }},
        {{ stripe_id("parsed.parent #> '{subscription_details,subscription}'") }},
        -- the classic engine lands no parent of an invoice, but that of its lines
        {{ stripe_id(
            "jsonb_path_query_first(parsed.lines, 'lax $.data[*].parent.*.subscription')"
        ) }}
    ) as subscription_id,
    coalesce(parsed.status, 'draft') as status,
    parsed.billing_reason,
    parsed.collection_method,
    upper(parsed.currency) as currency,
    {{ stripe_instant('parsed.created') }} as created_at,
    coalesce(
        {{ stripe_instant("parsed.status_transitions -> 'finalized_at'") }},
        {{ stripe_instant('parsed.created') }}
    ) as finalized_at,
    {{ stripe_instant("parsed.status_transitions -> 'paid_at'") }} as paid_at,
    {{ stripe_instant("parsed.status_transitions -> 'voided_at'") }} as voided_at,
    {{ stripe_instant("parsed.status_transitions -> 'marked_uncollectible_at'") }}
        as uncollectible_at,
    {{ stripe_instant('parsed.due_date') }} as due_at,
    coalesce({{ stripe_number('parsed.attempt_count') }}, 0) as attempt_count,
    {{ stripe_amount('parsed.total') }} as total,
    {{ stripe_amount('parsed.subtotal') }} as subtotal,
    {{ stripe_amount('parsed.amount_paid') }} as amount_paid,
    -- the customer's balance before and after, below zero where it is credit
    {{ stripe_amount('parsed.starting_balance') }} as starting_balance,
    {{ stripe_amount('parsed.ending_balance') }} as ending_balance,
    {{ stripe_id('parsed.charge') }} as charge_id,
    {{ stripe_id('parsed.payment_intent') }} as payment_intent_id,
    coalesce(parsed.lines ->> 'has_more' = 'true', false) as has_more_lines,
    parsed.livemode = 'false' as is_test,
    source_rows.row_version
from source_rows
cross join
    lateral jsonb_to_record(source_rows.doc) as parsed (
        id text,
        customer jsonb,
        subscription jsonb,
        parent jsonb,
        status text,
        billing_reason text,
        collection_method text,
        currency text,
        created jsonb,
        status_transitions jsonb,
        due_date jsonb,
        attempt_count jsonb,
        total jsonb,
        subtotal jsonb,
        amount_paid jsonb,
        starting_balance jsonb,
        ending_balance jsonb,
        charge jsonb,
        payment_intent jsonb,
        lines jsonb,
        livemode text
    )
left join currencies on upper(parsed.currency) = currencies.currency
where {{ not_parsed_before() }} and parsed.id is not null
