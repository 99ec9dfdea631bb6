"""Segments of customers, as a file names them: conditions joined by all, any and not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.metrics import DIMENSIONS
from tidemill_cli.suggest import did_you_mean

ATTRIBUTE = "attribute."
FIELDS = {name: column for name, column in DIMENSIONS.items() if name != "segment"}
# A tenant's and a source's column in the metrics has another name than in a condition.
_STORED = {**FIELDS, "source": "source", "tenant": "tenant"}
_OPERATORS = ("equals", "in", "contains", "greater", "less", "empty")
_MOST_CLAUSES = 100
_ORDERED = re.compile(r"-?[0-9]+([.][0-9]+)?$|[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Condition:
    """One thing that must hold of a customer, or must not."""

    field: str
    operator: str
    operands: tuple[str, ...] = ()
    is_negated: bool = False

    def __str__(self) -> str:
        """In words."""
        values = " or ".join(self.operands)
        words = {"in": f"is {values}", "empty": "is empty"}
        said = words.get(self.operator, f"{self.operator} {values}")
        return f"{'not ' if self.is_negated else ''}{self.field} {said}"


Clause = tuple[Condition, ...]


@dataclass(frozen=True)
class Segment:
    """Customers for whom all conditions of one of the clauses hold."""

    name: str
    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        """In words."""
        return ", or ".join(" and ".join(map(str, clause)) for clause in self.clauses)

    def rows(self) -> Iterator[tuple[str, int, int, str, str, list[str], bool]]:
        """As they are stored, a row per condition."""
        for number, clause in enumerate(self.clauses, 1):
            for place, one in enumerate(clause, 1):
                field, operands = _STORED.get(one.field, one.field), list(one.operands)
                yield self.name, number, place, field, one.operator, operands, one.is_negated

    def attributes(self) -> set[str]:
        """The attributes that it looks at."""
        fields = {one.field for clause in self.clauses for one in clause}
        return {one.removeprefix(ATTRIBUTE) for one in fields if one.startswith(ATTRIBUTE)}


def read_segments(path: Path) -> list[Segment]:
    """The segments of a file, or a sentence on what is wrong with it."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TidemillError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise TidemillError(f"{path} cannot be read as YAML{where}: correct it.") from None
    named = document.get("segments") if isinstance(document, dict) else None
    if not isinstance(named, dict) or set(document) != {"segments"}:
        raise TidemillError(
            f"{path} must hold one key, segments, and below it a name and conditions per segment."
        )
    return [_segment(path, str(name), node) for name, node in named.items()]


def stored_segments(
    rows: Iterable[tuple[str, int, int, str, str, list[str], bool]],
) -> list[Segment]:
    """Segments from the rows they are stored in."""
    names = {column: name for name, column in _STORED.items()}
    found: dict[str, dict[int, list[Condition]]] = {}
    for name, number, _, field, operator, operands, is_negated in rows:
        one = Condition(names.get(field, field), operator, tuple(operands), is_negated)
        found.setdefault(name, {}).setdefault(number, []).append(one)
    return [
        Segment(name, tuple(tuple(clause) for clause in clauses.values()))
        for name, clauses in found.items()
    ]


def _segment(path: Path, name: str, node: object) -> Segment:
    where = f"{path}, segment {name}"
    if not name.isprintable() or "," in name or not name.strip():
        raise TidemillError(f"{where}: a name has letters, digits, spaces and signs but no comma.")
    clauses = _clauses(where, node, is_negated=False)
    if len(clauses) > _MOST_CLAUSES:
        raise TidemillError(
            f"{where}: written out these are {len(clauses)} alternatives, and {_MOST_CLAUSES} are "
            "the most: use lists of values in place of any."
        )
    return Segment(name, tuple(dict.fromkeys(clauses)))


def _clauses(where: str, node: object, *, is_negated: bool) -> list[Clause]:
    """A node written out as alternatives, each of conditions that all hold."""
    if not isinstance(node, dict) or not node:
        raise TidemillError(f"{where}: {node!r} is no condition: write it as `plan: pro`.")
    parts = [
        _clauses_of_key(where, str(key), value, is_negated=is_negated)
        for key, value in node.items()
    ]
    return _joined(parts, is_any=is_negated)


def _clauses_of_key(where: str, key: str, value: object, *, is_negated: bool) -> list[Clause]:
    if key == "not":
        return _clauses(where, value, is_negated=not is_negated)
    if key in ("all", "any"):
        if not isinstance(value, list) or not value:
            raise TidemillError(f"{where}: {key} needs a list of conditions.")
        parts = [_clauses(where, one, is_negated=is_negated) for one in value]
        return _joined(parts, is_any=(key == "any") != is_negated)
    one = _condition(where, key, value)
    return [(replace(one, is_negated=one.is_negated != is_negated),)]


def _joined(parts: list[list[Clause]], *, is_any: bool) -> list[Clause]:
    if is_any:
        return [clause for part in parts for clause in part]
    clauses: list[Clause] = [()]
    for part in parts:
        clauses = [tuple(dict.fromkeys((*one, *other))) for one, other in product(clauses, part)]
        if len(clauses) > _MOST_CLAUSES:
            break
    return clauses


def _condition(where: str, field: str, value: object) -> Condition:
    if field not in FIELDS and not field.startswith(ATTRIBUTE):
        raise TidemillError(
            f"{where}: there is no field {field}; "
            f"{did_you_mean(field, [*FIELDS, 'all', 'any', 'not'])} An attribute of customers is "
            f"written {ATTRIBUTE}{field}."
        )
    if not isinstance(value, dict):
        return Condition(field, "in", _operands(where, field, value))
    if len(value) != 1:
        raise TidemillError(f"{where}: {field} needs one comparison; join several by all.")
    ((operator, wanted),) = value.items()
    if operator not in _OPERATORS:
        raise TidemillError(
            f"{where}: {field} cannot be compared by {operator}; "
            f"{did_you_mean(str(operator), _OPERATORS)}"
        )
    if operator == "empty":
        if not isinstance(wanted, bool):
            raise TidemillError(f"{where}: {field} is empty or not: write true or false.")
        return Condition(field, "empty", is_negated=not wanted)
    operands = _operands(where, field, wanted)
    if operator in ("greater", "less") and not all(map(_is_ordered, operands)):
        raise TidemillError(
            f"{where}: {field} {operator} {' or '.join(operands)}: only numbers and days "
            "(2026-03-31) are greater or less."
        )
    return Condition(field, "in" if operator == "equals" else operator, operands)


def _is_ordered(operand: str) -> bool:
    return bool(_ORDERED.match(operand))


def _operands(where: str, field: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(one, (dict, list)) or one is None for one in values):
        raise TidemillError(f"{where}: {field} needs a value, or a list of them.")
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
