{{ config(meta = {'parts': [
    'billing_source', 'tenant_id', 'plan', 'product', 'currency', 'country', 'billing_interval'
]}) }}
-- Law: a period opens with what the one before it closed with, and no period with MRR is missing.
with

periods as (

    select
        *,
        lag(period_end) over tuple as previous_end,
        lag(closing_mrr) over tuple as previous_closing,
        lead(period_start) over tuple as next_start
    from {{ ref('mrr_periods') }}
    window tuple as (
        partition by
            grain, billing_source, tenant_id, plan, product, currency, country, billing_interval
        order by period_start
    )

),

clock as (

    select * from {{ ref('as_of') }}

)

select periods.*
from periods
cross join clock
where
    periods.opening_mrr
    <> case
        when periods.previous_end = periods.period_start then periods.previous_closing
        else 0
    end
    or (
        periods.closing_mrr <> 0
        and periods.next_start is distinct from periods.period_end
        and periods.period_end <= clock.as_of_date
    )
