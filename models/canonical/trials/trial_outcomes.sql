{#- What had MRR in the trial already converts it at its end. -#}
{%- set conversion = {
    'first_mrr': {
        'events': ref('item_mrr'),
        'counts': 'mrr > 0',
        'is_of_trial': '(events.ended_at > trials.ends_at or events.ended_at is null)',
        'at': 'greatest(events.changed_at, trials.ends_at)'
    },
    'first_payment': {
        'events': ref('invoice_lines'),
        'counts': "kind = 'recurring' and amount > discount",
        'is_of_trial': 'events.paid_at >= trials.started_at',
        'at': 'events.paid_at'
    }
}[option('trial_converted_when')] -%}

with

trials as (

    select
        trials.*,
        customers.country,
        clock.as_of
    from {{ ref('trials') }} as trials
    inner join {{ ref('customers') }} as customers
        on
            trials.billing_source = customers.billing_source
            and trials.tenant_id = customers.tenant_id
            and trials.customer_id = customers.customer_id
    cross join {{ ref('as_of') }} as clock
    where trials.started_at <= clock.as_of and {{ is_counted_customer('customers') }}

),

running_subscriptions as (

    select distinct
        billing_source,
        tenant_id,
        customer_id,
        subscription_id
    from {{ ref('item_mrr') }}
    where ended_at is null

),

events as (

    select * from {{ conversion['events'] }}
    where {{ conversion['counts'] }}

),

conversions as (

    select
        trials.billing_source,
        trials.tenant_id,
        trials.source_table,
        trials.source_row_id,
        min({{ conversion['at'] }}) as converted_at
    from trials
    inner join events
        on
            trials.billing_source = events.billing_source
            and trials.tenant_id = events.tenant_id
            and trials.customer_id = events.customer_id
            and trials.subscription_id = events.subscription_id
            and {{ conversion['is_of_trial'] }}
    group by
        trials.billing_source, trials.tenant_id, trials.source_table, trials.source_row_id

)

-- one row per trial that has begun, and what became of it
select
    trials.billing_source,
    trials.tenant_id,
    trials.customer_id,
    trials.subscription_id,
    trials.plan,
    trials.country,
    trials.started_at,
    trials.ends_at,
    case when conversions.converted_at <= trials.as_of then conversions.converted_at end
        as converted_at,
    case
        when conversions.converted_at <= trials.as_of then 'converted'
        when trials.cancelled_at <= trials.as_of then 'cancelled'
        when trials.ends_at <= trials.as_of and running_subscriptions.subscription_id is null
            then 'expired'
        else 'pending'
    end as outcome,
    trials.source_table,
    trials.source_row_id
from trials
left join conversions
    on
        trials.billing_source = conversions.billing_source
        and trials.tenant_id = conversions.tenant_id
        and trials.source_table = conversions.source_table
        and trials.source_row_id = conversions.source_row_id
left join running_subscriptions
    on
        trials.billing_source = running_subscriptions.billing_source
        and trials.tenant_id = running_subscriptions.tenant_id
        and trials.customer_id = running_subscriptions.customer_id
        and trials.subscription_id = running_subscriptions.subscription_id
