{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

catalog_prices as (

    select * from {{ ref('int_killbill__catalog_prices') }}

),

accounts as (

    select * from {{ ref('stg_killbill__accounts') }}

),

-- A name stands for the first phase of its type.
phases as (

    select distinct on (tenant_record_id, catalog_record_id, plan_name, phase_type) *
    from catalog_prices
    where currency = '*'
    order by tenant_record_id, catalog_record_id, plan_name, phase_type, phase_number

),

-- In a trial the price is that of the phase which is to follow.
charged as (

    select distinct on (
        phases.tenant_record_id, phases.catalog_record_id, phases.plan_name, phases.phase_type
    )
        phases.*,
        charged_phases.phase_number as charged_phase_number,
        charged_phases.phase_type as charged_phase_type,
        charged_phases.billing_period as charged_period,
        charged_phases.recurring_price as charged_price
    from phases
    left join phases as charged_phases
        on
            phases.tenant_record_id = charged_phases.tenant_record_id
            and phases.catalog_record_id = charged_phases.catalog_record_id
            and phases.plan_name = charged_phases.plan_name
            and charged_phases.billing_period is not null
            and (
                phases.phase_number = charged_phases.phase_number
                or (
                    phases.billing_period is null
                    and phases.phase_type = 'TRIAL'
                    and phases.phase_number < charged_phases.phase_number
                )
            )
    order by
        phases.tenant_record_id,
        phases.catalog_record_id,
        phases.plan_name,
        phases.phase_type,
        charged_phases.phase_number

),

-- A discount is taken off what the plan costs after it, where that is billed as often.
listed as (

    select
        charged.*,
        list_phases.phase_number as list_phase_number,
        list_phases.recurring_price as list_price
    from charged
    left join phases as list_phases
        on
            charged.tenant_record_id = list_phases.tenant_record_id
            and charged.catalog_record_id = list_phases.catalog_record_id
            and charged.plan_name = list_phases.plan_name
            and charged.charged_phase_type = 'DISCOUNT'
            and list_phases.phase_type = 'EVERGREEN'
            and charged.charged_period = list_phases.billing_period

),

currencies as (

    select distinct
        tenant_record_id,
        currency
    from accounts
    where currency is not null

),

periods as (

    select * from {{ ref('killbill_periods') }}

)

-- one row per version of a tenant's catalog, plan, type of a phase and currency of an account: what
-- one unit costs and, of a discount, what it costs after it; null where there is no price
select
    listed.tenant_record_id,
    listed.catalog_record_id,
    listed.plan_name,
    listed.phase_type,
    currencies.currency,
    listed.product_name,
    listed.category,
    listed.billing_mode,
    listed.charged_period as billing_period,
    periods.period_unit,
    periods.period_count,
    listed.charged_phase_number,
    listed.list_phase_number,
    listed.charged_phase_number is not null as is_recurring,
    listed.charged_phase_number is null and listed.has_usage as is_metered,
    case
        when charged_prices.catalog_record_id is not null then charged_prices.recurring_price
        else listed.charged_price
    end as charged_price,
    case
        when list_prices.catalog_record_id is not null then list_prices.recurring_price
        else listed.list_price
    end as list_price
from listed
inner join currencies on listed.tenant_record_id = currencies.tenant_record_id
left join periods on listed.charged_period = periods.billing_period
left join catalog_prices as charged_prices
    on
        listed.tenant_record_id = charged_prices.tenant_record_id
        and listed.catalog_record_id = charged_prices.catalog_record_id
        and listed.plan_name = charged_prices.plan_name
        and listed.charged_phase_number = charged_prices.phase_number
        and currencies.currency = charged_prices.currency
left join catalog_prices as list_prices
    on
        listed.tenant_record_id = list_prices.tenant_record_id
        and listed.catalog_record_id = list_prices.catalog_record_id
        and listed.plan_name = list_prices.plan_name
        and listed.list_phase_number = list_prices.phase_number
        and currencies.currency = list_prices.currency
