with

months as (

    select * from {{ ref('dimension_periods') }}
    where grain = 'month' and customers > 0 and reporting_currency <> 'any'

),

products as (

    select * from {{ ref('balance_products') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

of_several_currencies as (

    select * from {{ ref('mixed_balances') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

month_ends as (

    select
        months.billing_source,
        months.tenant_id,
        months.dimension,
        months.dimension_value,
        months.reporting_currency,
        months.period_start as month_start,
        products.currency,
        products.other_currency,
        products.product,
        case
            when products.currency = months.reporting_currency then 1
            else rates.multiplier
        end as multiplier,
        case
            when products.other_currency = months.reporting_currency then 1
            else other_rates.multiplier
        end as other_multiplier
    from months
    cross join clock
    inner join products
        on
            months.billing_source = products.billing_source
            and months.tenant_id = products.tenant_id
            and months.dimension = products.dimension
            and months.dimension_value = products.dimension_value
            and months.reporting_currency = products.reporting_currency
            and months.period_start >= products.from_month
            and (products.to_month is null or months.period_start < products.to_month)
    left join exchange_rates as rates
        on
            products.currency = rates.currency
            and least(months.period_end - 1, clock.as_of_date) = rates.rate_date
    left join exchange_rates as other_rates
        on
            products.other_currency = other_rates.currency
            and least(months.period_end - 1, clock.as_of_date) = other_rates.rate_date
    where products.product <> 0

),

sums_of_squares as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        month_start,
        sum(product * multiplier * other_multiplier) as sum_of_squares
    from month_ends
    group by
        billing_source, tenant_id, dimension, dimension_value, reporting_currency, month_start

),

currency_months as (

    select * from month_ends
    where currency = other_currency

),

-- Whoever is among the ten largest is so in a currency of its own, or has several.
candidates as (

    select
        currency_months.*,
        largest.customer_source,
        largest.customer_tenant_id,
        largest.customer_id,
        largest.balance
    from currency_months
    cross join {{ ten_largest(ref('largest_balances'), 'currency_months') }} as largest

    union

    select
        currency_months.*,
        balances.customer_source,
        balances.customer_tenant_id,
        balances.customer_id,
        balances.balance
    from currency_months
    inner join of_several_currencies as balances
        on
            currency_months.billing_source = balances.billing_source
            and currency_months.tenant_id = balances.tenant_id
            and currency_months.dimension = balances.dimension
            and currency_months.dimension_value = balances.dimension_value
            and currency_months.reporting_currency = balances.reporting_currency
            and currency_months.currency = balances.currency
            and currency_months.month_start >= balances.from_month
            and currency_months.month_start < balances.to_month

),

ranked as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        month_start,
        sum(balance * multiplier) as mrr,
        row_number() over (
            partition by
                billing_source, tenant_id, dimension, dimension_value, reporting_currency,
                month_start
            order by sum(balance * multiplier) desc
        ) as place
    from candidates
    group by
        billing_source, tenant_id, dimension, dimension_value, reporting_currency, month_start,
        customer_source, customer_tenant_id, customer_id

),

tops as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        month_start,
        sum(case when place = 1 then mrr else 0 end) as top_1_mrr,
        sum(case when place <= 5 then mrr else 0 end) as top_5_mrr,
        sum(case when place <= 10 then mrr else 0 end) as top_10_mrr
    from ranked
    group by
        billing_source, tenant_id, dimension, dimension_value, reporting_currency, month_start

)

-- one row per slice, reporting currency and month at whose end somebody pays: what the largest pay,
-- and the sum of the squares of what each pays
select
    tops.billing_source,
    tops.tenant_id,
    tops.dimension,
    tops.dimension_value,
    tops.reporting_currency,
    tops.month_start,
    tops.top_1_mrr::{{ reporting_money() }} as top_1_mrr,
    tops.top_5_mrr::{{ reporting_money() }} as top_5_mrr,
    tops.top_10_mrr::{{ reporting_money() }} as top_10_mrr,
    sums_of_squares.sum_of_squares
from tops
inner join sums_of_squares
    on
        tops.billing_source = sums_of_squares.billing_source
        and tops.tenant_id = sums_of_squares.tenant_id
        and tops.dimension = sums_of_squares.dimension
        and tops.dimension_value = sums_of_squares.dimension_value
        and tops.reporting_currency = sums_of_squares.reporting_currency
        and tops.month_start = sums_of_squares.month_start
