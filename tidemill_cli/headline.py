"""What is told of a run before anything else: MRR of the latest day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tidemill_cli.config import Connection
from tidemill_cli.database.lookups import Lookups
from tidemill_cli.database.session import connect as open_session
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.answer import look_up
from tidemill_cli.lookup.metrics import MRR
from tidemill_cli.lookup.question import Asked, question
from tidemill_cli.lookup.shown import last_day
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
    with open_session(connection, "tidemill run") as session:
        try:
            answer = look_up(Lookups(session, connection.schema), question(MRR, Asked()))
        except TidemillError:
            return None
    day = last_day(answer) if answer else None
    return Headline(day, [(row.reporting_currency, row.mrr) for row in answer])
