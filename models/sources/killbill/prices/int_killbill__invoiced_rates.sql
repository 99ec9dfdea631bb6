{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

items as (

    select * from {{ ref('int_killbill__rated_items') }}
    where not isempty(dates)

),

billed_periods as (

    select * from {{ ref('int_killbill__billed_periods') }}

),

rated as (

    select
        items.*,
        billed_periods.period_unit,
        billed_periods.period_count,
        billed_periods.is_inferred
    from items
    inner join billed_periods
        on
            items.tenant_record_id = billed_periods.tenant_record_id
            and items.plan_name = billed_periods.plan_name
            and items.phase_name = billed_periods.phase_name
            and items.catalog_effective_at is not distinct from billed_periods.catalog_effective_at

),

-- Period after period of one rate is one range.
gathered as (

    select
        tenant_record_id,
        subscription_id,
        phase_name,
        currency,
        rate,
        period_unit,
        period_count,
        is_inferred,
        max(item_record_id) as item_record_id,
        range_agg(dates) as dates
    from rated
    group by
        tenant_record_id,
        subscription_id,
        phase_name,
        currency,
        rate,
        period_unit,
        period_count,
        is_inferred

)

-- one row per subscription, phase and range of days billed at one rate, for all units and a whole
-- period
select
    gathered.tenant_record_id,
    gathered.subscription_id,
    gathered.phase_name,
    gathered.currency,
    gathered.rate,
    gathered.period_unit,
    gathered.period_count,
    gathered.is_inferred,
    gathered.item_record_id,
    lower(ranges.dates) as from_date,
    upper(ranges.dates) as to_date
from gathered
cross join lateral unnest(gathered.dates) as ranges (dates)
