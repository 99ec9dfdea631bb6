{%- set reporting_currency = option('reporting_currency') %}
-- noqa: disable=LT02
with

currency_years as (

    select * from {{ ref('currency_years') }}

),

published as (

    select * from {{ ref('published_rates') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

currencies as (

    select currency
    from currency_years
    union
    select currency
    from {{ source('inputs', 'spend') }}

),

-- From before the first year and its first week, whose openings need a rate too.
first_day as (

    select make_date(min(known_year), 1, 1) - 8 as first_date
    from currency_years
    where known_year > 0

),

days as (

    select series.rate_date
    from first_day
    cross join clock
    cross join {{ days_between('first_day.first_date', 'clock.as_of_date') }} as series

),
{%- if not reporting_currency %}

-- Every amount stays in its own currency.
converted as (

    select
        currencies.currency,
        days.rate_date,
        currencies.currency as reporting_currency,
        1 as multiplier,
        false as is_carried_back
    from currencies
    cross join days

)
{%- else %}

wanted as (

    select currency
    from currencies
    union
    select '{{ reporting_currency }}' as currency

),

dates as (

    select rate_date
    from days
    union
    select rate_date
    from published

),

numbered as (

    select
        wanted.currency,
        dates.rate_date,
        published.rate,
        count(published.rate) over (
            partition by wanted.currency
            order by dates.rate_date
        ) as rate_number
    from wanted
    cross join dates
    left join published
        on
            wanted.currency = published.currency
            and dates.rate_date = published.rate_date

),

-- A rate holds until the next one is published, and the first one also before.
daily as (

    select
        currency,
        rate_date,
        rate_number = 0 as is_carried_back,
        max(rate) over (partition by currency, greatest(rate_number, 1)) as rate
    from numbered

),

-- The rate of a month is the one on its last day, or the last one known while it runs.
chosen as (

    select
        days.rate_date,
        daily.currency,
        daily.rate,
        daily.is_carried_back
    from days
    cross join clock
    inner join daily
        on
            {%- if option('fx_mode') == 'month_end' %}
            daily.rate_date = least(
                {{ next_period_start("'month'", period_start("'month'", 'days.rate_date')) }} - 1,
                clock.as_of_date
            )
            {%- else %}
            days.rate_date = daily.rate_date
            {%- endif %}

),

-- A currency without a rate stays what it is.
converted as (

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
        end as multiplier,
        currencies.currency <> '{{ reporting_currency }}'
        and (chosen.is_carried_back or reporting.is_carried_back)
        {{- ' and false' if option('fx_mode') == 'fixed' }} as is_carried_back
    from currencies
    inner join chosen on currencies.currency = chosen.currency
    inner join chosen as reporting
        on
            chosen.rate_date = reporting.rate_date
            and reporting.currency = '{{ reporting_currency }}'

)
{%- endif %}

-- one row per currency and day: what to multiply an amount with to have it in reporting_currency
select
    currency,
    rate_date,
    reporting_currency,
    multiplier::numeric(28, 12) as multiplier,
    is_carried_back
from converted
