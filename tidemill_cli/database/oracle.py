"""What another knows of the subscriptions that the ledger holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from tidemill_cli.reconcile import Choice


@dataclass(frozen=True)
class Oracle:
    """Another's MRR of the items of one billing source."""

    name: str
    whose: str  # numbers they are, in words
    relation: str
    source: str
    tenants: list[str]  # that it knows
    amounts: sql.Composed  # signed changes: the other side of a comparison
    units: sql.Composable  # the currencies it does not keep in hundredths
    choices: Mapping[str, Choice]
    days_late: int = 0
    by_subscription: bool = False  # it knows no items
    at_month_ends: bool = False  # levels within a month say little
    causes: sql.Composed | None = None  # tells by cause why subscriptions differ
