"""What `tidemill reconcile` says."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tidemill_cli.console import narrate, table
from tidemill_cli.money import format_amount
from tidemill_cli.reconcile import Deviation, Outcome, Run

if TYPE_CHECKING:
    from tidemill_cli.database.comparison import Cause, Named
    from tidemill_cli.database.identities import Identity

# A table is for reading.
_RUNS_SHOWN = 20


@dataclass(frozen=True)
class Report:
    """What was compared, and what came of it."""

    oracle: str
    whose: str  # numbers they are, in words
    relation: str
    days: str  # where they are cut
    tolerance: Decimal
    outcome: Outcome
    named: list[Named]  # by run
    elsewhere: int  # subscriptions that the oracle has in other currencies
    deviations: list[Deviation]
    causes: list[list[Cause]] | None = None  # by run, where the other tells them


def explain(report: Report) -> None:
    """Narrate what is compared, and what explains differences."""
    outcome = report.outcome
    narrate(
        f"MRR at the end of each {'month' if outcome.only_month_ends else 'day'} from "
        f"{outcome.first} to {outcome.last} ({report.days}), "
        f"and in {report.relation}."
    )
    if report.deviations:
        narrate(f"Options that {report.whose} numbers are not made with by default:")
    for each in report.deviations:
        narrate(f"  {each.option} is {each.value}: {each.why}.")
    if report.elsewhere:
        narrate(
            f"{report.oracle} has {_several(report.elsewhere, 'subscription')} in another "
            "currency than they are billed in (the one they are settled in): these cannot agree."
        )


def shown(report: Report) -> str:
    """Lay out the runs of days, who differs, and the sum of it."""
    runs = list(zip(report.outcome.runs, report.named, strict=True))
    if len(runs) > _RUNS_SHOWN:
        narrate(f"The {_RUNS_SHOWN} largest of {len(runs):,} runs of days; --csv has all.")
        by_size = sorted(runs, key=lambda pair: abs(pair[0].difference), reverse=True)
        largest = {id(run) for run, _ in by_size[:_RUNS_SHOWN]}
        runs = [pair for pair in runs if id(pair[0]) in largest]
    parts = [_summary(report)]
    if any(named.subscriptions for _, named in runs):
        parts.insert(0, _subscriptions_table(runs, report.oracle))
    causes = _causes_table(report, {id(run) for run, _ in runs})
    if causes:
        parts.insert(0, causes)
    if runs:
        parts.insert(0, _runs_table([run for run, _ in runs], report.oracle))
    return "\n\n".join(parts)


def _runs_table(runs: Sequence[Run], oracle: str) -> str:
    several = len({run.tenant for run in runs}) > 1
    headers = ["from", "to", *(["tenant"] if several else []), "currency"]
    amounts = ["ours", oracle, "rounding", "difference"]
    cells = [
        [
            run.first.isoformat(),
            run.last.isoformat(),
            *([run.tenant] if several else []),
            run.currency,
            *(
                format_amount(amount, run.currency)
                for amount in (run.ours, run.theirs, run.rounding, run.difference)
            ),
        ]
        for run in runs
    ]
    numeric = set(range(len(headers), len(headers) + len(amounts)))
    return table([*headers, *amounts], cells, numeric)


def _causes_table(report: Report, shown: set[int]) -> str:
    """Lay out by cause what the difference at the end of each run is made of."""
    cells = [
        [
            run.last.isoformat(),
            run.currency,
            cause.name,
            f"{cause.subscriptions:,}",
            format_amount(cause.amount, run.currency),
        ]
        for run, causes in zip(report.outcome.runs, report.causes or [], strict=False)
        if id(run) in shown
        for cause in causes
    ]
    headers = ["on", "currency", "because", "subscriptions", "difference"]
    return table(headers, cells, numeric={3, 4}) if cells else ""


def _subscriptions_table(runs: Sequence[tuple[Run, Named]], oracle: str) -> str:
    headers = ["on", "subscription", "customer", "currency", "ours", oracle, "difference"]
    cells = []
    for run, named in runs:
        day = run.last.isoformat()
        for one in named.subscriptions:
            amounts = (one.ours, one.theirs, one.difference)
            cells.append(
                [
                    day,
                    one.subscription_id,
                    one.customer_id or "",
                    run.currency,
                    *(format_amount(amount, run.currency) for amount in amounts),
                ]
            )
        more = named.among - len(named.subscriptions)
        if more and named.subscriptions:
            cells.append([day, f"and {more:,} more", "", run.currency, "", "", ""])
    return table(headers, cells, numeric={4, 5, 6})


def _summary(report: Report) -> str:
    outcome = report.outcome
    unit = "month" if outcome.only_month_ends else "day"
    days = f"{_several(outcome.days, unit)} compared"
    equal = f"{outcome.equal_days:,} equal within {report.tolerance:f}"
    largest = [
        f"{format_amount(run.difference, run.currency)} {run.currency} on {_span(run)}"
        for run in outcome.largest
    ]
    return f"{days}, {equal}; largest difference: {', '.join(largest) or 'none'}."


def _span(run: Run) -> str:
    return f"{run.first}" if run.first == run.last else f"{run.first} to {run.last}"


def as_csv_text(report: Report) -> str:
    """Give a line per run of days."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    amounts = ["ours", report.oracle.lower(), "rounding", "difference"]
    causes = ["causes"] if report.causes is not None else []
    writer.writerow(["tenant", "currency", "from", "to", *amounts, "subscriptions", *causes])
    for number, (run, named) in enumerate(zip(report.outcome.runs, report.named, strict=True)):
        ids = " ".join(one.subscription_id for one in named.subscriptions)
        levels = (run.ours, run.theirs, run.rounding, run.difference)
        row = [run.tenant, run.currency, run.first, run.last, *(f"{each:f}" for each in levels)]
        told = [_in_one_cell(report.causes[number])] if report.causes is not None else []
        writer.writerow([*row, ids, *told])
    return text.getvalue().rstrip("\n")


