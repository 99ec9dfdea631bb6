{%- set reporting_currency = option('reporting_currency') -%}
{%- set is_fixed = option('fx_mode') == 'fixed' -%}

with

intervals as (

    select * from {{ ref('subscription_intervals') }}

),

lines as (

    select * from {{ ref('invoice_lines') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

currencies as (

    select currency
    from intervals
    union
    select currency
    from lines

),

-- From before the first year and its first week, whose openings need a rate too.
first_day as (

    select
        date_trunc('year', min({{ local_date('first_facts.known_from') }})::timestamp)::date
        - 8 as first_date
    from (
        select min(valid_from) as known_from
        from intervals
        where valid_from >= '1970-01-01'
        union all
        select least(min(invoiced_at), min(paid_at), min(service_to)) as known_from
        from lines
        where least(invoiced_at, paid_at, service_to) >= '1970-01-01'
    ) as first_facts

),

days as (

    select series.rate_date
    from first_day
    cross join clock
    cross join {{ days_between('first_day.first_date', 'clock.as_of_date') }} as series

)
{%- if not reporting_currency %}

-- one row per currency and day: every amount stays in its own currency
select
    currencies.currency,
    days.rate_date,
    currencies.currency as reporting_currency,
    1::numeric(28, 12) as multiplier,
    false as is_carried_back
from currencies
cross join days
{%- else %},

{%- if is_fixed %}

published as (

    select
        clock.as_of_date as rate_date,
        fixed_rates.currency,
        fixed_rates.rate
    from {{ ref('fx_fixed_rates') }} as fixed_rates
    cross join clock

),
{%- else %}

published as (

    select
        rate_date,
        currency,
        rate
    from {{ source('inputs', 'fx_rates') }}
    cross join clock
    where rate_date <= clock.as_of_date
    union
    -- what rates are quoted in has itself the rate 1
    select
        rate_date,
        base_currency as currency,
        1 as rate
    from {{ source('inputs', 'fx_rates') }}
    cross join clock
    where rate_date <= clock.as_of_date

),
{%- endif %}

wanted as (

    select currency
    from currencies
    union
    select '{{ reporting_currency }}' as currency

),

calendar as (

    select
        wanted.currency,
        dates.rate_date
    from wanted
    cross join (
        select rate_date from days
        union
        select rate_date from published
    ) as dates

),

-- A rate holds until the next one is published, and the first one also before.
numbered as (

    select
        calendar.currency,
        calendar.rate_date,
        published.rate,
        count(published.rate) over (
            partition by calendar.currency
            order by calendar.rate_date
        ) as rate_number
    from calendar
    left join published
        on
            calendar.currency = published.currency
            and calendar.rate_date = published.rate_date

),

daily as (

    select
        currency,
        rate_date,
        rate_number = 0 as is_carried_back,
        max(rate) over (
            partition by currency, greatest(rate_number, 1)
        ) as rate
    from numbered

),

{%- if option('fx_mode') == 'month_end' %}

-- The rate of a month is the one on its last day, or the last one known while it runs.
chosen as (

    select
        days.rate_date,
        month_ends.currency,
        month_ends.rate,
        month_ends.is_carried_back
    from days
    cross join clock
    inner join daily as month_ends
        on
            month_ends.rate_date = least(
                (date_trunc('month', days.rate_date::timestamp) + interval '1 month')::date - 1,
                clock.as_of_date
            )

)
{%- else %}

chosen as (

    select
        daily.rate_date,
        daily.currency,
        daily.rate,
        daily.is_carried_back
    from daily
    inner join days on daily.rate_date = days.rate_date

)
{%- endif %}

-- one row per currency and day: what to multiply an amount with to have it in reporting_currency;
-- a currency without a rate stays what it is
select
    currencies.currency,
    chosen.rate_date,
    case
        when chosen.rate is null or reporting.rate is null then currencies.currency
        else '{{ reporting_currency }}'
    end as reporting_currency,
    case
        when chosen.rate is null or reporting.rate is null then 1
        when currencies.currency = '{{ reporting_currency }}' then 1
        else round(reporting.rate / chosen.rate, 12)
    end::numeric(28, 12) as multiplier,
    {{ 'false' if is_fixed else 'chosen.is_carried_back or reporting.is_carried_back' }} as is_carried_back
from currencies
inner join chosen on currencies.currency = chosen.currency
inner join chosen as reporting
    on
        chosen.rate_date = reporting.rate_date
        and reporting.currency = '{{ reporting_currency }}'
{%- endif %}
