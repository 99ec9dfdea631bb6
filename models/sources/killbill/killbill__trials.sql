{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

priced_states as (

    select * from {{ ref('int_killbill__priced_states') }}

),

subscriptions as (

    select * from {{ ref('stg_killbill__subscriptions') }}

),

ends as (

    select * from {{ ref('int_killbill__ends') }}

),

owners as (

    select * from {{ ref('int_killbill__owners') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

phase_plans as (

    select * from {{ ref('stg_killbill__phase_plans') }}

),

-- A subscription begins with its trial, or has none.
numbered as (

    select
        *,
        count(*) filter (where phase_type is distinct from 'TRIAL') over (
            partition by tenant_record_id, subscription_id
            order by valid_from
        ) as later_phases
    from priced_states

),

tried as (

    select
        tenant_record_id,
        subscription_id,
        min(valid_from) as tried_from,
        max(valid_to) as tried_to,
        (array_agg(account_id order by valid_from))[1] as account_id,
        (array_agg(parent_plan order by valid_from))[1] as plan,
        (array_agg(event_id order by valid_from))[1] as event_id
    from numbered
    where later_phases = 0
    group by tenant_record_id, subscription_id

),

-- What was to come of a trial that was cut off.
cut_off as (

    select distinct on (tried.tenant_record_id, tried.subscription_id)
        tried.tenant_record_id,
        tried.subscription_id,
        phase_plans.effective_at as planned_to
    from tried
    inner join phase_plans
        on
            tried.tenant_record_id = phase_plans.tenant_record_id
            and tried.subscription_id = phase_plans.subscription_id
            and tried.tried_to <= phase_plans.effective_at
    order by tried.tenant_record_id, tried.subscription_id, phase_plans.event_record_id desc

)

-- one row per trial of a subscription. One that was handed over within its trial goes on with the
-- subscription that the new account has.
select
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    coalesce(owners.owner_account_id, tried.account_id)::text as customer_id,
    tried.subscription_id::text as subscription_id,
    tried.plan::text as plan,
    case
        when owners.is_received then least(subscriptions.started_at, tried.tried_from)
        else tried.tried_from
    end as started_at,
    case
        when ends.service_end_at <= tried.tried_to then coalesce(cut_off.planned_to, tried.tried_to)
        else tried.tried_to
    end as ends_at,
    case when ends.service_end_at <= tried.tried_to then ends.service_end_at end as cancelled_at,
    'subscription_events' as source_table,
    tried.event_id::text as source_row_id
from tried
inner join subscriptions
    on
        tried.tenant_record_id = subscriptions.tenant_record_id
        and tried.subscription_id = subscriptions.subscription_id
inner join ends
    on
        tried.tenant_record_id = ends.tenant_record_id
        and tried.subscription_id = ends.subscription_id
inner join accounts
    on
        tried.tenant_record_id = accounts.tenant_record_id
        and tried.account_id = accounts.account_id
left join cut_off
    on
        tried.tenant_record_id = cut_off.tenant_record_id
        and tried.subscription_id = cut_off.subscription_id
left join owners
    on
        tried.tenant_record_id = owners.tenant_record_id
        and subscriptions.bundle_id = owners.bundle_id
where
    accounts.tenant_id is not null
    and tried.tried_to < 'infinity'
    and not (ends.is_handed_over and ends.service_end_at <= tried.tried_to)