def _in_one_cell(causes: Sequence[Cause]) -> str:
    return "; ".join(f"{cause.name}: {cause.amount:f}" for cause in causes)


def _key(report: Report) -> str:
    """What the numbers of the other side are called in a document."""
    return "stripe" if report.oracle == "Sigma" else report.oracle.lower()


def document(report: Report) -> dict[str, object]:
    """Give all there is, for machines."""
    outcome = report.outcome
    return {
        "oracle": report.oracle.lower(),
        "relation": report.relation,
        "from": outcome.first.isoformat(),
        "to": outcome.last.isoformat(),
        "tolerance": f"{report.tolerance:f}",
        "days": outcome.days,
        "equal_days": outcome.equal_days,
        "largest": [_levels(run, report) for run in outcome.largest],
        "options": [
            {"option": each.option, "value": each.value, _key(report): each.why}
            for each in report.deviations
        ],
        "rows": [
            {
                **_levels(run, report),
                **_explained(report, number),
                "differing_subscriptions": named.among,
                "subscriptions": [
                    {
                        "subscription_id": one.subscription_id,
                        "customer_id": one.customer_id,
                        "ours": f"{one.ours:f}",
                        report.oracle.lower(): f"{one.theirs:f}",
                        "difference": f"{one.difference:f}",
                    }
                    for one in named.subscriptions
                ],
            }
            for number, (run, named) in enumerate(zip(outcome.runs, report.named, strict=True))
        ],
    }


def _explained(report: Report, number: int) -> dict[str, object]:
    if report.causes is None:
        return {}
    return {
        "causes": [
            {
                "cause": cause.name,
                "subscriptions": cause.subscriptions,
                "difference": f"{cause.amount:f}",
            }
            for cause in report.causes[number]
        ]
    }


def _levels(run: Run, report: Report) -> dict[str, object]:
    return {
        "tenant": run.tenant,
        "currency": run.currency,
        "from": run.first.isoformat(),
        "to": run.last.isoformat(),
        "ours": f"{run.ours:f}",
        report.oracle.lower(): f"{run.theirs:f}",
        "rounding": f"{run.rounding:f}",
        "difference": f"{run.difference:f}",
    }


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def identities_table(found: Sequence[Identity]) -> str:
    """A line per identity, and where it does not hold the largest difference."""
    headers = ["identity", "compared", "differing", "largest"]
    lines = [
        [
            one.name,
            f"{one.compared:,}",
            f"{one.differing:,}",
            f"{one.where}: {one.here:f}, not {one.there:f}" if one.differing else "",
        ]
        for one in found
    ]
    return table(headers, lines, numeric={1, 2})


def identities_document(found: Sequence[Identity]) -> dict[str, object]:
    """For programs: amounts as text."""
    return {
        "against": "ledger",
        "identities": [
            {
                name: f"{value:f}" if isinstance(value, Decimal) else value
                for name, value in vars(one).items()
            }
            for one in found
        ],
    }


def identities_csv(found: Sequence[Identity]) -> str:
    """A header and a line per identity."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["identity", "compared", "differing", "where", "here", "there"])
    for one in found:
        writer.writerow("" if value is None else value for value in vars(one).values())
    return text.getvalue().rstrip("\n")
