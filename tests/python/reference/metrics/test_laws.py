"""What holds of the metrics of any surface under any options."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.surface.builders import SurfaceRows
from reference.test_surface_properties import choices, computed, surfaces

from .cuts import Cut, Rows, Values
from .periods import Period, periods
from .relations import KEYS, metrics

OPTIONS: dict[str, list[Any]] = {
    "churn_method": ["cohort_end_state", "cohort_any_exit", "stripe_30d", "rolling_30d"],
    "revenue_churn": ["cohort_end_state", "movement_sum"],
    "net_includes_reactivation": [False, True],
    "cohort_by": ["first_paid", "signup", "attribute:size"],
    "cohort_month0": ["end_of_month", "forced_100"],
    "ltv_churn": ["logo", "gross_mrr", "net_mrr"],
    "arr_scope": ["all", "annual_plans_only"],
    "quick_ratio_reactivation": [False, True],
}
definitions = st.builds(
    lambda ledger, metric: {**ledger, **metric},
    choices(),
    st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in OPTIONS.items()}),
)


def built(surface: SurfaceRows, chosen: dict[str, Any]) -> dict[str, Rows]:
    return metrics(computed(surface, chosen))


@given(surfaces(), definitions)
def test_every_row_has_its_keys_and_columns(surface: SurfaceRows, chosen: dict[str, Any]) -> None:
    for name, rows in built(surface, chosen).items():
        columns = {tuple(values) for values in rows.values()}
        assert len(columns) <= 1, name
        assert all(len(key) == len(KEYS[name]) for key in rows), name
        assert not any(set(values) & set(KEYS[name]) for values in rows.values()), name


@given(surfaces(), definitions)
def test_every_waterfall_and_count_adds_up(surface: SurfaceRows, chosen: dict[str, Any]) -> None:
    found = built(surface, chosen)
    levels = found["metric_mrr"]
    for key, row in found["metric_mrr_waterfall"].items():
        moved = row["net_new_mrr"] + row["transfer_mrr"] + row["fx_mrr"]
        assert row["opening_mrr"] + moved == row["closing_mrr"]
        assert row["closing_mrr"] == (levels[key]["mrr"] if key in levels else 0)
        if chosen.get("reporting_currency") is None or chosen.get("fx_mode") == "at_start":
            assert row["fx_mrr"] == 0
    for row in found["metric_customers"].values():
        came = row["new_customers"] + row["returned_customers"]
        assert row["opening_customers"] + came - row["lost_customers"] == row["customers"] >= 0


@given(surfaces(), definitions)
def test_states_give_rates_within_their_bounds(
    surface: SurfaceRows, chosen: dict[str, Any]
) -> None:
    by_state = {"churn_method": "cohort_end_state", "revenue_churn": "cohort_end_state"}
    found = built(surface, {**chosen, **by_state})
    for row in found["metric_churn"].values():
        assert row["opening_customers"] >= row["churned_customers"]
        if row["gross_churned_mrr"] is not None:
            assert 0 <= row["gross_churned_mrr"] <= row["opening_mrr"]
            assert row["voluntary_mrr"] + row["involuntary_mrr"] <= row["churned_mrr"]
    for row in found["metric_retention"].values():
        if row["grr"] is not None:
            assert 0 <= row["grr"] <= min(1, row["nrr"])
    for row in found["metric_concentration"].values():
        assert 0 < row["top_1_share"] <= row["top_5_share"] <= row["top_10_share"] <= 1


@given(surfaces(), definitions)
def test_periods_without_a_change_may_share_what_was_computed_once(
    surface: SurfaceRows, chosen: dict[str, Any]
) -> None:
    books = computed(surface, chosen)
    shared = metrics(books)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Cut, "each_period", each_by_itself)
        assert metrics(books) == shared


def each_by_itself(
    cut: Cut, grain: str, values: Callable[[Cut, Period], Values | None], look_back: int = 0
) -> Iterator[tuple[Period, Values]]:
    for period in periods(grain, cut.ledger.first_day, cut.ledger.today):
        found = values(cut, period)
        if found is not None:
            yield period, found
