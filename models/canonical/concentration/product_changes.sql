with

balances as (

    select * from {{ ref('standing_balances') }}

),

of_several_currencies as (

    select * from {{ ref('mixed_balances') }}

),

-- A customer's sum in several currencies, squared, has the product of each two of them, twice.
products as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        currency,
        currency as other_currency,
        from_month,
        to_month,
        balance * balance as product
    from balances

    union all

    select
        balances.billing_source,
        balances.tenant_id,
        balances.dimension,
        balances.dimension_value,
        balances.reporting_currency,
        balances.currency,
        other_balances.currency as other_currency,
        greatest(balances.from_month, other_balances.from_month) as from_month,
        least(balances.to_month, other_balances.to_month) as to_month,
        2 * balances.balance * other_balances.balance as product
    from of_several_currencies as balances
    inner join of_several_currencies as other_balances
        on
            balances.billing_source = other_balances.billing_source
            and balances.tenant_id = other_balances.tenant_id
            and balances.dimension = other_balances.dimension
            and balances.dimension_value = other_balances.dimension_value
            and balances.reporting_currency = other_balances.reporting_currency
            and balances.customer_source = other_balances.customer_source
            and balances.customer_tenant_id = other_balances.customer_tenant_id
            and balances.customer_id = other_balances.customer_id
            and balances.currency < other_balances.currency
            and balances.from_month < other_balances.to_month
            and balances.to_month > other_balances.from_month

)

-- one row per slice, pair of currencies (one may be its own other) and month from which the sum of
-- the products of their balances is another: what a balance adds when it begins to stand, it takes
-- away in the end
select
    products.billing_source,
    products.tenant_id,
    products.dimension,
    products.dimension_value,
    products.reporting_currency,
    products.currency,
    products.other_currency,
    case when turns.is_begin then products.from_month else products.to_month end
        as from_month,
    count(*) as turns,
    sum(case when turns.is_begin then products.product else -products.product end) as change
from products
cross join (values (true), (false)) as turns (is_begin)
where turns.is_begin or products.to_month < {{ never() }}
group by
    products.billing_source,
    products.tenant_id,
    products.dimension,
    products.dimension_value,
    products.reporting_currency,
    products.currency,
    products.other_currency,
    case when turns.is_begin then products.from_month else products.to_month end
