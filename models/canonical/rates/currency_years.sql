with

intervals as (

    select * from {{ ref('subscription_intervals') }}

),

lines as (

    select * from {{ ref('invoice_lines') }}

),

facts as (

    select
        currency,
        {{ local_date('valid_from') }} as known_on,
        valid_from >= '1970-01-01' as is_dated
    from intervals

    union all

    select
        currency,
        {{ local_date('least(invoiced_at, paid_at, service_to)') }} as known_on,
        least(invoiced_at, paid_at, service_to) >= '1970-01-01' as is_dated
    from lines

)

-- one row per currency and year of which something is known; 0 for what has no date after 1969
select
    currency,
    case when is_dated then extract(year from known_on)::integer else 0 end as known_year,
    count(*) as facts
from facts
where currency is not null
group by currency, case when is_dated then extract(year from known_on)::integer else 0 end
