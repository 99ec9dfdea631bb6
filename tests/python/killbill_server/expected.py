"""What the stories come to in the ledger and in the metrics, by adding up what they say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from .stories import STORIES

Movement = tuple[str, str, str, str, str]


def movements(end: date) -> list[Movement]:
    """Name the customer, the day, the type, the currency and the amount of each before some day."""
    return sorted(
        (name, day, kind, story.currency, f"{Decimal(amount):.4f}")
        for name, story in STORIES.items()
        for day, kind, amount in story.movements
        if day < end.isoformat()
    )


def mrr(end: date) -> dict[tuple[str, str, str], str]:
    """The MRR at the end of each month, by tenant and currency."""
    levels: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for month in _months(end):
        for name, day, _, currency, amount in movements(end):
            if day < _next(month).isoformat():
                levels[STORIES[name].tenant, month.isoformat(), currency] += Decimal(amount)
    # Four digits of each movement were kept.
    return {key: f"{level:.2f}" for key, level in levels.items() if round(level, 2)}


def customers(end: date) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    """Who was new, came back, went and was there at the end of each month, by tenant."""
    found = {}
    for tenant in {story.tenant for story in STORIES.values()}:
        there: dict[str, Decimal] = defaultdict(Decimal)
        ever: set[str] = set()
        for month in _months(end):
            before = {name for name, level in there.items() if level > Decimal("0.001")}
            for name, day, _, _, amount in movements(end):
                if (
                    STORIES[name].tenant == tenant
                    and date.fromisoformat(day).replace(day=1) == month
                ):
                    there[name] += Decimal(amount)
            now = {name for name, level in there.items() if level > Decimal("0.001")}
            came = now - before
            counts = (len(came - ever), len(came & ever), len(before - now), len(now))
            ever |= {name for name, day, *_ in movements(end) if day < _next(month).isoformat()}
            if any(counts):
                found[tenant, month.isoformat()] = counts
    return found


def trials(end: date) -> list[tuple[str, str, str, str | None]]:
    """Name who tried, from when, until when, and when that was given up."""
    return sorted(
        (name, trial.started, trial.ends, trial.cancelled)
        for name, story in STORIES.items()
        for trial in story.trials
        if trial.started < end.isoformat()
    )


def trial_counts(end: date) -> dict[str, tuple[int, int, int]]:
    """How many trials began, converted and were given up, by the month in which they began."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, started, ends, cancelled in trials(end):
        month = f"{started[:7]}-01"
        counts[month, "started"] += 1
        counts[month, "converted"] += cancelled is None and ends < end.isoformat()
        counts[month, "cancelled"] += cancelled is not None
    return {
        month: (counts[month, "started"], counts[month, "converted"], counts[month, "cancelled"])
        for month in {month for month, _ in counts}
    }


def _months(end: date) -> Iterator[date]:
    month = date(2024, 1, 1)
    while month < end:
        yield month
        month = _next(month)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
