{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

items as (

    select * from {{ ref('int_killbill__rated_items') }}

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
    where plan_name is not null and abs(amount - rate) <= 0.005

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

-- one row per plan and phase that whole cycles were billed of, with what one lasts
select
    tenant_record_id,
    plan_name,
    phase_name,
    case
        when whole_months % 12 = 0 then 'year'
        when whole_months is not null then 'month'
        when shortest % 7 = 0 then 'week'
        else 'day'
    end as period_unit,
    case
        when whole_months % 12 = 0 then whole_months / 12
        when whole_months is not null then whole_months
        when shortest % 7 = 0 then shortest / 7
        else shortest
    end::integer as period_count
from told
