{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

items as (

    select * from {{ ref('int_killbill__rated_items') }}

),

phase_terms as (

    select * from {{ ref('int_killbill__phase_terms') }}

),

catalogs as (

    select * from {{ ref('int_killbill__catalogs') }}
    where problem is null

),

named as (

    select distinct
        tenant_record_id,
        plan_name,
        parent_plan,
        phase_name,
        phase_type,
        catalog_effective_at
    from items

),

periods as (

    select distinct
        phase_terms.tenant_record_id,
        phase_terms.plan_name,
        phase_terms.phase_type,
        phase_terms.period_unit,
        phase_terms.period_count,
        catalogs.version_number,
        catalogs.effective_at
    from phase_terms
    inner join catalogs on phase_terms.catalog_record_id = catalogs.catalog_record_id
    where phase_terms.period_unit is not null

),

-- The version that the item names; an overridden plan names the instant of its transition instead.
by_catalog as (

    select distinct on (
        named.tenant_record_id, named.plan_name, named.phase_name, named.catalog_effective_at
    )
        named.*,
        periods.period_unit,
        periods.period_count
    from named
    inner join periods
        on
            named.tenant_record_id = periods.tenant_record_id
            and named.parent_plan = periods.plan_name
            and named.phase_type = periods.phase_type
    order by
        named.tenant_record_id,
        named.plan_name,
        named.phase_name,
        named.catalog_effective_at,
        case
            when periods.effective_at <= named.catalog_effective_at then periods.version_number
        end desc nulls last,
        periods.version_number

),

-- Whole cycles are billed with all of the rate. Those of months end on the day they began on, or on
-- the last of a month that has no such day.
cycles as (

    select
        tenant_record_id,
        plan_name,
        phase_name,
        end_date - start_date as day_count,
        extract(year from age(date_trunc('month', end_date), date_trunc('month', start_date)))
        * 12
        + extract(month from age(date_trunc('month', end_date), date_trunc('month', start_date)))
            as months,
        extract(day from start_date) = extract(day from end_date)
        or (
            extract(day from end_date + 1) = 1
            and extract(day from end_date) < extract(day from start_date)
        )
        or (
            extract(day from start_date + 1) = 1
            and extract(day from end_date) > extract(day from start_date)
        ) as is_aligned
    from items
    where abs(amount - rate) <= 0.005

),

lengths as (

    select
        tenant_record_id,
        plan_name,
        phase_name,
        bool_and(is_aligned and months > 0) as has_months,
        mode() within group (order by months) as months,
        min(day_count) as shortest,
        max(day_count) as longest,
        round(avg(day_count) / 30.44) as about_months
    from cycles
    group by tenant_record_id, plan_name, phase_name

),

told as (

    select
        *,
        case
            when has_months then months
            when shortest < longest then greatest(about_months, 1)
        end::integer as whole_months
    from lengths

)

-- one row per plan, phase and version of the catalog that items were billed with, with the period
-- that their rate is for: the catalog's, else what whole cycles last
select
    named.tenant_record_id,
    named.plan_name,
    named.phase_name,
    named.catalog_effective_at,
    case
        when by_catalog.period_unit is not null then by_catalog.period_unit
        when told.whole_months % 12 = 0 then 'year'
        when told.whole_months is not null or told.shortest is null then 'month'
        when told.shortest % 7 = 0 then 'week'
        else 'day'
    end as period_unit,
    case
        when by_catalog.period_unit is not null then by_catalog.period_count
        when told.whole_months % 12 = 0 then told.whole_months / 12
        when told.whole_months is not null then told.whole_months
        when told.shortest is null then 1
        when told.shortest % 7 = 0 then told.shortest / 7
        else told.shortest
    end::integer as period_count,
    by_catalog.period_unit is null as is_inferred
from named
left join by_catalog
    on
        named.tenant_record_id = by_catalog.tenant_record_id
        and named.plan_name = by_catalog.plan_name
        and named.phase_name = by_catalog.phase_name
        and named.catalog_effective_at is not distinct from by_catalog.catalog_effective_at
left join told
    on
        named.tenant_record_id = told.tenant_record_id
        and named.plan_name = told.plan_name
        and named.phase_name = told.phase_name
