"""All metrics by the name of their relation."""

from collections.abc import Iterable
from decimal import localcontext

from reference.surface.books import Books

from .arpa import arpa, plan_mix, quick_ratio
from .cac import Spend, cac
from .churn import churn, churn_customers
from .cohorts import cohorts, ltv_cohorts
from .committed import committed_mrr
from .concentration import concentration
from .customers import customers
from .cuts import Ledger, Rows
from .levels import arr, mrr, reasons, waterfall
from .ltv import ltv
from .retention import retention
from .segments import Condition, segment_metrics
from .trials import trials
from .usage import usage_revenue

PERIOD = ("grain", "period_start", "period_end", "is_complete")
TENANT = ("billing_source", "tenant_id")
DIMENSION = (*TENANT, "dimension", "dimension_value")
CURRENCY = ("reporting_currency",)
PLACE = ("plan", "product", "currency", "country", "billing_interval")
COHORT = ("grain", "cohort_start", "cohort_end", "period_number", *PERIOD[1:])

BY_PLACE = (*PERIOD, *TENANT, *PLACE, *CURRENCY)
BY_SLICE = (*PERIOD, *DIMENSION, *CURRENCY)
KEYS = {
    "metric_mrr": BY_PLACE,
    "metric_arr": BY_PLACE,
    "metric_mrr_waterfall": BY_PLACE,
    "metric_mrr_reasons": (*BY_PLACE, "movement_type", "reason"),
    "metric_customers": (*PERIOD, *DIMENSION),
    "metric_churn": BY_SLICE,
    "metric_churn_customers": (*PERIOD, *TENANT, "customer_id", *CURRENCY),
    "metric_retention": (*BY_SLICE, "window_months"),
    "metric_cohorts": (*COHORT, *DIMENSION, *CURRENCY),
    "metric_arpa": BY_SLICE,
    "metric_quick_ratio": BY_SLICE,
    "metric_plan_mix": (*PERIOD, *TENANT, "plan", *CURRENCY),
    "metric_ltv": BY_SLICE,
    "metric_ltv_cohorts": (*COHORT, *DIMENSION, *CURRENCY),
    "metric_trials": (*PERIOD, *DIMENSION),
    "metric_usage_revenue": BY_SLICE,
    "metric_committed_mrr": ("as_of_date", "horizon_days", "horizon_date", *DIMENSION, *CURRENCY),
    "metric_concentration": BY_SLICE,
    "metric_cac": BY_SLICE,
    "metric_segment_mrr": (*BY_PLACE, "segment"),
    "metric_segment_reasons": (*BY_PLACE, "movement_type", "reason", "segment"),
    "metric_segment_customers": (*TENANT, "customer_id", "segment"),
}
# Far more digits than any amount needs: only the roundings that the definitions ask for take place.
DIGITS = 60


def metrics(
    books: Books, spend: Iterable[Spend] = (), conditions: Iterable[Condition] = ()
) -> dict[str, Rows]:
    """Each relation's rows: values by column, by the values of its `KEYS`."""
    found = _metrics(books, books, spend)
    of_segments = segment_metrics(books, conditions, _metrics, KEYS)
    return {name: {**found.get(name, {}), **of_segments[name]} for name in KEYS}


def _metrics(books: Books, whole: Books, spend: Iterable[Spend] = ()) -> dict[str, Rows]:
    with localcontext(prec=DIGITS):
        ledger = Ledger(books, whole)
        mrr_rows, arpa_rows, churn_rows = mrr(ledger), arpa(ledger), churn(ledger)
        ltv_rows = ltv(ledger, arpa_rows, churn_rows)
        return {
            "metric_mrr": mrr_rows,
            "metric_arr": arr(ledger, mrr_rows),
            "metric_mrr_waterfall": waterfall(ledger),
            "metric_mrr_reasons": reasons(ledger),
            "metric_customers": customers(ledger),
            "metric_churn": churn_rows,
            "metric_churn_customers": churn_customers(ledger),
            "metric_retention": retention(ledger),
            "metric_cohorts": cohorts(ledger),
            "metric_arpa": arpa_rows,
            "metric_quick_ratio": quick_ratio(ledger),
            "metric_plan_mix": plan_mix(ledger),
            "metric_ltv": ltv_rows,
            "metric_ltv_cohorts": ltv_cohorts(ledger),
            "metric_trials": trials(ledger),
            "metric_usage_revenue": usage_revenue(ledger),
            "metric_committed_mrr": committed_mrr(ledger),
            "metric_concentration": concentration(ledger),
            "metric_cac": cac(ledger, arpa_rows, ltv_rows, spend),
        }
