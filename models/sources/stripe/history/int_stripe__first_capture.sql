{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

captured as (

    select *
    from
        {{ optional_relation(
            ref('stripe_subscriptions_history'), {'observed_at': 'timestamptz'}
        ) }} as subscriptions_history

)

-- one row, if anything was captured: since when subscriptions are
select
    'subscriptions' as source_table,
    min(observed_at) as captures_since
from captured
having count(*) > 0
