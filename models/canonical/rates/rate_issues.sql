{{ config(materialized = 'view') }}
{%- set reporting_currency = option('reporting_currency') %}
-- noqa: disable=LT02

with

rates as (

    select * from {{ ref('exchange_rates') }}
    where
        is_carried_back
        {%- if reporting_currency %}
        or reporting_currency <> '{{ reporting_currency }}'
        {%- endif %}

)

-- one row per currency whose amounts are converted by a rate of another day, or not at all
select
    currency,
    case when bool_or(is_carried_back) then 'rate_carried_back' else 'rate_missing' end as issue,
    case when bool_or(is_carried_back) then 'warning' else 'error' end as severity,
    case
        when bool_or(is_carried_back)
            then 'No rate was published by ' || max(rate_date) || ': the first one stands in.'
        else 'There is no rate: amounts stay in this currency.'
    end as detail
from rates
group by currency
