"""What is told of a run before anything else: MRR of the latest day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tidemill_cli.config import Connection
from tidemill_cli.database.metrics import MetricReader
from tidemill_cli.database.session import connect
from tidemill_cli.errors import TidemillError
from tidemill_cli.money import format_amount


@dataclass(frozen=True)
class Headline:
    """MRR at the end of a day by currency; as text, one sentence."""

    day: date | None
    mrr: list[tuple[str, Decimal]]

    def __str__(self) -> str:
        """As a person reads it."""
        if self.day is None or not self.mrr:
            return "There is no MRR yet."
        amounts = ", ".join(
            f"{currency} {format_amount(mrr, currency)}" for currency, mrr in self.mrr
        )
        return f"MRR at the end of {self.day}: {amounts}."


def headline(connection: Connection) -> Headline | None:
    """What is published now; None if it is other metrics than ours."""
    with connect(connection, "tidemill run") as session:
        reader = MetricReader(session, connection.schema)
        try:
            days = reader.days()
            return Headline(days[1], reader.mrr_on(days[1])) if days else Headline(None, [])
        except TidemillError:
            return None
