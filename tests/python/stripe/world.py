"""A simulated Stripe to script, and what the models tell of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from properties.stripe.build import Row, StripeBuild
from properties.stripe.play import END, Played
from tidemill_cli.demo.stripe.catalog import Price
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.model import Customer
from tidemill_cli.demo.stripe.render import Doc, Shape

START = datetime(2024, 1, 1, tzinfo=UTC)
Edit = Callable[[dict[str, list[Doc]]], None]
SHAPES: tuple[Shape, ...] = ("acacia", "clover")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(moment: datetime | None) -> str:
    """The day of an instant, in short."""
    return "" if moment is None else f"{moment:%m-%d}"


class World:
    """One account, and a landing of all that happens until END."""

    def __init__(self, shape: Shape) -> None:
        self.stripe = StripeEngine(seed=1, start=START, shape=shape)
        self.acme = self.stripe.account("Acme")

    def price(self, name: str, amount: str = "0", **more: Any) -> Price:  # noqa: ANN401 - passed on
        product = self.stripe.product(self.acme, name)
        return self.stripe.price(product, amount, lookup_key=name, **more)

    def customer(self, **more: Any) -> Customer:  # noqa: ANN401 - passed on
        return self.stripe.customer(self.acme, START, **more)

    def rows(
        self,
        built: StripeBuild,
        relation: str,
        *,
        events: bool = False,
        edit: Edit | None = None,
    ) -> list[Row]:
        """Everything in one relation of the surface; the landed objects may be edited before."""
        self.stripe.run_until(END)
        objects = self.stripe.objects()
        if edit is not None:
            edit(objects)
        played = Played(objects, self.stripe.events(), [], {}, {})
        query = sql.SQL("select * from {}").format(sql.Identifier("tidemill_core", relation))
        with (
            built.of(played, events=events, names=[relation]) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query).fetchall()

    def told(
        self,
        built: StripeBuild,
        *columns: str,
        events: bool = False,
        edit: Edit | None = None,
    ) -> list[tuple[object, ...]]:
        """Intervals in order of time: from, until, and some columns."""
        rows = self.rows(built, "stripe__subscription_intervals", events=events, edit=edit)
        return [
            (day(row["valid_from"]), day(row["valid_to"]), *(row[name] for name in columns))
            for row in sorted(rows, key=lambda row: (row["valid_from"], row["plan"]))
        ]

    def issues(self, built: StripeBuild) -> set[str]:
        return {row["issue"] for row in self.rows(built, "stripe__data_issues")}
