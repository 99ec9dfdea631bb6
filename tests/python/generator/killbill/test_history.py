"""The generated history: repeatable, and consistent with itself."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import psycopg
import pytest

from tidemill_cli.demo.killbill.generate import generate_and_load
from tidemill_cli.demo.killbill.history import History, Scale
from tidemill_cli.demo.killbill.rows import Row

from .scripts import at

UNTIL = at("2026-01-01")
SCALE = Scale(300, 7, UNTIL, years=2)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    return dict(History(SCALE).customer_rows(0, 300))


def test_a_household_is_the_same_in_any_range() -> None:
    whole = History(SCALE).customer_rows(0, 40)
    first, rest = History(SCALE).customer_rows(0, 25), History(SCALE).customer_rows(25, 40)
    for table in whole:
        assert whole[table] == first.get(table, []) + rest.get(table, []), table


def test_processes_do_not_matter(new_database: Callable[[], str]) -> None:
    counted = []
    for processes in (1, 2):
        with psycopg.connect(new_database()) as connection:
            generate_and_load(connection, 120, 7, UNTIL, years=1, processes=processes)
            counted.append(
                connection.execute(
                    "select count(*), sum(amount), max(record_id) from invoice_items"
                ).fetchone()
            )
    assert counted[0] == counted[1]


def test_everything_a_history_needs_happens(rows: dict[str, list[Row]]) -> None:
    kinds = {(row["event_type"], row["user_type"]) for row in rows["subscription_events"]}
    users = {"CREATE", "CHANGE", "CANCEL", "UNCANCEL", "UNDO_CHANGE", "TRANSFER"}
    types = {"PHASE", "EXPIRED", "QUANTITY_UPDATE", "BCD_UPDATE"}
    assert {user for _, user in kinds} - {None} == users
    assert {event for event, _ in kinds} == {"API_USER", *types}
    assert {"RECURRING", "REPAIR_ADJ", "USAGE", "TAX", "FIXED", "CBA_ADJ", "EXTERNAL_CHARGE"} <= {
        row["type"] for row in rows["invoice_items"]
    }
    assert {row["status"] for row in rows["invoices"]} == {"COMMITTED", "DRAFT"}
    assert {row["state"] for row in rows["blocking_states"]} >= {"ENT_BLOCKED", "OD1", "OD3"}


def test_no_time_of_a_subscription_is_billed_twice(rows: dict[str, list[Row]]) -> None:
    """What is billed less what is repaired covers no day twice, at most the days there were."""
    left: dict[object, int] = {}
    of: dict[object, object] = {}
    for row in rows["invoice_items"]:
        if row["type"] == "RECURRING":
            left[row["id"]] = _days(row)
            of[row["id"]] = row["subscription_id"]
    for row in rows["invoice_items"]:
        if row["type"] == "REPAIR_ADJ":
            left[row["linked_item_id"]] -= _days(row)
    assert min(left.values()) >= 0
    ranges = defaultdict(list)
    for row in rows["invoice_items"]:
        if row["type"] == "RECURRING" and left[row["id"]] == _days(row):
            ranges[row["subscription_id"]].append((row["start_date"], row["end_date"]))
    for found in ranges.values():
        found.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(found))


def test_credit_is_never_overspent(rows: dict[str, list[Row]]) -> None:
    credit: dict[object, Decimal] = defaultdict(Decimal)
    for row in sorted(rows["invoice_items"], key=lambda row: str(row["created_date"])):
        if row["type"] == "CBA_ADJ":
            credit[row["account_id"]] += Decimal(str(row["amount"]))
    assert min(credit.values()) >= 0


def test_amounts_fit_their_columns(rows: dict[str, list[Row]]) -> None:
    for row in rows["invoice_items"]:
        assert abs(Decimal(str(row["amount"]))) < 1_000_000
        assert abs(Decimal(str(row["rate"] or 0))) < 1_000_000


def _days(row: Row) -> int:
    start, end = row["start_date"], row["end_date"]
    return (end - start).days  # type: ignore[operator, no-any-return]
