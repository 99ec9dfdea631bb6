"""What customers do with their subscriptions, in words that all engines know.

Left out is what one of them cannot say, or says otherwise: docs/sources/stripe.md lists it. What
is left happens on the same days in both.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 300
END = START + timedelta(days=DAYS)


@dataclass(frozen=True)
class Plan:
    """A price for a period, paid in advance."""

    amount: str
    interval: Literal["week", "month", "quarter", "year"] = "month"
    currency: str = "USD"
    trial_days: int = 0
    # Dearer plans come at once, others with the next period.
    rank: int = 0


PLANS = {
    "pass": Plan("9", "week", rank=1),
    "basic": Plan("50", rank=2),
    "twin": Plan("50", rank=2),
    "tried": Plan("60", trial_days=14, rank=3),
    "season": Plan("240", "quarter", rank=4),
    "year": Plan("1000", "year", rank=5),
    "pro": Plan("120.5", rank=6),
    "yen": Plan("4000", currency="JPY", rank=1),
    "yen_pro": Plan("9000", currency="JPY", rank=2),
}


@dataclass(frozen=True)
class Customer:
    """One who pays in one currency, perhaps less some percent for ever."""

    country: str
    currency: str = "USD"
    percent_off: str | None = None


CUSTOMERS = (Customer("US"), Customer("DE", percent_off="10"), Customer("JP", "JPY"))
SLOTS = 2


@dataclass(frozen=True)
class Step:
    """One thing that is done to a customer's subscription."""

    at: datetime
    customer: int
    slot: int
    does: Literal["subscribe", "upgrade", "downgrade", "cancel", "plan_end", "take_back"]
    plan: str = ""
    ends_at: datetime | None = None


@dataclass
class _Slot:
    """A subscription as far as both engines agree on it."""

    plan: str
    ends_at: datetime | None = None
    # Another interval moves the billing day in one engine only.
    keeps_its_day: bool = True
    has_change_ahead: bool = False


Wish = tuple[datetime, int, int, str, str, int]


def sensible(wishes: Iterable[Wish]) -> Iterator[Step]:
    """Turn wishes into what can be done when they come; the others are left out."""
    slots: dict[tuple[int, int], _Slot] = {}
    known: set[int] = set()
    for at, customer, number, verb, plan, days in wishes:
        key = (customer, number)
        slot = slots.get(key)
        if slot and slot.ends_at and slot.ends_at <= at:
            slot = slots.pop(key) and None
        fits = PLANS[plan].currency == CUSTOMERS[customer].currency
        step = (at, customer, number)
        if slot is None:
            # Lago gives a trial to a customer's first subscription only.
            if verb == "change" and fits and not (PLANS[plan].trial_days and customer in known):
                slots[key] = _Slot(plan)
                known.add(customer)
                yield Step(*step, "subscribe", plan)
        elif verb == "cancel":
            del slots[key]
            yield Step(*step, "cancel")
        elif slot.has_change_ahead:
            continue
        elif verb == "end" and slot.ends_at is None:
            slot.ends_at = at + timedelta(days=days)
            yield Step(*step, "plan_end", ends_at=slot.ends_at)
        elif verb == "end":
            slot.ends_at = None
            yield Step(*step, "take_back")
        elif slot.ends_at is None and fits and plan != slot.plan:
            yield from _change(slot, Step(*step, "upgrade", plan))


def _change(slot: _Slot, step: Step) -> Iterator[Step]:
    old, new = PLANS[slot.plan], PLANS[step.plan]
    if old.trial_days or new.trial_days or old.rank == new.rank:
        return
    if new.rank > old.rank:
        slot.plan = step.plan
        slot.keeps_its_day = slot.keeps_its_day and new.interval == old.interval
        yield step
    elif slot.keeps_its_day:
        slot.has_change_ahead = True
        yield Step(step.at, step.customer, step.slot, "downgrade", step.plan)


@st.composite
def histories(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Step]:
    """What is done, in order of time; at most one thing an hour."""
    hours = draw(
        st.lists(st.integers(0, DAYS * 24 - 1), min_size=1, max_size=14, unique=True).map(sorted)
    )
    verbs = st.sampled_from(("change", "change", "change", "cancel", "end"))
    rest = st.tuples(
        st.integers(0, len(CUSTOMERS) - 1),
        st.integers(0, SLOTS - 1),
        verbs,
        st.sampled_from(sorted(PLANS)),
        st.integers(1, 90),
    )
    moments = [START + timedelta(hours=hour, minutes=1) for hour in hours]
    return list(sensible((at, *draw(rest)) for at in moments))
