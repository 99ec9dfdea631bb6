"""The golden cases of the metric definitions, through the built metrics.

What must come out was derived by hand from the definitions; each case says how. A case happens in
a simulated Lago and goes through Lago's rows; where Lago cannot tell the story it is given as the
facts that any adapter states. Several cases of one number differ in the definitions they are read
under.

The number in the definitions, where its cases are, and the defects seen elsewhere that they guard
against:

G1    cases_plan_changes R1
G2    cases_trials R2
G3    cases_subscriptions R3
G4    cases_subscriptions R4
G5    cases_subscriptions R5
G6    cases_fx R6
G7    cases_fx R6
G8    cases_statuses R7
G9    cases_prices R8
G10   cases_plan_changes R9
G11   cases_plan_changes R10
G12   cases_subscriptions R11
G13   cases_subscriptions R12
G14   cases_subscriptions R12
G15   cases_retention R13
G16   cases_prices R14
G17   cases_prices R14
G18   cases_discounts R14
G19   cases_prices R14
G20   cases_trials R15
G21   cases_invoices R16
G22   cases_fx R17
G23   cases_subscriptions R18
G24   cases_subscriptions R19
G25   cases_plan_changes
G26   cases_plan_changes
G27   cases_subscriptions
G28   cases_fx
G29   cases_discounts
G30   cases_discounts
G31   cases_discounts
G32   cases_discounts
G33   cases_plan_changes
G34   cases_subscriptions
G35   cases_subscriptions cases_statuses
G36   cases_statuses
G37   cases_subscriptions
G38   cases_subscriptions
G39   cases_subscriptions cases_invoices
G40   cases_plan_changes
G41   cases_prices
G42   cases_fx
G43   cases_prices
G44   cases_prices
G45   cases_subscriptions
G46   cases_trials
G47   cases_trials
G48   cases_subscriptions
G49   cases_values
G50   cases_values
V1    cases_prices
V2    cases_prices
V3    cases_discounts
V4    cases_prices cases_discounts
V5    cases_discounts
V11   cases_prices
V12   cases_retention
V13   cases_values R5
V14   cases_trials
V15   cases_prices
V16   cases_retention
V17   cases_retention
V18   cases_invoices
V21   cases_prices
V22   cases_discounts
V22d  cases_prices
V22e  cases_prices
V22f  cases_plan_changes
V23   cases_invoices
V25   cases_values
V26   cases_values
V27   cases_retention
V28   cases_retention
2.12  cases_values
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from . import (
    cases_discounts,
    cases_fx,
    cases_invoices,
    cases_plan_changes,
    cases_prices,
    cases_retention,
    cases_statuses,
    cases_subscriptions,
    cases_trials,
    cases_values,
)
from .built import GoldenProject, World, Worlds
from .case import Case, figures, level, movements, table

MODULES = (
    *(cases_subscriptions, cases_statuses, cases_plan_changes, cases_prices, cases_discounts),
    *(cases_trials, cases_invoices, cases_fx, cases_retention, cases_values),
)
# The numbers of the definitions: golden cases, published examples, and defects seen elsewhere.
GOLDEN = {f"G{number}" for number in range(1, 51)}
PUBLISHED = {
    *("V1", "V2", "V3", "V4", "V5", "V11", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V21"),
    *("V22", "V22d", "V22e", "V22f", "V23", "V25", "V26", "V27", "V28", "2.12"),
}
DEFECTS = {f"R{number}" for number in range(1, 20)}

CASES: list[Case] = [case for module in MODULES for case in module.CASES]
# dbt takes seconds to compile a set of options, so cases share one whose other options do not
# bear on their stories: each runs under the first set that has all options it names.
OPTION_SETS: tuple[dict[str, object], ...] = (
    {},
    {
        "churn_date": "cancel_requested",
        "churn_method": "stripe_30d",
        "mrr_discounts": "all",
        "mrr_past_due": "exclude",
        "mrr_paused": "keep",
        "mrr_usage": "last_period",
        "quick_ratio_reactivation": True,
        "reactivation_max_gap_days": 90,
        "refunds": "full_refund_voids",
        "trial_rate": "period",
    },
    {
        "as_reported_at": "2024-03-31T00:00:00Z",
        "mrr_discounts": "none",
        "mrr_past_due": "churn_after_days(15)",
        "netting": "none",
    },
    {"gross_margin": "0.8", "netting": "month"},
    {"reporting_timezone": "America/New_York", "reporting_currency": "EUR"},
    {"reporting_currency": "USD"},
)


def world(case: Case) -> World:
    """What cases have in common that are tenants of one build."""
    options = next(some for some in OPTION_SETS if case.options.items() <= some.items())
    return World(options, case.as_of, case.rates)


def order(case: Case) -> tuple[int, str, str]:
    """Cases of one world, and worlds of one set of options, one after the other."""
    options, as_of, rates = world(case)
    return OPTION_SETS.index(options), as_of, rates


@pytest.fixture(scope="module")
def worlds(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worlds]:
    project = GoldenProject(new_database(), tmp_path_factory.mktemp("golden"))
    with Worlds(project) as worlds:
        yield worlds


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[] if world(case).options else [pytest.mark.sample])
        for case in sorted(CASES, key=order)
    ],
)
def test_golden(worlds: Worlds, case: Case) -> None:
    here = world(case)
    books = worlds.enter(here, [other for other in CASES if world(other) == here])[case.name]
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


def test_every_case_is_named_once() -> None:
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))


def test_the_table_above_names_every_case_of_the_definitions_and_the_defects_it_guards() -> None:
    lines = (__doc__ or "").strip().rpartition("\n\n")[2].splitlines()
    table = {number: set(words) for number, *words in map(str.split, lines)}
    written = defaultdict[str, set[str]](set)
    for module in MODULES:
        for case in module.CASES:
            words = {module.__name__.rpartition(".")[2], *case.guards}
            written[case.name.partition("-")[0]] |= words
    assert table == written
    assert table.keys() == GOLDEN | PUBLISHED
    assert set.union(*table.values()) >= DEFECTS
