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
from tidemill_cli.reconcile import Outcome, Run
from tidemill_cli.stripe_mrr import Deviation

if TYPE_CHECKING:
    from tidemill_cli.database.comparison import Named

# A table is for reading.
_RUNS_SHOWN = 20


@dataclass(frozen=True)
class Report:
    """What was compared, and what came of it."""

    oracle: str
    relation: str
    days: str  # where they are cut
    tolerance: Decimal
    outcome: Outcome
    named: list[Named]  # by run
    elsewhere: int  # subscriptions that the oracle has in other currencies
    deviations: list[Deviation]


def explain(report: Report) -> None:
    """Narrate what is compared, and what explains differences."""
    outcome = report.outcome
    narrate(
        f"MRR at the end of each day from {outcome.first} to {outcome.last} ({report.days}), "
        f"and in {report.relation}."
    )
    if report.deviations:
        narrate("Options that Stripe's own numbers are not made with by default:")
    for each in report.deviations:
        narrate(f"  {each.option} is {each.value}: {each.stripe}.")
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
    days = f"{_several(outcome.days, 'day')} compared"
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
    amounts = ["ours", "sigma", "rounding", "difference"]
    writer.writerow(["tenant", "currency", "from", "to", *amounts, "subscriptions"])
    for run, named in zip(report.outcome.runs, report.named, strict=True):
        ids = " ".join(one.subscription_id for one in named.subscriptions)
        levels = (run.ours, run.theirs, run.rounding, run.difference)
        row = [run.tenant, run.currency, run.first, run.last, *(f"{each:f}" for each in levels)]
        writer.writerow([*row, ids])
    return text.getvalue().rstrip("\n")


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
        "largest": [_levels(run) for run in outcome.largest],
        "options": [
            {"option": each.option, "value": each.value, "stripe": each.stripe}
            for each in report.deviations
        ],
        "rows": [
            {
                **_levels(run),
                "differing_subscriptions": named.among,
                "subscriptions": [
                    {
                        "subscription_id": one.subscription_id,
                        "customer_id": one.customer_id,
                        "ours": f"{one.ours:f}",
                        "sigma": f"{one.theirs:f}",
                        "difference": f"{one.difference:f}",
                    }
                    for one in named.subscriptions
                ],
            }
            for run, named in zip(outcome.runs, report.named, strict=True)
        ],
    }


def _levels(run: Run) -> dict[str, object]:
    return {
        "tenant": run.tenant,
        "currency": run.currency,
        "from": run.first.isoformat(),
        "to": run.last.isoformat(),
        "ours": f"{run.ours:f}",
        "sigma": f"{run.theirs:f}",
        "rounding": f"{run.rounding:f}",
        "difference": f"{run.difference:f}",
    }


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
