{{ config(meta = {'parts': ['grain', 'period_start']}) }}
-- Law: the amounts of a dimension, over its values, are those of the total; and so are those of
-- all tenants those of their source and of everything. Segments may overlap, and leave out.
with

periods as (

    select * from {{ ref('dimension_periods') }}
    where reporting_currency <> 'any'

),

others as (

    select distinct dimension
    from {{ ref('slices') }}
    where dimension not in ('total', 'segment')

),

-- What is over all tenants is compared with the totals of the tenants.
entries as (

    select
        grain,
        period_start,
        dimension as compared,
        case when dimension = 'overall' then 'all' else billing_source end as billing_source,
        case when dimension in ('source', 'overall') then 'all' else tenant_id end as tenant_id,
        reporting_currency,
        opening_mrr,
        closing_mrr,
        transfer_mrr,
        fx_mrr
    from periods
    where dimension not in ('total', 'segment')

    union all

    select
        periods.grain,
        periods.period_start,
        others.dimension as compared,
        case when others.dimension = 'overall' then 'all' else periods.billing_source end
            as billing_source,
        case when others.dimension in ('source', 'overall') then 'all' else periods.tenant_id end
            as tenant_id,
        periods.reporting_currency,
        -periods.opening_mrr as opening_mrr,
        -periods.closing_mrr as closing_mrr,
        -periods.transfer_mrr as transfer_mrr,
        -periods.fx_mrr as fx_mrr
    from periods
    cross join others
    where periods.dimension = 'total'

)

select
    grain,
    period_start,
    compared,
    billing_source,
    tenant_id,
    reporting_currency
from entries
group by grain, period_start, compared, billing_source, tenant_id, reporting_currency
having
    sum(opening_mrr) <> 0
    or sum(closing_mrr) <> 0
    or sum(transfer_mrr) <> 0
    or sum(fx_mrr) <> 0
