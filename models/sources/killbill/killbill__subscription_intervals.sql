{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

priced_states as (

    select * from {{ ref('int_killbill__priced_states') }}

),

statuses as (

    select * from {{ ref('int_killbill__statuses') }}

),

ends as (

    select * from {{ ref('int_killbill__ends') }}

),

owners as (

    select * from {{ ref('int_killbill__owners') }}

),

countries as (

    select * from {{ ref('int_killbill__countries') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

-- Cut at every change of status, and of the country of the account that had it then.
cut as (

    select
        priced_states.*,
        statuses.status,
        countries.country,
        greatest(priced_states.event_recorded_at, statuses.recorded_at) as recorded_at,
        greatest(priced_states.valid_from, statuses.valid_from, countries.valid_from) as cut_from,
        least(priced_states.valid_to, statuses.valid_to, countries.valid_to) as cut_to
    from priced_states
    inner join statuses
        on
            priced_states.tenant_record_id = statuses.tenant_record_id
            and priced_states.subscription_id = statuses.subscription_id
            and priced_states.valid_from < statuses.valid_to
            and priced_states.valid_to > statuses.valid_from
    inner join countries
        on
            priced_states.tenant_record_id = countries.tenant_record_id
            and priced_states.account_id = countries.account_id

)

-- one row per subscription and unbroken [valid_from, valid_to) in which no fact changes
select
    'killbill' as billing_source,
    accounts.tenant_id::text as tenant_id,
    coalesce(owners.owner_account_id, cut.account_id)::text as customer_id,
    cut.subscription_id::text as subscription_id,
    cut.subscription_id::text as item_id,
    cut.cut_from as valid_from,
    nullif(cut.cut_to, 'infinity') as valid_to,
    cut.status::text as status,
    cut.charge_kind::text as charge_kind,
    cut.parent_plan::text as plan,
    cut.plan_name::text as actual_plan_id,
    coalesce(cut.product, cut.parent_plan)::text as product,
    cut.quantity::numeric(28, 10) as quantity,
    cut.amount::numeric(28, 10) as amount,
    cut.period_unit::text as period_unit,
    cut.period_count::integer as period_count,
    0::numeric(28, 10) as once_discount,
    cut.repeating_discount::numeric(28, 10) as repeating_discount,
    0::numeric(28, 10) as forever_discount,
    cut.currency::text as currency,
    coalesce(cut.country, 'unknown')::text as country,
    ends.scheduled_end_at,
    ends.cancel_requested_at,
    ends.cancel_effective_at,
    ends.cancel_reason::text as cancel_reason,
    -- of all others the engine keeps no word of whose will it was
    case when ends.cancel_reason = 'overdue' then false end as is_voluntary_cancel,
    cut.history_source::text as history_source,
    cut.recorded_at,
    'subscription_events' as source_table,
    cut.event_id::text as source_row_id
from cut
inner join accounts
    on cut.tenant_record_id = accounts.tenant_record_id and cut.account_id = accounts.account_id
inner join ends
    on
        cut.tenant_record_id = ends.tenant_record_id
        and cut.subscription_id = ends.subscription_id
left join owners
    on cut.tenant_record_id = owners.tenant_record_id and cut.bundle_id = owners.bundle_id
where cut.cut_from < cut.cut_to and accounts.tenant_id is not null
