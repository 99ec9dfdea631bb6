"""Movements one by one, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal

from tidemill_cli.database.lookups import Lookups
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.question import Question

LIMIT = 50


@dataclass(frozen=True)
class Movement:
    """One movement of one customer; `tidemill explain movement` takes its id.

    Amounts are in the currency billed in, but for `reporting_amount`. What the columns mean is in
    docs/metrics.md, below metric_mrr_movements.
    """

    movement_id: str
    movement_date: date
    source: str
    tenant: str
    customer_id: str
    movement_type: str
    reason: str
    plan: str
    product: str
    currency: str
    country: str
    interval: str
    amount: Decimal
    mrr_before: Decimal
    mrr_after: Decimal
    reporting_currency: str
    reporting_amount: Decimal
    is_voluntary: bool | None
    subscription_ids: str
    source_rows: str


COLUMNS = [one.name for one in fields(Movement)]


def list_movements(
    lookups: Lookups, question: Question, customer: str | None = None, limit: int = LIMIT
) -> tuple[list[Movement], str]:
    """The movements of the days that are asked for, and the statement that gave them.

    Raises TidemillError where the question is one of sums.
    """
    if question.by:
        raise TidemillError("--by adds movements up, and --list tells them one by one: drop one.")
    latest = lookups.latest_day() or date.today()
    selection = question.selection(latest)
    rows, statement = lookups.movements(COLUMNS, selection, customer, limit)
    return [Movement(*row) for row in rows], statement


def as_rows(movements: Sequence[Movement]) -> list[dict[str, object]]:
    """The movements as mappings."""
    return [asdict(movement) for movement in movements]
