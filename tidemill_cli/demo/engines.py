"""The billing engines a demo can act like, alone or all in one database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill_cli.database.session import Session

Progress = Callable[[int, int], None]

NAMES = {"lago": "Lago", "stripe": "Stripe", "killbill": "Kill Bill"}
_TABLES = {
    "lago": "Lago's own tables",
    "stripe": "what lands from Stripe",
    "killbill": "Kill Bill's own tables",
}


class Engine(StrEnum):
    """Billing engines the demo can act like."""

    LAGO = "lago"
    STRIPE = "stripe"
    KILLBILL = "killbill"
    ALL = "all"

    @property
    def schemas(self) -> dict[str, str]:
        """The billing sources a build reads then, and the schema each has its tables in."""
        if self is Engine.ALL:
            # Lago and Kill Bill have tables of the same names.
            return {"lago": "public", "stripe": "stripe", "killbill": "killbill"}
        return {self.value: "stripe" if self is Engine.STRIPE else "public"}

    @property
    def spelled(self) -> str:
        """What bills the company."""
        *most, last = [NAMES[source] for source in self.schemas]
        return f"{', '.join(most)} and {last}" if most else last

    @property
    def where(self) -> str:
        """Where what it billed is, for those who look around."""
        return ", ".join(
            f"{_TABLES[source]} in schema {schema}" for source, schema in self.schemas.items()
        )


@dataclass(frozen=True)
class Scale:
    """How much history to generate."""

    customers: int
    seed: int
    years: int
    until: dt.datetime


def generate(session: Session, engine: Engine, scale: Scale, progress: Progress) -> None:
    """Load the history of one engine, or of all: the customers are shared out among them."""
    from tidemill_cli.demo.killbill.generate import generate_and_load as generate_killbill
    from tidemill_cli.demo.lago.load import generate_and_load as generate_lago
    from tidemill_cli.demo.stripe.generate import generate_and_load as generate_stripe

    generators: dict[str, Callable[..., None]] = {
        "lago": generate_lago,
        "stripe": generate_stripe,
        "killbill": generate_killbill,
    }
    before = 0
    for number, (source, schema) in enumerate(engine.schemas.items()):
        count = (scale.customers + number) // len(engine.schemas)
        generators[source](
            session,
            customers=count,
            seed=scale.seed,
            until=scale.until,
            years=scale.years,
            schema=schema,
            progress=_behind(before, scale.customers, progress),
        )
        before += count


def _behind(before: int, total: int, progress: Progress) -> Progress:
    """Report the progress of one engine as that of all."""
    return lambda done, _: progress(before + done, total)
