"""Segments: what every metric says of some customers, as if there were no others."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from reference.surface.books import Books, Place, Unit

from .cuts import Rows

NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ATTRIBUTE = "attribute."
# Money is spent on tenants' customers, not on segments.
WITHOUT_SEGMENTS = ("metric_cac",)

Metrics = Callable[[Books, Books], dict[str, Rows]]
Keys = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Condition:
    """What must hold of a customer (or must not), with all others of the same clause."""

    segment: str
    clause: int
    condition: int
    field: str
    operator: str
    operands: tuple[str, ...]
    is_negated: bool


def members(books: Books, conditions: Iterable[Condition]) -> dict[str, set[Unit]]:
    """The customers of each segment."""
    clauses: dict[tuple[str, int], list[Condition]] = {}
    for condition in conditions:
        clauses.setdefault((condition.segment, condition.clause), []).append(condition)
    found: dict[str, set[Unit]] = {segment: set() for segment, _ in clauses}
    for unit, customer in books.customers.items():
        for (segment, _), clause in clauses.items():
            if not customer.is_excluded and all(_is_true(books, unit, one) for one in clause):
                found[segment].add(unit)
    return found


def only(books: Books, units: set[Unit]) -> Books:
    """The books of some customers; the others are known, and have nothing."""
    return replace(
        books,
        lines=[line for line in books.lines if line.unit in units],
        trials=[trial for trial in books.trials if trial.unit in units],
        intervals=[interval for interval in books.intervals if interval.unit in units],
        histories={unit: one for unit, one in books.histories.items() if unit in units},
        issues=[],
        ledgers={},
    )


def segment_metrics(
    books: Books, conditions: Iterable[Condition], metrics: Metrics, keys: Keys
) -> dict[str, Rows]:
    """The rows that segments have in each relation."""
    found: dict[str, Rows] = {name: {} for name in keys}
    for segment, units in members(books, conditions).items():
        relations = metrics(only(books, units), books)
        for name, rows in relations.items():
            if "dimension" in keys[name] and name not in WITHOUT_SEGMENTS:
                of_segment = {"dimension": "segment", "dimension_value": segment}
                for key, values in rows.items():
                    named = dict(zip(keys[name], key, strict=True))
                    if named["dimension"] in ("total", "overall"):
                        found[name][tuple({**named, **of_segment}.values())] = values
        mrr, arr = relations["metric_mrr"], relations["metric_arr"]
        for key, values in relations["metric_mrr_waterfall"].items():
            found["metric_segment_mrr"][(*key, segment)] = {
                **values,
                "native_mrr": mrr[key]["native_mrr"] if key in mrr else Decimal(0),
                "arr_run_rate": arr[key]["arr_run_rate"] if key in arr else Decimal(0),
            }
        for key, values in relations["metric_mrr_reasons"].items():
            found["metric_segment_reasons"][(*key, segment)] = values
        for unit in units:
            found["metric_segment_customers"][(*unit, segment)] = {}
    return found


def _is_true(books: Books, unit: Unit, condition: Condition) -> bool:
    values = [value for value in _values(books, unit, condition.field) if value is not None]
    if condition.operator == "in":
        holds = not set(values).isdisjoint(condition.operands)
    elif condition.operator == "empty":
        holds = not any(values)
    else:
        pairs = [(value, operand) for value in values for operand in condition.operands]
        holds = any(_compare(condition.operator, *pair) for pair in pairs)
    return holds != condition.is_negated


def _values(books: Books, unit: Unit, field: str) -> list[str | None]:
    """All that a customer has of a field."""
    customer = books.customers[unit]
    if field.startswith(ATTRIBUTE):
        return [customer.attribute(field.removeprefix(ATTRIBUTE))]
    if field in ("source", "tenant"):
        return [unit[0] if field == "source" else unit[1]]
    places = _places(books, unit)
    if field == "country" and not places:
        return [customer.country]
    return [getattr(place, field) for place in places]


def _places(books: Books, unit: Unit) -> set[Place]:
    """Where a customer's money is, or was to the last."""
    moved = books.ledgers[unit].movements if unit in books.ledgers else []
    if not moved:
        return set()
    held = {place for place, amount in books.level(unit, books.last_day).items() if amount}
    last = max(movement.day for movement in moved)
    return held or {movement.place for movement in moved if movement.day == last}


def _compare(operator: str, value: str, operand: str) -> bool:
    if operator == "contains":
        return operand.lower() in value.lower()
    pair: tuple[Decimal, Decimal] | tuple[str, str]
    if NUMBER.fullmatch(value) and NUMBER.fullmatch(operand):
        pair = Decimal(value), Decimal(operand)
    elif DAY.match(value) and DAY.match(operand):
        pair = value, operand
    else:
        return False
    return pair[0] > pair[1] if operator == "greater" else pair[0] < pair[1]  # type: ignore[operator]
