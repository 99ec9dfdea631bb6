"""What was asked of Kill Bill, by subscription: the ground of the truth, and nothing else is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tidemill_cli.demo.killbill.catalog import Plan, Version

Span = tuple[datetime, datetime | None]
DAY = timedelta(days=1)


@dataclass(eq=False)
class Account:
    """One who pays, where it was when, and when it was blocked or in debt."""

    id: str
    currency: str
    countries: list[tuple[datetime, str | None]]
    # By service that says so: (from, until).
    stops: dict[str, list[Span]] = field(default_factory=dict)
    debts: list[Span] = field(default_factory=list)


@dataclass(eq=False)
class Bundle:
    """Subscriptions that are paused and moved together."""

    account: Account
    pauses: list[Span] = field(default_factory=list)
    moved: "tuple[datetime, Bundle] | None" = None

    @property
    def owner(self) -> Account:
        """Whose it is in the end."""
        return self.account if self.moved is None else self.moved[1].owner


@dataclass(frozen=True)
class Choice:
    """A plan, and perhaps a price of its last phase that is one's own."""

    at: datetime
    plan: str
    name: str
    own_price: Decimal | None = None


@dataclass(frozen=True)
class End:
    """An end that somebody asked for: when, and from when on there is no bill and no access."""

    asked_at: datetime
    billing_at: datetime
    access_at: datetime


@dataclass(eq=False)
class Subscription:
    """All that was ever wanted of one subscription and not taken back."""

    id: str
    bundle: Bundle
    aligned_at: datetime
    choices: list[Choice]
    quantities: list[tuple[datetime, int]]
    end: End | None = None
    # The end of the trial in which it was moved here: what follows is counted from the move.
    trial_until: datetime | None = None
    # That move, when it was moved once more behind that trial.
    counted_from: datetime | None = None
    # What it comes with, if it is an add-on.
    base: "Subscription | None" = None

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.choices[0].at

    def choice(self, at: datetime) -> Choice:
        """The plan at an instant."""
        return [one for one in self.choices if one.at <= at][-1]

    def quantity(self, at: datetime) -> int:
        """The units at an instant."""
        number = [1, *(number for since, number in self.quantities if since <= at)][-1]
        # No units are one unit to the engine.
        return max(number, 1)


@dataclass(frozen=True)
class Told:
    """Everything that was asked for."""

    subscriptions: list[Subscription]
    versions: list[Version]

    def plan(self, name: str, at: datetime, chosen_at: datetime) -> Plan:
        """A plan as the version of the catalog has it that counts at an instant.

        The newest that is in force and meant for one who chose the plan when this one did.
        """
        known = [(v, p) for v in self.versions for p in v.plans if p.name == name]
        first = known[0][1]
        for version, plan in reversed(known):
            if version.effective_at > at or plan is first:
                continue
            is_for_all = plan.existing_from is not None and plan.existing_from <= at
            if chosen_at >= version.effective_at or is_for_all:
                return plan
        return first

    def turns(self) -> list[datetime]:
        """Every instant from which on a version may count for those who have a plan."""
        found = [plan.existing_from for version in self.versions for plan in version.plans]
        return [moment for moment in found if moment is not None]


def lasting(spans: list[Span]) -> list[Span]:
    """Leave out what was over within a day: the engine bills through it."""
    return [(start, end) for start, end in spans if end is None or end - start >= DAY]


def within(spans: list[Span], at: datetime) -> bool:
    """Tell whether an instant is in one of some spans."""
    return any(start <= at and (end is None or at < end) for start, end in spans)
