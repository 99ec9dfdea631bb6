-- Law: what committed MRR begins with, item by item, is what the ledger has today.
with

committed_mrr as (

    select * from {{ ref('committed_mrr') }}

),

todays as (

    select periods.*
    from {{ ref('dimension_periods') }} as periods
    cross join {{ ref('as_of') }} as clock
    where
        periods.grain = 'day'
        and periods.period_start = clock.as_of_date
        and periods.closing_mrr <> 0
        -- amounts that keep the rate they began with are not worth what today's rate says
        and '{{ option("fx_mode") }}' <> 'at_start'

),

horizons as (

    select distinct horizon_days
    from committed_mrr

)

select
    todays.dimension,
    todays.dimension_value,
    todays.reporting_currency,
    horizons.horizon_days
from todays
cross join horizons
left join committed_mrr
    on
        todays.billing_source = committed_mrr.billing_source
        and todays.tenant_id = committed_mrr.tenant_id
        and todays.dimension = committed_mrr.dimension
        and todays.dimension_value = committed_mrr.dimension_value
        and todays.reporting_currency = committed_mrr.reporting_currency
        and horizons.horizon_days = committed_mrr.horizon_days
where todays.closing_mrr is distinct from committed_mrr.mrr
