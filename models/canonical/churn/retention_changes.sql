with

single_steps as (

    select * from {{ ref('retention_steps') }}
    where not has_several_currencies

),

mixed_steps as (

    select * from {{ ref('retention_steps') }}
    where has_several_currencies

),

slices as (

    select * from {{ ref('cut_slices') }}

),

rates as (

    select * from {{ ref('exchange_rates') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

-- Several currencies are added up first, window by window: each has rates of its own.
mixed as (

    select
        mixed_steps.billing_source,
        mixed_steps.tenant_id,
        mixed_steps.unit_id,
        mixed_steps.cut_id,
        mixed_steps.reporting_currency,
        mixed_steps.window_months,
        months.period_start as from_month,
        sum(mixed_steps.opening_mrr * rates.multiplier) as opening_mrr,
        sum(mixed_steps.closing_mrr * rates.multiplier) as closing_mrr
    from mixed_steps
    cross join clock
    cross join
        {{ periods_from(
            "'month'", 'mixed_steps.from_month',
            'coalesce(mixed_steps.to_month, clock.as_of_date + 1)'
        ) }} as months
    inner join rates
        on
            mixed_steps.currency = rates.currency
            and {{ months_after('months.period_start', '1 - mixed_steps.window_months') }} - 1
            = rates.rate_date
    group by
        mixed_steps.billing_source,
        mixed_steps.tenant_id,
        mixed_steps.unit_id,
        mixed_steps.cut_id,
        mixed_steps.reporting_currency,
        mixed_steps.window_months,
        months.period_start

),

steps as (

    select
        cut_id,
        currency,
        window_months,
        from_month,
        to_month,
        opening_mrr,
        closing_mrr
    from single_steps

    union all

    select
        cut_id,
        reporting_currency as currency,
        window_months,
        from_month,
        {{ months_after('from_month', '1') }} as to_month,
        opening_mrr,
        closing_mrr
    from mixed
    where opening_mrr > 0

),

signs as (

    select numbers.factor
    from (values (1), (-1)) as numbers (factor)

),

-- A step adds its amounts where it begins and takes them away where it ends.
by_cut as (

    select
        steps.cut_id,
        steps.currency,
        steps.window_months,
        case when signs.factor > 0 then steps.from_month else steps.to_month end as from_month,
        count(*) as turns,
        sum(signs.factor) as opening_customers,
        sum(case when steps.closing_mrr > 0 then signs.factor else 0 end) as retained_customers,
        sum(signs.factor * steps.opening_mrr) as opening_mrr,
        sum(signs.factor * least(steps.opening_mrr, steps.closing_mrr)) as retained_mrr,
        sum(signs.factor * steps.closing_mrr) as closing_mrr
    from steps
    cross join signs
    where signs.factor > 0 or steps.to_month is not null
    group by
        steps.cut_id,
        steps.currency,
        steps.window_months,
        case when signs.factor > 0 then steps.from_month else steps.to_month end

)

-- one row per slice, reporting currency, currency, length of the window and month from which
-- windows that end in it open and close with other totals than those before
select
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.currency,
    by_cut.window_months,
    by_cut.from_month,
    sum(by_cut.turns)::bigint as turns,
    sum(by_cut.opening_customers)::bigint as opening_customers,
    sum(by_cut.retained_customers)::bigint as retained_customers,
    sum(by_cut.opening_mrr)::{{ reporting_money() }} as opening_mrr,
    sum(by_cut.retained_mrr)::{{ reporting_money() }} as retained_mrr,
    sum(by_cut.closing_mrr)::{{ reporting_money() }} as closing_mrr
from by_cut
inner join slices on by_cut.cut_id = slices.cut_id
group by
    slices.billing_source,
    slices.tenant_id,
    slices.dimension,
    slices.dimension_value,
    slices.reporting_currency,
    by_cut.currency,
    by_cut.window_months,
    by_cut.from_month
