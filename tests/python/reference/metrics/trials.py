"""Trials: how many began, and what became of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reference.surface.books import Books, Trial, Unit

from .cuts import Group, Ledger, Rows
from .periods import GRAINS, period
from .rates import rate

OUTCOMES = ("converted", "cancelled", "pending", "expired")


@dataclass(frozen=True)
class Outcome:
    """A trial and what became of it."""

    trial: Trial
    kind: str
    converted_at: datetime | None

    def is_within(self, days: int) -> bool:
        """Whether it converted within so many times 24 hours of its start."""
        limit = self.trial.started_at + timedelta(days=days)
        return self.converted_at is not None and self.converted_at < limit


def trials(ledger: Ledger) -> Rows:
    """`metric_trials`: trials by the period of their start, conversions by their own.

    With `trial_unit: customer` a customer has one trial in a period, that of its first one: it
    converts when any of them does, at the earliest; otherwise the first one's outcome is its.
    """
    books = ledger.books
    known = [trial for trial in books.trials if trial.started_at <= books.as_of]
    outcomes = [_outcome(ledger, trial) for trial in known]
    started: dict[tuple[object, ...], list[Outcome]] = defaultdict(list)
    conversions: dict[tuple[object, ...], int] = defaultdict(int)
    for grain in GRAINS:
        for outcome in _counted(ledger, grain, outcomes):
            trial = outcome.trial
            began = period(grain, books.day(trial.started_at, trial.unit[1]), ledger.today)
            for group in _groups(ledger, trial):
                started[(*began.key, *group)].append(outcome)
                if outcome.converted_at is not None:
                    day = books.day(outcome.converted_at, trial.unit[1])
                    conversions[(*period(grain, day, ledger.today).key, *group)] += 1
    days = ledger.options.within_days
    rows: Rows = {}
    for key in {**started, **conversions}:
        begun = started.get(key, [])
        counts = {kind: sum(o.kind == kind for o in begun) for kind in OUTCOMES}
        converted, within = counts["converted"], sum(o.is_within(days) for o in begun)
        rates = {
            "cohort": rate(converted, len(begun)),
            "period": rate(conversions.get(key, 0), len(begun)),
            "within_days": rate(within, len(begun)),
        }
        rows[key] = {
            "trials_started": len(begun),
            **{f"trials_{kind}": count for kind, count in counts.items()},
            "conversion_rate_of_started": rates["cohort"],
            "conversion_rate_of_decided": rate(
                converted, converted + counts["cancelled"] + counts["expired"]
            ),
            "within_days": days,
            "converted_within_days": within,
            "conversion_rate_within_days": rates["within_days"],
            "conversions": conversions.get(key, 0),
            "conversion_rate_of_period": rates["period"],
            "conversion_rate": rates[ledger.options.trial_rate.partition("(")[0]],
        }
    return rows


def _groups(ledger: Ledger, trial: Trial) -> list[Group]:
    country = ledger.books.customers[trial.unit].country
    return ledger.groups(trial.unit, {"plan": trial.plan, "country": country})


def _counted(ledger: Ledger, grain: str, outcomes: list[Outcome]) -> Iterator[Outcome]:
    if ledger.options.trial_unit == "subscription":
        yield from outcomes
        return
    of_customer: dict[tuple[Unit, date], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        day = ledger.books.day(outcome.trial.started_at, outcome.trial.unit[1])
        start = period(grain, day, ledger.today).start
        of_customer[outcome.trial.unit, start].append(outcome)
    for several in of_customer.values():
        first = min(several, key=lambda o: (o.trial.started_at, o.trial.subscription_id))
        converted = [o.converted_at for o in several if o.converted_at is not None]
        yield Outcome(first.trial, "converted", min(converted)) if converted else first


def _outcome(ledger: Ledger, trial: Trial) -> Outcome:
    books = ledger.books
    by_payment = books.options.trial_converted_when == "first_payment"
    converted_at = _first_payment(books, trial) if by_payment else _first_mrr(ledger, trial)
    if converted_at is not None and converted_at <= books.as_of:
        return Outcome(trial, "converted", converted_at)
    if trial.cancelled_at is not None and trial.cancelled_at <= books.as_of:
        return Outcome(trial, "cancelled", None)
    in_force = {item.subscription_id for item in books.states(trial.unit, books.as_of)}
    is_over = trial.ends_at <= books.as_of and trial.subscription_id not in in_force
    return Outcome(trial, "expired" if is_over else "pending", None)


def _first_payment(books: Books, trial: Trial) -> datetime | None:
    """When a recurring line of the subscription was first paid, from the trial's start on."""
    paid = [
        line.paid_at
        for line in books.lines
        if line.unit == trial.unit
        and line.subscription_id == trial.subscription_id
        and line.kind == "recurring"
        and line.net > 0
        and line.paid_at is not None
        and line.paid_at >= trial.started_at
    ]
    return min(paid, default=None)


def _first_mrr(ledger: Ledger, trial: Trial) -> datetime | None:
    """When the subscription first has MRR at or after the end of the trial."""
    for since, until in _paid_spans(ledger, trial):
        if until is None or until > trial.ends_at:
            return max(since, trial.ends_at)
    return None


def _paid_spans(ledger: Ledger, trial: Trial) -> Iterator[tuple[datetime, datetime | None]]:
    """From when to when a fact gives an item of the subscription MRR, in order of their begin.

    What begins and ends within one netting window leaves no trace.
    """
    books, unit = ledger.books, trial.unit
    spans: list[tuple[datetime, datetime | None]] = []
    running: dict[tuple[str, datetime], datetime] = {}
    for moment in [i for i in books.instants(unit) if i <= books.as_of]:
        now = {
            (item.item_id, item.since)
            for item in books.states(unit, moment)
            if item.subscription_id == trial.subscription_id and item.mrr > 0
        }
        for fact in running.keys() - now:
            spans.append((running.pop(fact), moment))
        running = {fact: running.get(fact, moment) for fact in now}
    spans += [(since, None) for since in running.values()]
    for since, until in sorted(spans, key=lambda span: span[0]):
        if until is None or ledger.window(unit, since) != ledger.window(unit, until):
            yield since, until
