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
        for name, story in STORIES.items():
            levels[story.tenant, month.isoformat(), story.currency] += _level(name, _next(month))
    return {key: f"{level:.2f}" for key, level in levels.items() if level}


def customers(end: date) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    """Who was new, came back and went in each month, and was there at its end, by tenant."""
    found = {}
    for tenant, names in _tenants().items():
        for month in _months(end):
            kinds = Counter(
                kind for name, day, kind, *_ in movements(end)
                if name in names and day.startswith(f"{month:%Y-%m}")
            )  # fmt: skip
            there = sum(_level(name, _next(month)) > 0 for name in names)
            counts = (kinds["new"], kinds["reactivation"], kinds["churn"], there)
            if any(counts):
                found[tenant, month.isoformat()] = counts
    return found


def churn(end: date) -> dict[tuple[str, str, str], tuple[int, int, str, str]]:
    """Who paid before each month, and of them who did not at its end, with what they had paid."""
    found = {}
    for tenant, names in _tenants().items():
        for currency in {STORIES[name].currency for name in names}:
            for month in _months(end):
                paid = {
                    name: _level(name, month)
                    for name in names
                    if STORIES[name].currency == currency and _level(name, month)
                }
                gone = [paid[name] for name in paid if not _level(name, _next(month))]
                if paid:
                    sums = (f"{sum(paid.values()):.2f}", f"{sum(gone):.2f}")
                    found[tenant, month.isoformat(), currency] = (len(paid), len(gone), *sums)
    return found


def lines() -> list[tuple[str, str, str | None, str | None, str, str]]:
    """Name what was billed to those of whom it is written down, in the first three months."""
    return [
        (name, line.kind, line.first, line.until, line.amount, line.refunded)
        for name, story in sorted(STORIES.items())
        for line in sorted(
            story.lines or (), key=lambda line: (line.first or "9", Decimal(line.amount))
        )
    ]


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


def _tenants() -> dict[str, list[str]]:
    tenants: dict[str, list[str]] = defaultdict(list)
    for name, story in STORIES.items():
        tenants[story.tenant].append(name)
    return tenants


def _level(name: str, day: date) -> Decimal:
    """What somebody pays a month before some day."""
    moved = [Decimal(amount) for on, _, amount in STORIES[name].movements if on < day.isoformat()]
    # Of the amounts four digits are written down.
    return round(sum(moved, Decimal(0)), 3)


def _months(end: date) -> Iterator[date]:
    month = date(2024, 1, 1)
    while month < end:
        yield month
        month = _next(month)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
