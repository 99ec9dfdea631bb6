"""Loading with COPY, and the generated history."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine
from tidemill_cli.demo.lago.history import History, Scale
from tidemill_cli.demo.lago.load import generate_and_load, load
from tidemill_cli.demo.lago.rows import TABLES, typed
from tidemill_cli.demo.lago.schema import RELEASES, create_schema

from .scripts import at, engine

UNTIL = at("2026-01-01")


def scripted() -> LagoEngine:
    lago = engine()
    acme = lago.organization("Tabs\tand \\ back\nslashes")
    team = lago.plan(
        acme, "team", "50", minimum_commitment="70", fixed_charges=[FixedCharge("seats", "10.5")]
    )
    pro = lago.plan(acme, "pro", "90")
    customer = lago.customer(
        acme, at("2024-01-10"), country="DE", tax_rate=19, metadata={"segment": "sales"}
    )
    coupon = lago.coupon(acme, "x", percentage="12.5", plans=[team])
    lago.apply_coupon(customer, coupon, at("2024-01-10"))
    subscription = lago.subscribe(customer, team, at("2024-01-10"), units={"seats": "2.5"})
    lago.override_price(subscription, "45", at("2024-01-20"))
    lago.subscribe(customer, pro, at("2024-01-21"), gated="succeeds")
    lago.change_plan(subscription, pro, at("2024-02-20"))
    lago.run_until(at("2024-04-02"))
    return lago


def stored(conn: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f'select * from "{table}"')
        return cursor.fetchall()


@pytest.mark.parametrize("form", ["rows", "copy_rows"])
def test_rows_come_back_as_they_were_written(database: str, form: str) -> None:
    lago = scripted()
    with psycopg.connect(database) as conn:
        create_schema(conn)
        load(conn, getattr(lago, form))
        for table, written in lago.rows.items():
            found = {str(row.get("id", row)): row for row in stored(conn, table)}
            assert len(found) == len(written)
            for row in written:
                match = found[str(row["id"])] if "id" in row else row
                assert {name: match[name] for name in row} == row, table


@pytest.mark.parametrize("release", RELEASES)
def test_rows_fit_every_release(database: str, release: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, release=release)
        load(conn, scripted().rows)
        counted = conn.execute("select count(*) from subscriptions").fetchone()
        assert counted == (3,)


def dump(dsn: str, customers: int, seed: int, processes: int) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(dsn) as conn:
        generate_and_load(conn, customers, seed, UNTIL, years=1, processes=processes)
        conn.commit()
        tables = conn.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
        ).fetchall()
        return {
            table: conn.execute(f'select t::text from "{table}" as t order by 1').fetchall()
            for (table,) in tables
        }


def test_the_same_seed_gives_the_same_database_in_any_number_of_processes(
    new_database: Callable[[], str],
) -> None:
    one = dump(new_database(), customers=300, seed=7, processes=1)
    two = dump(new_database(), customers=300, seed=7, processes=2)
    other = dump(new_database(), customers=300, seed=8, processes=1)
    assert one == two
    assert one["subscriptions"] != other["subscriptions"]


def test_progress_reaches_the_total(database: str) -> None:
    seen: list[tuple[int, int]] = []
    with psycopg.connect(database) as conn:
        generate_and_load(
            conn, 300, 1, UNTIL, years=1, progress=lambda done, total: seen.append((done, total))
        )
    assert seen[0] == (0, 300)
    assert seen[-1] == (300, 300)


@pytest.mark.parametrize("release", ["v1.26", "v1.32", "v1.40"])
def test_a_history_keeps_to_what_the_release_has(database: str, release: str) -> None:
    with psycopg.connect(database) as conn:
        generate_and_load(conn, 200, 1, UNTIL, release=release)
        kinds = conn.execute("select distinct fee_type from fees order by 1").fetchall()
        gated = conn.execute("select count(*) from subscriptions where status = 4").fetchone()
    assert ((5,) in kinds) is (release == "v1.40")
    assert gated == (0,)


def test_a_generated_database_has_keys_and_indexes(database: str) -> None:
    with psycopg.connect(database) as conn:
        generate_and_load(conn, 20, 1, UNTIL, years=1)
        keys = conn.execute("select count(*) from pg_constraint where contype = 'p'").fetchone()
        names = conn.execute(
            "select indexname from pg_indexes"
            " where tablename = 'fees' and indexdef like '%(invoice_id)'"
        ).fetchall()
    assert keys is not None
    assert keys[0] > 20
    assert len(names) == 1


@pytest.fixture(scope="module")
def history() -> dict[str, list[dict[str, Any]]]:
    simulated = History(Scale(customers=2000, seed=1, until=UNTIL))
    rows = simulated.customer_rows(0, 2000)
    catalog = simulated.catalog_rows()
    return {table: list(typed(table, [*catalog[table], *rows[table]])) for table in TABLES}


def test_a_history_has_every_kind_of_life(history: dict[str, list[dict[str, Any]]]) -> None:
    statuses = Counter(row["status"] for row in history["subscriptions"])
    assert set(statuses) >= {0, 1, 2, 3}
    subscriptions = history["subscriptions"]
    assert any(row["previous_subscription_id"] for row in subscriptions)
    assert any(row["started_at"] and row["created_at"] > row["started_at"] for row in subscriptions)
    assert any(row["status"] == 3 and row["started_at"] for row in subscriptions)
    assert any(row["trial_ended_at"] for row in subscriptions)
    assert any(row["ending_at"] and row["status"] == 1 for row in subscriptions)
    assert any(row["parent_id"] for row in history["plans"])
    assert {row["interval"] for row in history["plans"]} == {0, 1, 2, 3, 4}
    assert {row["fee_type"] for row in history["fees"]} == {0, 2, 4, 5}
    assert {row["amount_currency"] for row in history["fees"]} == {"USD", "EUR", "JPY"}
    assert {row["status"] for row in history["invoices"]} >= {1, 2}
    assert any(row["payment_dispute_lost_at"] for row in history["invoices"])
    assert any(row["deleted_at"] for row in history["customers"])
    assert {row["account_type"] for row in history["customers"]} == {"customer", "partner"}
    assert len({row["country"] for row in history["customers"]} - {None}) == 12
    assert len({row["timezone"] for row in history["customers"]}) > 5
    by_organization = Counter(row["organization_id"] for row in history["customers"])
    assert len(by_organization) == 2
    assert {row["frequency"] for row in history["applied_coupons"]} == {0, 1, 2}
    assert history["fixed_charge_events"]


def test_a_history_grows(history: dict[str, list[dict[str, Any]]]) -> None:
    joined = Counter(row["created_at"].year for row in history["customers"])
    assert joined[2023] < joined[2024] < joined[2025]


def test_a_history_adds_up(history: dict[str, list[dict[str, Any]]]) -> None:
    fees: dict[object, int] = {}
    coupons: dict[object, Decimal] = {}
    for fee in history["fees"]:
        invoice_id = fee["invoice_id"]
        fees[invoice_id] = fees.get(invoice_id, 0) + fee["amount_cents"]
        coupons[invoice_id] = (
            coupons.get(invoice_id, Decimal(0)) + fee["precise_coupons_amount_cents"]
        )
    for invoice in history["invoices"]:
        assert invoice["fees_amount_cents"] == fees[invoice["id"]]
        assert abs(invoice["coupons_amount_cents"] - coupons[invoice["id"]]) < Decimal("0.001")
        assert invoice["total_amount_cents"] == (
            invoice["fees_amount_cents"]
            - invoice["coupons_amount_cents"]
            + invoice["taxes_amount_cents"]
            - invoice["credit_notes_amount_cents"]
        )


def test_a_lineage_has_one_living_row_at_a_time(
    history: dict[str, list[dict[str, Any]]],
) -> None:
    lineages: dict[object, list[tuple[datetime, datetime | None]]] = {}
    for row in history["subscriptions"]:
        if row["status"] in (1, 2):
            key = (row["organization_id"], row["external_id"])
            start = row["activated_at"] if row["activated_at"] > row["started_at"] else None
            lineages.setdefault(key, []).append((start or row["started_at"], row["terminated_at"]))
    for lives in lineages.values():
        lives.sort()
        for (_, end), (start, _) in pairwise(lives):
            assert end is not None
            # Only an upgrade overlaps, by milliseconds.
            assert (end - start).total_seconds() <= 0.004


def test_most_invoices_of_a_history_are_paid_and_some_later(
    history: dict[str, list[dict[str, Any]]],
) -> None:
    final = {row["id"]: row for row in history["invoices"] if row["status"] == 1}
    statuses = Counter(row["payment_status"] for row in final.values())
    assert statuses[1] > 0.9 * len(final)
    assert statuses[0]
    assert statuses[2]
    paid_later = 0
    for payment in history["payments"]:
        invoice = final.get(payment["payable_id"])
        if invoice is None:
            continue
        has_succeeded = payment["payable_payment_status"] == "succeeded"
        assert has_succeeded is (invoice["payment_status"] == 1)
        assert payment["amount_cents"] == invoice["total_amount_cents"]
        paid_later += payment["created_at"] > invoice["created_at"]
    assert paid_later
    assert any(row["refund_amount_cents"] for row in history["credit_notes"])
    assert {row["key"] for row in history["customer_metadata"]} == {"segment", "size", "industry"}


def test_fees_carry_the_price_of_their_own_time(
    history: dict[str, list[dict[str, Any]]],
) -> None:
    plans = {row["id"]: row for row in history["plans"]}
    prices: dict[str, list[tuple[datetime, int]]] = {}
    for version in history["versions"]:
        price = version["object_changes"]["amount_cents"][1]
        prices.setdefault(version["item_id"], []).append((version["created_at"], price))
    edited = {plan_id for plan_id, known in prices.items() if len(known) > 1}
    subscriptions = {row["id"]: row for row in history["subscriptions"]}
    checked = Counter[str]()
    for fee in history["fees"]:
        plan_id = subscriptions[fee["subscription_id"]]["plan_id"]
        if fee["fee_type"] != 2 or plans[plan_id]["parent_id"]:
            continue
        then = [price for since, price in prices[str(plan_id)] if since <= fee["created_at"]]
        assert fee["amount_details"]["plan_amount_cents"] == then[-1]
        checked[str(plan_id)] += len(then) == 1
    assert edited
    assert all(checked[plan_id] for plan_id in edited)


def test_nothing_is_written_after_the_end(history: dict[str, list[dict[str, Any]]]) -> None:
    end = UNTIL.replace(tzinfo=None)
    for table, written in history.items():
        for row in written:
            for column in ("created_at", "updated_at"):
                assert row.get(column, end) <= end, table
