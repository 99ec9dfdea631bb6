-- A model of our own, over the package's metrics.
select
    period_start,
    country,
    reporting_currency,
    sum(mrr) as mrr
from {{ ref('tidemill', 'metric_mrr') }}
where grain = 'month'
group by period_start, country, reporting_currency
