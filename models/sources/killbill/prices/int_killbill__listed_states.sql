{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

states as (

    select * from {{ ref('int_killbill__subscription_states') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

plan_names as (

    select * from {{ ref('int_killbill__plan_names') }}

),

plan_versions as (

    select * from {{ ref('int_killbill__plan_versions') }}

),

phase_terms as (

    select * from {{ ref('int_killbill__phase_terms') }}

),

overridden as (

    select
        tenant_record_id,
        override_record_id,
        phase_number,
        currency,
        max(recurring_price) as recurring_price
    from {{ ref('stg_killbill__phase_overrides') }}
    where recurring_price is not null
    group by tenant_record_id, override_record_id, phase_number, currency

),

named as (

    select
        states.*,
        accounts.currency as account_currency,
        accounts.tenant_id,
        accounts.utc_offset,
        coalesce(plan_names.parent_plan, states.plan_name) as parent_plan,
        plan_names.override_record_id
    from states
    inner join accounts
        on
            states.tenant_record_id = accounts.tenant_record_id
            and states.account_id = accounts.account_id
    left join plan_names
        on
            states.tenant_record_id = plan_names.tenant_record_id
            and states.plan_name = plan_names.plan_name

),

-- Cut where another version of the catalog begins to count.
cut as (

    select
        named.*,
        plan_versions.catalog_record_id,
        greatest(named.valid_from, plan_versions.valid_from) as cut_from,
        least(named.valid_to, plan_versions.valid_to) as cut_to
    from named
    left join plan_versions
        on
            named.tenant_record_id = plan_versions.tenant_record_id
            and named.parent_plan = plan_versions.plan_name
            and named.plan_changed_at >= plan_versions.changed_from
            and named.plan_changed_at < plan_versions.changed_to
            and named.valid_from < plan_versions.valid_to
            and named.valid_to > plan_versions.valid_from

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase, quantity and version of
-- the catalog, with what that says of all units for a period; null where there is no price. Days
-- are those of the account
select
    cut.tenant_record_id,
    cut.account_record_id,
    cut.account_id,
    cut.bundle_id,
    cut.subscription_id,
    cut.plan_name,
    cut.price_list,
    cut.phase_name,
    cut.phase_type,
    cut.quantity,
    cut.plan_changed_at,
    cut.event_id,
    cut.event_recorded_at,
    cut.cut_from as valid_from,
    cut.cut_to as valid_to,
    ((cut.cut_from at time zone 'UTC') + cut.utc_offset)::date as from_date,
    case
        when isfinite(cut.cut_to) then ((cut.cut_to at time zone 'UTC') + cut.utc_offset)::date
        else 'infinity'
    end as to_date,
    cut.tenant_id,
    cut.parent_plan,
    cut.catalog_record_id,
    cut.account_currency,
    phase_terms.product_name,
    phase_terms.category,
    phase_terms.billing_period,
    phase_terms.period_unit,
    phase_terms.period_count,
    coalesce(phase_terms.is_metered, false) as is_metered,
    -- nothing recurs in it, and that is known
    phase_terms.is_recurring is false as is_free_of_terms,
    case
        when phase_terms.is_recurring is false then 0
        else cut.quantity * coalesce(charged.recurring_price, phase_terms.charged_price)
    end as catalog_amount,
    -- of a discount alone
    cut.quantity * coalesce(listed.recurring_price, phase_terms.list_price) as catalog_list_amount
from cut
left join phase_terms
    on
        cut.tenant_record_id = phase_terms.tenant_record_id
        and cut.catalog_record_id = phase_terms.catalog_record_id
        and cut.parent_plan = phase_terms.plan_name
        and cut.phase_type = phase_terms.phase_type
        and cut.account_currency = phase_terms.currency
left join overridden as charged
    on
        cut.tenant_record_id = charged.tenant_record_id
        and cut.override_record_id = charged.override_record_id
        and phase_terms.charged_phase_number = charged.phase_number
        and cut.account_currency = charged.currency
left join overridden as listed
    on
        cut.tenant_record_id = listed.tenant_record_id
        and cut.override_record_id = listed.override_record_id
        and phase_terms.list_phase_number = listed.phase_number
        and cut.account_currency = listed.currency
