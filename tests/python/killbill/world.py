"""A simulated Kill Bill to script, and what the models tell of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tidemill_cli.demo.killbill.catalog import Product
from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.model import Account
from tidemill_cli.demo.killbill.plans import plan
from tidemill_cli.demo.killbill.rows import Row

from .surface import Surface

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 9, 1, tzinfo=UTC)
Rows = dict[str, list[Row]]
Edit = Callable[[Rows], None]

PLANS = (
    plan("basic", "Basic", 50),
    plan("plus", "Plus", 80),
    plan("tried", "Tried", 30, trial_days=14),
    plan("season", "Season", 20, term=("MONTHS", 3)),
    plan("support", "Support", 10),
)
PRODUCTS = (Product("Basic", available=("Support",)), Product("Support", "ADD_ON"))


def at(text: str) -> datetime:
    """An instant of the story, as month and day of its year or in full."""
    return datetime.fromisoformat(text if len(text) > 8 else f"2024-{text}").replace(tzinfo=UTC)


def day(moment: datetime | None) -> str:
    """The day of an instant, in short."""
    return "" if moment is None else f"{moment.astimezone(UTC):%m-%d}"


class World:
    """One tenant, and all that happens until END."""

    def __init__(self) -> None:
        self.kb = KillBillEngine(seed=1, start=START)
        self.acme = self.kb.tenant("Acme")
        self.kb.catalog(self.acme, START, PLANS, PRODUCTS)

    def account(self, when: datetime | None = None, **more: Any) -> Account:  # noqa: ANN401 - passed on
        return self.kb.account(self.acme, when or self.kb.now, **more)

    def rows(self, edit: Edit | None = None) -> Rows:
        """Everything in the database; it may be edited."""
        self.kb.run_until(END)
        rows = {table: [dict(row) for row in listed] for table, listed in self.kb.rows.items()}
        if edit is not None:
            edit(rows)
        return rows

    def read(
        self, surface: Surface, relation: str, edit: Edit | None = None
    ) -> list[dict[str, Any]]:
        """One relation of the surface."""
        return surface.of(self.rows(edit), relation)

    def told(
        self, surface: Surface, *columns: str, edit: Edit | None = None
    ) -> list[tuple[object, ...]]:
        """Intervals in order of time: from, until, and some columns."""
        rows = self.read(surface, "subscription_intervals", edit)
        return [
            (day(row["valid_from"]), day(row["valid_to"]), *(row[name] for name in columns))
            for row in sorted(rows, key=lambda row: (row["valid_from"], row["plan"]))
        ]

    def issues(self, surface: Surface, edit: Edit | None = None) -> set[str]:
        return {row["issue"] for row in self.read(surface, "data_issues", edit)}
