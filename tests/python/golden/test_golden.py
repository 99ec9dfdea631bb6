"""The golden cases of the metric definitions, through the built metrics."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from surface.build import SurfaceBuild

from . import (
    cases_discounts,
    cases_fx,
    cases_plan_changes,
    cases_prices,
    cases_retention,
    cases_statuses,
    cases_subscriptions,
    cases_trials,
    cases_values,
)
from .built import Books, GoldenProject
from .case import Case, figures, level, movements, table

MODULES = (
    *(cases_subscriptions, cases_statuses, cases_plan_changes, cases_prices, cases_discounts),
    *(cases_trials, cases_fx, cases_retention, cases_values),
)
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
# dbt takes seconds to compile a set of options, so cases share one whose other options do not
# bear on their stories: each runs under the first set that has all options it names.
OPTION_SETS: tuple[dict[str, object], ...] = (
    {},
    {
        "churn_date": "cancel_requested",
        "churn_method": "stripe_30d",
        "gross_margin": "0.8",
        "mrr_discounts": "all",
        "mrr_past_due": "exclude",
        "mrr_paused": "keep",
        "mrr_usage": "last_period",
        "quick_ratio_reactivation": True,
        "reactivation_max_gap_days": 90,
        "refunds": "full_refund_voids",
        "trial_rate": "period",
    },
    {"netting": "none", "mrr_past_due": "churn_after_days(15)"},
    {"netting": "month"},
    {"mrr_discounts": "none", "as_reported_at": "2024-03-31T00:00:00Z"},
    {"reporting_timezone": "America/New_York", "reporting_currency": "EUR"},
    {"reporting_currency": "USD"},
)


@pytest.fixture(scope="module")
def project(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> GoldenProject:
    return GoldenProject(new_database(), tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def build(project: GoldenProject, request: pytest.FixtureRequest) -> Iterator[SurfaceBuild]:
    """Every relation under a set of options, given by its number."""
    options = OPTION_SETS[request.param]
    with project.under({f"tidemill_{name}": value for name, value in options.items()}) as build:
        yield build


@pytest.fixture(scope="module")
def filled(
    project: GoldenProject, build: SurfaceBuild, request: pytest.FixtureRequest
) -> Iterator[dict[str, Books]]:
    """Every relation filled with all cases that share these options, this instant and rates."""
    cases = [case for case in CASES if world(case) == request.param]
    with project.filled(build, cases) as filled:
        yield filled


def world(case: Case) -> tuple[int, str, str]:
    """What cases must share to be tenants of one build."""
    options = next(n for n, some in enumerate(OPTION_SETS) if case.options.items() <= some.items())
    return options, case.as_of, case.rates


WORLDS = {world(case): world(case) for case in CASES}


@pytest.mark.parametrize(
    ("build", "filled", "case"),
    # Pytest takes a parameter for the same only if it is the same object.
    [(WORLDS[world(case)][0], WORLDS[world(case)], case) for case in sorted(CASES, key=world)],
    indirect=["build", "filled"],
    ids=lambda given: given.name if isinstance(given, Case) else "",
)
def test_golden(filled: dict[str, Books], case: Case) -> None:
    books = filled[case.name]
    assert books.movements() == movements(case.movements)
    for metric, column, levels in (
        ("metric_mrr", "mrr", case.mrr),
        ("metric_arr", "arr_run_rate", case.arr),
    ):
        for day, text in levels.items():
            for grain, found in books.levels(metric, column, date.fromisoformat(day)).items():
                assert found == level(text), f"{metric} of the {grain} that ends with {day}"
    if case.waterfall:
        assert books.waterfall(case.waterfall) == figures(case.waterfall)
    if case.customers:
        assert books.customers(case.customers) == figures(case.customers)
    for which, text in case.tables.items():
        assert books.table(which, text) == table(text)[1], which
