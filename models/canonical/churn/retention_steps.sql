with

customer_days as (

    select * from {{ ref('customer_days') }}

),

customer_places as (

    select * from {{ ref('customer_places') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

lengths as (

    select * from {{ window_lengths() }} as window_lengths

),

sides as (

    select names.side
    from (values ('opening'), ('closing')) as names (side)

),

monthly as (

    select
        customer_days.billing_source,
        customer_days.tenant_id,
        customer_places.unit_id,
        customer_days.cut_id,
        customer_days.reporting_currency,
        customer_days.currency,
        {{ period_start("'month'", 'customer_days.movement_date') }} as change_month,
        sum(customer_days.change) as change
    from customer_days
    inner join customer_places
        on
            customer_days.customer_id = customer_places.customer_id
            and customer_days.billing_source = customer_places.billing_source
            and customer_days.tenant_id = customer_places.tenant_id
    group by
        customer_places.unit_id,
        customer_days.billing_source,
        customer_days.tenant_id,
        customer_days.cut_id,
        customer_days.reporting_currency,
        customer_days.currency,
        {{ period_start("'month'", 'customer_days.movement_date') }}

),

-- A change moves what the window closes with that ends in its month, and what the window opens
-- with that begins in the next one.
sided as (

    select
        monthly.*,
        lengths.window_months,
        case sides.side
            when 'opening' then {{ months_after('monthly.change_month', 'lengths.window_months') }}
            else monthly.change_month
        end as from_month,
        case when sides.side = 'opening' then monthly.change else 0 end as opening_change,
        case when sides.side = 'closing' then monthly.change else 0 end as closing_change
    from monthly
    cross join lengths
    cross join sides

),

changes as (

    select
        sided.billing_source,
        sided.tenant_id,
        sided.unit_id,
        sided.cut_id,
        sided.reporting_currency,
        sided.currency,
        sided.window_months,
        sided.from_month,
        sum(sided.opening_change) as opening_change,
        sum(sided.closing_change) as closing_change
    from sided
    cross join clock
    where sided.from_month <= clock.as_of_date
    group by
        sided.unit_id,
        sided.billing_source,
        sided.tenant_id,
        sided.cut_id,
        sided.reporting_currency,
        sided.currency,
        sided.window_months,
        sided.from_month

),

steps as (

    select
        *,
        sum(opening_change) over currency_months as opening_mrr,
        sum(closing_change) over currency_months as closing_mrr,
        lead(from_month) over currency_months as to_month,
        min(currency) over windows <> max(currency) over windows as has_several_currencies
    from changes
    window
        currency_months as (
            partition by
                unit_id, billing_source, tenant_id, cut_id, window_months, currency
            order by from_month
        ),
        windows as (
            partition by
                unit_id, billing_source, tenant_id, cut_id, window_months
        )

)

-- one row per customer (or parent), cut, currency, length of the window and
-- [from_month, to_month) of months: windows that end in one of them open and close with this
select
    billing_source,
    tenant_id,
    unit_id,
    cut_id,
    reporting_currency,
    currency,
    window_months,
    from_month,
    to_month,
    opening_mrr::numeric(28, 10) as opening_mrr,
    closing_mrr::numeric(28, 10) as closing_mrr,
    has_several_currencies
from steps
where opening_mrr > 0 or has_several_currencies
