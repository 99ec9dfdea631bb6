with

changes as (

    select * from {{ ref('retention_changes') }}

)

-- one row per slice, reporting currency, currency, length of the window and [from_month, to_month)
-- of months: windows that end in one of them have these totals
select
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    reporting_currency,
    currency,
    window_months,
    from_month,
    lead(from_month) over slice_months as to_month,
    (sum(opening_customers) over slice_months)::bigint as opening_customers,
    (sum(retained_customers) over slice_months)::bigint as retained_customers,
    (sum(opening_mrr) over slice_months)::{{ reporting_money() }} as opening_mrr,
    (sum(retained_mrr) over slice_months)::{{ reporting_money() }} as retained_mrr,
    (sum(closing_mrr) over slice_months)::{{ reporting_money() }} as closing_mrr
from changes
window slice_months as (
    partition by
        billing_source, tenant_id, dimension, dimension_value, reporting_currency, currency,
        window_months
    order by from_month
)
