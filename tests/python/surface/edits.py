"""Hypothesis strategies: what happens to a surface between a build and the refreshes after it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import add
from typing import Any

from hypothesis import strategies as st

from reference.surface.builders import AS_OF

from .build import Rate, Row, Surface
from .histories import (
    CURRENCIES,
    FACTS,
    FIRST_DAY,
    RATES,
    TENANTS,
    Calendar,
    Draw,
    Example,
    customers,
    examples,
    mostly,
    spends,
)

Unit = tuple[str, str, str]
"""A billing source, a tenant and a customer."""
Key = tuple[str, str]
"""A billing source and the id of a customer there, which several tenants may have."""

OF_SUBSCRIPTIONS = ("subscription_intervals", "trials", "invoice_lines")
UNIT = ("billing_source", "tenant_id", "customer_id")
# Rows that differ from what they were before by a fact that no other column depends on.
FREE_FACTS = sorted(FACTS.keys() - {"period"})
MOST_LATER = timedelta(days=40)
# What a row says may be meant as a mistake.
PLAUSIBLE = range(AS_OF.year - 2, AS_OF.year + 2)
HALF_A_DAY = timedelta(hours=12)
AROUND = st.sampled_from(
    [*(timedelta(minutes=number) for number in (0, -1, 1, 59, -59)), HALF_A_DAY, -HALF_A_DAY]
)


@dataclass(frozen=True)
class Step:
    """A surface, when a refresh looks at it, whom it looks at, and what else is new."""

    example: Example
    now: datetime
    candidates: frozenset[Key]
    changed_inputs: frozenset[str]


@st.composite
def steps(draw: Draw, example: Example, begun: datetime) -> list[Step]:
    """What one refresh or two find after a build of an example that began then."""
    made: list[Step] = []
    before, now = example, begun
    for number in range(draw(st.integers(1, 2))):
        surface = before.surface
        for edit in range(draw(st.integers(0, 2))):
            surface = draw(edited(surface, f"{number}{edit}"))
        now = draw(instants_after(now, surface))
        after = replace(
            example,
            surface=surface,
            rates=draw(_loaded(before.rates, now)),
            spend=draw(mostly(before.spend, st.lists(spends(_days_to(now)), max_size=2))),
        )
        # Customers are looked at in turns, too.
        known = sorted({_key(row) for rows in surface.values() for row in rows})
        turns = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        made.append(step_to(after, now, before, turns))
        before = after
    return made


def step_to(example: Example, now: datetime, before: Example, turns: Iterable[Key] = ()) -> Step:
    """The step from what was there before; whose rows have changed is looked at."""
    inputs = {"fx_rates": example.rates != before.rates, "spend": example.spend != before.spend}
    return Step(
        example,
        now,
        frozenset({*_changed(before.surface, example.surface), *turns}),
        frozenset(name for name, is_changed in inputs.items() if is_changed),
    )


def _loaded(before: list[Rate], now: datetime) -> st.SearchStrategy[list[Rate]]:
    """The rates there were, and mostly none or a few of the last days."""
    known = {rate[:2] for rate in before}
    days = st.integers(0, 3).map(lambda days: (now - timedelta(days=days)).date())
    new = st.tuples(days, st.sampled_from(CURRENCIES), RATES).filter(
        lambda rate: rate[:2] not in known and rate[1] != "EUR"
    )
    some = st.lists(new, max_size=2, unique_by=lambda rate: rate[:2])
    return mostly(before, some.map(lambda rates: [*before, *rates]))


def _days_to(now: datetime) -> Calendar:
    """A few days around one."""
    today = (now - AS_OF).days
    return Calendar([today - 40, today - 1, today, today + 1])


def beginnings(surface: Surface) -> st.SearchStrategy[datetime]:
    """Of the first build: much of what a surface says lies in the future mostly."""
    stated = sorted(_stated(surface))
    ends = [row["scheduled_end_at"] for row in surface["subscription_intervals"]]
    # A planned end is believed for a day.
    planned = sorted({end + HALF_A_DAY for end in ends if end and end.year in PLAUSIBLE})
    days = st.integers(0, -FIRST_DAY).map(lambda days: AS_OF - timedelta(days=days))
    around = st.builds(add, st.sampled_from(stated), AROUND) if stated else days
    return days | around | (st.sampled_from(planned) if planned else around)


def instants_after(now: datetime, surface: Surface) -> st.SearchStrategy[datetime]:
    """Instants not before another one: some days later, or where something happens."""
    near = sorted(at for at in _stated(surface) if now < at <= now + 3 * MOST_LATER)
    days = st.integers(0, 80).map(lambda number: now + number / 80 * MOST_LATER)
    instants = st.builds(add, st.sampled_from(near), AROUND) if near else days
    return days | instants.map(lambda at: max(now, at))


def _stated(surface: Surface) -> set[datetime]:
    """Instants that rows name, and such as are a day later: when an end is no longer believed."""
    return {
        value + later
        for rows in surface.values()
        for row in rows
        for value in row.values()
        if isinstance(value, datetime) and value.year in PLAUSIBLE
        for later in (timedelta(0), timedelta(days=1))
    }


@st.composite
def edited(draw: Draw, surface: Surface, number: str) -> Surface:
    """The surface after something has happened to one of its customers."""
    units = sorted({_unit(row) for row in surface["customers"]})
    new = (*draw(st.sampled_from(TENANTS)), f"new{number}")
    edit = draw(st.sampled_from(EDITS if units else (_joins,)))
    unit = draw(st.sampled_from(units)) if units else new
    rows = {name: list(of_all) for name, of_all in surface.items()}
    draw(edit(rows, new if edit is _joins else unit, number))
    return rows


Rows = dict[str, list[Row]]


@st.composite
def _joins(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """A new customer, with all that comes with it."""
    _take_over(rows, unit, draw(_donors()), ("customers", *OF_SUBSCRIPTIONS), number)


@st.composite
def _leaves(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """Rows of a customer that are gone, or all of them."""
    every = ("customers", *OF_SUBSCRIPTIONS, "data_issues")
    for name in draw(st.sampled_from((every, *((one,) for one in every)))):
        rows[name] = [row for row in rows.get(name, ()) if _unit(row) != unit]


@st.composite
def _becomes(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """Other rows in place of those that were there."""
    names = draw(st.lists(st.sampled_from(OF_SUBSCRIPTIONS), min_size=1, unique=True))
    _take_over(rows, unit, draw(_donors()), names, number)


@st.composite
def _moves(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """Another country, parent or attribute; left out, or counted again."""
    calendar = Calendar([FIRST_DAY])
    customer = {**draw(customers(calendar, 0)), **dict(zip(UNIT, unit, strict=True))}
    parents = [None, "group", *(row["customer_id"] for row in rows["customers"])]
    customer["parent_customer_id"] = draw(st.sampled_from(parents))
    rows["customers"] = [row for row in rows["customers"] if _unit(row) != unit] + [customer]


@st.composite
def _changes(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """One fact of one interval."""
    own = [n for n, row in enumerate(rows["subscription_intervals"]) if _unit(row) == unit]
    if own:
        place = draw(st.sampled_from(own))
        name = draw(st.sampled_from(FREE_FACTS))
        row = rows["subscription_intervals"][place]
        rows["subscription_intervals"][place] = {**row, name: draw(FACTS[name])}


@st.composite
def _is_noted(draw: Draw, rows: Rows, unit: Unit, number: str) -> None:
    """The engine's rows of a customer have something wrong."""
    issue = {
        **dict(zip(UNIT, unit, strict=True)),
        "issue": "made_up",
        "severity": draw(st.sampled_from(("error", "warning"))),
        "is_quarantined": draw(st.booleans()),
        "surface_relation": draw(st.sampled_from(("trials", "invoice_lines"))),
        "source_table": "lines",
        "source_row_id": "0001",
        "detail": "It is made up.",
    }
    # Nothing says that a row has one thing of a kind wrong only.
    rows["data_issues"] = [*rows.get("data_issues", ()), *[issue] * draw(st.integers(1, 2))]


