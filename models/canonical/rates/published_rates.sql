{{ config(materialized = 'view') }}
{%- set is_fixed = option('fx_mode') == 'fixed' %}

with

clock as (

    select * from {{ ref('as_of') }}

),
{%- if is_fixed %}

fixed_rates as (

    select * from {{ ref('fx_fixed_rates') }}

),

published as (

    select
        clock.as_of_date as rate_date,
        fixed_rates.currency,
        fixed_rates.rate
    from fixed_rates
    cross join clock

)
{%- else %}

loaded as (

    select rates.*
    from {{ source('inputs', 'fx_rates') }} as rates
    cross join clock
    where rates.rate_date <= clock.as_of_date

),

published as (

    select
        rate_date,
        currency,
        rate
    from loaded
    where currency <> base_currency

    union

    -- what rates are quoted in has itself the rate 1
    select
        rate_date,
        base_currency as currency,
        1 as rate
    from loaded

)
{%- endif %}

-- one row per currency and day with an exchange rate: units of the currency for one unit of a base
-- that all rows share
select
    rate_date,
    currency,
    rate
from published
