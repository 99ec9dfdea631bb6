"""The metrics that can be looked up, and where each is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from functools import cached_property
from typing import Generic, TypeVar, get_type_hints

from tidemill_cli.lookup import rows
from tidemill_cli.lookup.units import Unit
from tidemill_cli.periods import Grain

R = TypeVar("R", bound=rows.Row)

# What people call a dimension, and its column.
DIMENSIONS = {
    "source": "billing_source",
    "tenant": "tenant_id",
    "plan": "plan",
    "product": "product",
    "currency": "currency",
    "country": "country",
    "interval": "billing_interval",
    "segment": "segment",
}
# Those whose columns every row has, whatever it is split by.
OWNERS = ("source", "tenant")


class Shape(Enum):
    """How the rows of a relation relate to dimensions."""

    TUPLES = auto()  # all dimensions in each row: amounts add up
    SLICES = auto()  # one dimension a row: rows of different ones speak of the same customers


@dataclass(frozen=True)
class OfSegments:
    """Where a metric of tuples is read of segments; columns that have another name there."""

    relation: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric(Generic[R]):
    """A metric as it is looked up."""

    name: str
    relation: str
    row: type[R]
    headline: str  # what a series is drawn of, and the largest of it comes first
    shown: tuple[str, ...]  # the columns of a table
    shape: Shape = Shape.SLICES
    grains: tuple[Grain, ...] = tuple(Grain)
    is_level: bool = False  # one period unless a series is asked for
    split_by: tuple[str, ...] = tuple(DIMENSIONS)
    has_money: bool = True  # rows are in a reporting currency
    of_segments: OfSegments | None = None  # slices have segments among their dimensions
    begins: str = "period_start"  # what --from and --to are about
    ends: str = "period_end"

    @cached_property
    def units(self) -> dict[str, Unit]:
        """The columns of its own, in order."""
        hints = get_type_hints(self.row, include_extras=True)
        return {
            one.name: hints[one.name].__metadata__[0]
            for one in fields(self.row)
            if hasattr(hints[one.name], "__metadata__")
        }

    def columns_in(self, *units: Unit) -> list[str]:
        """Those of them that hold one of these units."""
        return [name for name, unit in self.units.items() if unit in units]

    @property
    def measures(self) -> list[str]:
        """Those of them that are quantities."""
        return [name for name, unit in self.units.items() if unit.is_measure]

    @property
    def has_periods(self) -> bool:
        """Whether there are rows of several periods."""
        return bool(self.grains)

    @property
    def usual_grain(self) -> Grain:
        """What periods are shown when nobody says."""
        if self.is_level:
            return self.grains[0]
        return Grain.MONTH if Grain.MONTH in self.grains else self.grains[0]


_MONTHS = (Grain.MONTH,)
_MONTHS_AND_LONGER = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)

_SEGMENT_MRR = OfSegments("metric_segment_mrr")

MRR = Metric(
    "mrr",
    "metric_mrr",
    rows.Mrr,
    "mrr",
    ("mrr",),
    Shape.TUPLES,
    is_level=True,
    of_segments=OfSegments("metric_segment_mrr", {"mrr": "closing_mrr"}),
)
ARR = Metric(
    "arr",
    "metric_arr",
    rows.Arr,
    "arr_run_rate",
    ("arr_run_rate",),
    Shape.TUPLES,
    is_level=True,
    of_segments=_SEGMENT_MRR,
)
MOVEMENTS = Metric(
    "movements",
    "metric_mrr_reasons",
    rows.Movements,
    "amount",
    ("movement_type", "reason", "amount"),
    Shape.TUPLES,
    of_segments=OfSegments("metric_segment_reasons"),
)
WATERFALL = Metric(
    "waterfall",
    "metric_mrr_waterfall",
    rows.Waterfall,
    "closing_mrr",
    (
        "opening_mrr",
        "new_mrr",
        "reactivation_mrr",
        "expansion_mrr",
        "contraction_mrr",
        "churn_mrr",
        "discount_mrr",
        "transfer_mrr",
        "fx_mrr",
        "closing_mrr",
    ),
    Shape.TUPLES,
    of_segments=_SEGMENT_MRR,
)
CHURN = Metric(
    "churn",
    "metric_churn",
    rows.Churn,
    "logo_churn_rate",
    (
        "churned_customers",
        "logo_churn_denominator",
        "logo_churn_rate",
        "gross_churned_mrr",
        "net_churned_mrr",
        "opening_mrr",
        "gross_churn_rate",
        "net_churn_rate",
    ),
)
RETENTION = Metric(
    "retention",
    "metric_retention",
    rows.Retention,
    "nrr",
    (
        "window_months",
        "retained_customers",
        "opening_customers",
        "customer_retention",
        "retained_mrr",
        "closing_mrr",
        "opening_mrr",
        "grr",
        "nrr",
    ),
    grains=_MONTHS,
)
COHORTS = Metric(
    "cohorts",
    "metric_cohorts",
    rows.Cohorts,
    "customer_retention",
    ("customer_retention",),
    grains=(Grain.WEEK, *_MONTHS_AND_LONGER),
    begins="cohort_start",
    ends="cohort_end",
)
ARPA = Metric(
    "arpa",
    "metric_arpa",
    rows.Arpa,
    "arpa",
    ("mrr", "customers", "arpa", "new_mrr", "new_customers", "asp"),
    is_level=True,
)
LTV = Metric(
    "ltv",
    "metric_ltv",
    rows.Ltv,
    "ltv",
    ("arpa", "gross_margin", "churn_rate", "months_counted", "ltv"),
    grains=_MONTHS,
)
TRIALS = Metric(
    "trials",
    "metric_trials",
    rows.Trials,
    "trials_started",
    (
        "trials_started",
        "trials_converted",
        "trials_cancelled",
        "trials_pending",
        "trials_expired",
        "conversion_rate",
    ),
    split_by=(*OWNERS, "plan", "country", "segment"),
    has_money=False,
)
CUSTOMERS = Metric(
    "customers",
    "metric_customers",
    rows.Customers,
    "customers",
    (
        "opening_customers",
        "new_customers",
        "returned_customers",
        "lost_customers",
        "customers",
        "subscriptions",
    ),
    is_level=True,
    has_money=False,
)
USAGE = Metric(
    "usage",
    "metric_usage_revenue",
    rows.Usage,
    "usage_revenue",
    ("usage_revenue", "lines"),
    split_by=(*OWNERS, "plan", "product", "currency", "segment"),
)
CONCENTRATION = Metric(
    "concentration",
    "metric_concentration",
    rows.Concentration,
    "top_10_share",
    ("customers", "mrr", "top_1_share", "top_5_share", "top_10_share", "hhi"),
    grains=_MONTHS_AND_LONGER,
    is_level=True,
)
COMMITTED = Metric(
    "committed",
    "metric_committed_mrr",
    rows.Committed,
    "committed_mrr",
    (
        "horizon_days",
        "horizon_date",
        "mrr",
        "scheduled_increase",
        "scheduled_decrease",
        "scheduled_cancellations",
        "committed_mrr",
        "trial_mrr",
    ),
    grains=(),
)
CAC = Metric(
    "cac",
    "metric_cac",
    rows.Cac,
    "cac",
    ("spend", "new_customers", "cac", "asp", "payback_months", "ltv", "ltv_to_cac"),
    grains=_MONTHS_AND_LONGER,
    split_by=OWNERS,
)
METRICS = {
    one.name: one
    for one in (
        *(MRR, ARR, MOVEMENTS, WATERFALL, CHURN, RETENTION, COHORTS, ARPA, LTV, TRIALS),
        *(CUSTOMERS, USAGE, CONCENTRATION, COMMITTED, CAC),
    )
}
