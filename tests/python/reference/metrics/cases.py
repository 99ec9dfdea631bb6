"""Reading single rows of the metrics in tests."""

from datetime import date

from reference.surface.books import Books

from .cuts import Values
from .relations import KEYS, metrics

TOTAL = {"dimension": "total"}


def rows(books: Books, relation: str, month: str | None = None, **where: object) -> list[Values]:
    """The rows of a relation, keys and values, of a month (`2025-02`) or of any other key."""
    if month is not None:
        where = {"grain": "month", "period_start": date.fromisoformat(f"{month}-01"), **where}
    named = (
        {**dict(zip(KEYS[relation], key, strict=True)), **values}
        for key, values in metrics(books)[relation].items()
    )
    return [row for row in named if all(row[name] == value for name, value in where.items())]


def row(books: Books, relation: str, month: str | None = None, **where: object) -> Values:
    """The only such row."""
    (found,) = rows(books, relation, month, **where)
    return found


def total(books: Books, relation: str, month: str | None = None, **where: object) -> Values:
    """The only such row of the total."""
    return row(books, relation, month, **{**TOTAL, **where})
