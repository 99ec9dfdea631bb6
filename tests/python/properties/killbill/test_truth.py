"""Random histories of Kill Bill: what the models make of its tables is what truly happened.

The project is built once, over empty tables. Each example is played on the simulator, and what the
models say is compared with what follows from what was asked for.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from reference.killbill import truth

from .actions import Action
from .build import INTERVALS, KillBillBuild
from .catalogue import END
from .compare import differences
from .histories import histories
from .play import Played, play

BILLED = ("RECURRING", "REPAIR_ADJ", "USAGE", "FIXED", "EXTERNAL_CHARGE", "TAX", "ITEM_ADJ")


@pytest.mark.parametrize("price_source", ["auto", "catalog"])
@given(history=histories())
def test_intervals_are_what_was_asked_for(
    build: KillBillBuild, price_source: str, history: list[Action]
) -> None:
    played = play(history)
    rows = truth.subscription_intervals(played.told, END)
    found = differences(rows, build.table(played, INTERVALS, price_source))
    assert not found, "\n".join(found[:20])


@given(history=histories())
def test_trials_are_what_was_asked_for(build: KillBillBuild, history: list[Action]) -> None:
    played = play(history)
    columns = ("customer_id", "subscription_id", "plan", "started_at", "ends_at", "cancelled_at")
    found = [
        {column: row[column] for column in columns}
        for row in build.table(played, "killbill__trials")
        if row["started_at"] < END
    ]
    assert _sorted(found) == _sorted(truth.trials(played.told, END))


@given(history=histories())
def test_lines_are_what_was_billed(build: KillBillBuild, history: list[Action]) -> None:
    """Every line of an invoice that counts is there once, with its tax."""
    played = play(history)
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for line in build.table(played, "killbill__invoice_lines"):
        found[line["invoice_id"], line["currency"]] += line["amount"] + line["tax"]
    assert {key: total for key, total in found.items() if total} == _billed(played)


@given(history=histories())
def test_catalogs_and_bills_never_differ(build: KillBillBuild, history: list[Action]) -> None:
    """The simulator bills by its catalogs, so the models find nothing to complain about."""
    issues = [
        (row["issue"], row["source_row_id"], row["detail"])
        for row in build.table(play(history), "killbill__data_issues")
        if row["issue"].startswith(("price_", "catalog_", "period_"))
    ]
    assert not issues


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted(tuple(f"{name}: {row[name]}" for name in sorted(row)) for row in rows)


def _billed(played: Played) -> dict[tuple[Any, ...], Decimal]:
    counted = {
        row["id"]
        for row in played.rows.get("invoices", ())
        if row["status"] == "COMMITTED" and not row["migrated"] and not row["parent_invoice"]
    }
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in played.rows.get("invoice_items", ()):
        if row["invoice_id"] in counted and row["type"] in BILLED:
            found[row["invoice_id"], row["currency"]] += Decimal(str(row["amount"]))
    return {key: total for key, total in found.items() if total}
