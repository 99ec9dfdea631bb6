"""The golden cases of the metric definitions, through the built metrics."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date

import pytest

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
from .built import Built, GoldenProject
from .case import Case, figures, level, movements, table

MODULES = (
    *(cases_subscriptions, cases_statuses, cases_plan_changes, cases_prices, cases_discounts),
    *(cases_trials, cases_fx, cases_retention, cases_values),
)
CASES: list[Case] = [case for module in MODULES for case in module.CASES]


@pytest.fixture(scope="module")
def project(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> GoldenProject:
    return GoldenProject(new_database(), tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def built(project: GoldenProject, request: pytest.FixtureRequest) -> Iterator[Built]:
    with project.built(json.loads(request.param)) as built:
        yield built


@pytest.mark.parametrize(
    ("built", "case"),
    # dbt compiles once for all cases of one set of options, which to pytest is one object.
    sorted(
        ((sys.intern(json.dumps(case.options)), case) for case in CASES), key=lambda pair: pair[0]
    ),
    indirect=["built"],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
def test_golden(built: Built, case: Case) -> None:
    with built.filled(case):
        assert built.movements() == movements(case.movements)
        for metric, column, levels in (
            ("metric_mrr", "mrr", case.mrr),
            ("metric_arr", "arr_run_rate", case.arr),
        ):
            for day, text in levels.items():
                for grain, found in built.levels(metric, column, date.fromisoformat(day)).items():
                    assert found == level(text), f"{metric} of the {grain} that ends with {day}"
        if case.waterfall:
            assert built.waterfall(case.waterfall) == figures(case.waterfall)
        if case.customers:
            assert built.customers(case.customers) == figures(case.customers)
        for which, text in case.tables.items():
            assert built.table(which, text) == table(text)[1], which