EDITS = (_joins, _leaves, _becomes, _becomes, _moves, _changes, _changes, _is_noted)


@st.composite
def _donors(draw: Draw) -> Rows:
    """All rows of one customer of another example."""
    surface = draw(examples(with_bad_rows=False)).surface
    units = sorted({_unit(row) for row in surface["customers"]})
    unit = draw(st.sampled_from(units))
    return {name: [row for row in rows if _unit(row) == unit] for name, rows in surface.items()}


def _take_over(rows: Rows, unit: Unit, donor: Rows, names: Iterable[str], number: str) -> None:
    """Put the donor's rows in place of a customer's, under ids of that customer."""
    (owner,) = donor["customers"]
    old, new = owner["customer_id"], unit[2]

    def renamed(name: str, value: Any) -> Any:  # noqa: ANN401 - as it came
        if name in UNIT:
            return unit[UNIT.index(name)]
        if name in ("subscription_id", "item_id") and value is not None:
            return value.replace(f"{old}-", f"{new}-", 1)
        if name in ("source_row_id", "line_id", "invoice_id"):
            return f"{value}-{number}"
        return value

    for name in names:
        own = [{column: renamed(column, v) for column, v in row.items()} for row in donor[name]]
        rows[name] = [row for row in rows[name] if _unit(row) != unit] + own


def _changed(before: Surface, after: Surface) -> set[Key]:
    """Whose rows are not what they were."""
    counts = [
        Counter((name, _key(row), repr(sorted(row.items()))) for name in s for row in s[name])
        for s in (before, after)
    ]
    return {key for _, key, _ in (counts[0] - counts[1]) | (counts[1] - counts[0])}


def _unit(row: Row) -> Unit:
    return row["billing_source"], row["tenant_id"], row["customer_id"]


def _key(row: Row) -> Key:
    return row["billing_source"], row["customer_id"]
