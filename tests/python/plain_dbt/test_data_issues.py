"""Rows that cannot be used are named; the build passes, and every other number stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tidemill_cli.demo.lago.load import generate_and_load

from .in_process import InProcess

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
NOWHERE = "00000000-0000-0000-0000-000000000000"
ACTIVE = "status = 1 and previous_subscription_id is null"
SUBSCRIPTION_FEE = "fee_type = 2 and amount_cents > 0"
METRICS = (
    "metric_mrr",
    "metric_arr",
    "metric_mrr_waterfall",
    "metric_mrr_movements",
    "metric_customers",
)


@dataclass(frozen=True)
class Broken:
    """A copy of a row with some columns changed, and what is to be said of it."""

    table: str
    of: str
    changes: dict[str, Any]
    issues: set[str] = field(default_factory=set)
    is_quarantined: bool = True


def subscription(issue: str, **changes: str | int | None) -> Broken:
    return Broken("subscriptions", ACTIVE, {"external_id": f"broken: {issue}", **changes}, {issue})


def fee(issue: str, **changes: object) -> Broken:
    return Broken("fees", SUBSCRIPTION_FEE, changes, {issue})


UNREADABLE = {"from_datetime": "9999-12-31T00:00:00.000Z", "to_datetime": "soon"}
BROKEN = [
    subscription("customer_missing", customer_id=NOWHERE),
    subscription("plan_missing", plan_id=NOWHERE),
    subscription("tenant_missing", organization_id=None),
    subscription("start_missing", started_at=None),
    subscription("unknown_status", status=7),
    subscription("end_missing", status=2, terminated_at=None),
    subscription("end_before_start", status=2, terminated_at="2020-01-01"),
    subscription("implausible_start", started_at="0001-01-01"),
    Broken("customers", "true", {"external_id": "b1", "organization_id": None}, {"tenant_missing"}),
    Broken(
        "customers",
        "true",
        {"external_id": "b2", "timezone": "Mars/Olympus", "account_type": None},
        {"unknown_timezone"},
        is_quarantined=False,
    ),
    Broken("plans", "parent_id is null", {"amount_cents": None}, {"plan_without_price"}),
    Broken("plans", "parent_id is null", {"amount_cents": 1 << 62}, {"plan_without_price"}),
    Broken(
        "plans",
        "parent_id is null",
        {"trial_period": "1e300"},
        {"implausible_trial"},
        is_quarantined=False,
    ),
    Broken(
        "fixed_charges",
        "parent_id is null",
        {"code": "odd", "properties": {"amount": "a lot"}},
        {"unreadable_price"},
    ),
    Broken("commitments", "true", {"amount_cents": 1 << 62}, {"implausible_amount"}),
    Broken("applied_coupons", "true", {"coupon_id": NOWHERE}, {"coupon_missing"}),
    Broken("applied_coupons", "true", {"frequency": 9}, {"unknown_coupon_terms"}),
    fee("fee_without_invoice", invoice_id=NOWHERE),
    fee("fee_without_invoice", invoice_id=None),
    fee("unknown_fee_type", fee_type=None),
    fee("unknown_fee_type", fee_type=6),
    fee("unknown_currency", amount_currency="XXX"),
    fee("implausible_amount", amount_cents=1 << 62),
    Broken(
        "fees",
        SUBSCRIPTION_FEE,
        {"amount_cents": 0, "properties": UNREADABLE, "amount_details": {"plan_amount_cents": "x"}},
        {"unreadable_fee_properties"},
        is_quarantined=False,
    ),
    Broken(
        "fees",
        SUBSCRIPTION_FEE,
        {"amount_cents": 0, "subscription_id": NOWHERE},
        {"fee_without_subscription"},
        is_quarantined=False,
    ),
    Broken("commitments", "true", {"amount_cents": None}, {"implausible_amount"}),
    # What is strange, and can be used: dates far away, rows that point nowhere, nothing at all.
    Broken("plans", "parent_id is null", {"code": None}),
    Broken(
        "fees",
        SUBSCRIPTION_FEE,
        {"amount_cents": 0, "precise_coupons_amount_cents": None, "taxes_amount_cents": None},
    ),
    Broken("invoices", "true", {"status": None, "customer_id": NOWHERE}),
    Broken("subscriptions", ACTIVE, {"status": 0, "started_at": None, "external_id": "later"}),
    Broken("fixed_charge_events", "true", {"timestamp": "9999-12-31", "subscription_id": NOWHERE}),
    Broken("fixed_charge_events", "true", {"timestamp": "0001-01-01", "subscription_id": NOWHERE}),
    Broken("credit_notes", "true", {"invoice_id": NOWHERE}),
    Broken("credit_note_items", "true", {"fee_id": NOWHERE}),
]
# Plans and charges that somebody is subscribed to: the copies belong together by these ids.
ODD_PLANS = {"unknown_period": {"interval": 9}, "unknown_currency": {"amount_currency": "XXX"}}


def insert(connection: psycopg.Connection[Any], broken: Broken, number: int) -> str:
    """Write the copy, and return its id."""
    row_id = str(UUID(int=number))
    statement = sql.SQL(
        "insert into {table} select (jsonb_populate_record({table}, %s)).* from {table}"
        " where {condition} order by id limit 1"
    ).format(table=sql.Identifier(broken.table), condition=sql.SQL(broken.of))
    written = connection.execute(statement, [Jsonb({**broken.changes, "id": row_id})]).rowcount
    assert written == 1, f"no {broken.table} where {broken.of}"
    return row_id


def spoil(connection: psycopg.Connection[Any]) -> set[tuple[str, str, str, bool]]:
    """Write everything that is broken, and return the issues to be found."""
    expected = set()
    rows = list(BROKEN)
    for number, (issue, changes) in enumerate(ODD_PLANS.items(), start=1):
        plan_id = insert(connection, Broken("plans", "parent_id is null", changes), 1000 + number)
        rows.append(subscription(issue, plan_id=plan_id))
    for number, broken in enumerate(rows, start=1):
        row_id = insert(connection, broken, number)
        expected |= {
            (issue, broken.table, row_id, broken.is_quarantined) for issue in broken.issues
        }
    return expected


def drop_constraints(connection: psycopg.Connection[Any]) -> None:
    """Allow what Lago's own tables do not."""
    for name, table in connection.execute(
        "select conname, conrelid::regclass::text from pg_constraint"
        " where connamespace = 'public'::regnamespace and contype in ('n', 'c')"
        " and not exists (select from pg_constraint as key where key.contype = 'p'"
        " and key.conrelid = pg_constraint.conrelid and key.conkey = pg_constraint.conkey)"
    ).fetchall():
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                sql.Identifier(table), sql.Identifier(name)
            )
        )


def numbers(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Every row of every metric."""
    return {
        name: sorted(
            str(row)
            for row in connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier("tidemill", name))
            )
        )
        for name in METRICS
    }


@pytest.mark.slow
def test_what_cannot_be_used_is_named_and_changes_no_other_number(
    database: str, tmp_path: Path
) -> None:
    project = InProcess(database, tmp_path)
    with psycopg.connect(database, autocommit=True) as connection:
        with connection.transaction():
            generate_and_load(connection, 60, 1, AS_OF, years=2, indexes=False)
        project.build(variables={"tidemill_as_of": AS_OF.isoformat()})
        before = numbers(connection)
        drop_constraints(connection)
        expected = spoil(connection)
        project.build(variables={"tidemill_as_of": AS_OF.isoformat()})
        found = connection.execute(
            "select issue, source_table, source_row_id, is_quarantined"
            " from tidemill_core.lago__data_issues"
        ).fetchall()
        unexplained = connection.execute(
            "select issue from tidemill_core.lago__data_issues where detail is null"
        ).fetchall()
        assert set(found) == expected
        assert unexplained == []
        assert numbers(connection) == before
