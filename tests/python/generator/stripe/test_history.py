"""The generated history: repeatable, the same in every shape, and consistent with itself."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tidemill_cli.demo.stripe.generate import generate_and_load
from tidemill_cli.demo.stripe.history import History, Scale
from tidemill_cli.demo.stripe.render import Shape
from tidemill_cli.demo.stripe.schema import GENERATIONS, Generation

from .scripts import Doc, at, unix

UNTIL = at("2026-01-01")
SCALE = Scale(300, 7, UNTIL, years=2, events=True)


def simulate(shape: Shape) -> dict[str, list[Doc]]:
    return History(Scale(300, 7, UNTIL, years=2, shape=shape)).customer_objects(0, 300)[0]


def test_a_customer_is_the_same_in_any_range() -> None:
    whole, events = History(SCALE).customer_objects(0, 40)
    first, first_events = History(SCALE).customer_objects(0, 25)
    rest, rest_events = History(SCALE).customer_objects(25, 40)
    for table in whole:
        assert whole[table] == first.get(table, []) + rest.get(table, []), table
    assert events == first_events + rest_events
    assert len({event["id"] for event in events}) == len(events)


def test_both_shapes_carry_the_same_money() -> None:
    older, newer = simulate("acacia"), simulate("clover")

    def facts(objects: dict[str, list[Doc]], *, old: bool) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for invoice in objects["invoices"]:
            parent = invoice.get("parent") or {"subscription_details": {"subscription": None}}
            named = parent["subscription_details"]["subscription"]
            found.append((invoice["subscription"] if old else named, invoice["total"]))
            for line in invoice["lines"]["data"]:
                if old:
                    price = line["price"] and line["price"]["id"]
                    proration, item = line["proration"], line.get("subscription_item")
                    taxes = line["tax_amounts"]
                else:
                    price = line["pricing"] and line["pricing"]["price_details"]["price"]
                    details = line["parent"][line["parent"]["type"]]
                    proration, item = details["proration"], details.get("subscription_item")
                    taxes = line["taxes"]
                found.append(
                    (
                        line["id"],
                        line["amount"],
                        line["quantity"],
                        line["period"]["start"],
                        line["period"]["end"],
                        price,
                        proration,
                        item,
                        sum(tax["amount"] for tax in taxes),
                        sum(discount["amount"] for discount in line["discount_amounts"]),
                    )
                )
        return found

    assert facts(older, old=True) == facts(newer, old=False)
    assert len(facts(older, old=True)) > 3000


def test_invoices_add_up() -> None:
    for invoice in simulate("acacia")["invoices"]:
        rows = invoice["lines"]["data"]
        amounts = sum(line["amount"] for line in rows)
        discounts = sum(d["amount"] for line in rows for d in line["discount_amounts"])
        tax = sum(t["amount"] for line in rows for t in line["tax_amounts"])
        assert invoice["subtotal"] == amounts
        assert invoice["total"] == amounts - discounts + tax
        assert sum(d["amount"] for d in invoice["total_discount_amounts"]) == discounts
        moments = invoice["status_transitions"]
        assert (moments["paid_at"] is not None) is (invoice["status"] == "paid")
        assert (moments["finalized_at"] is None) is (invoice["status"] == "draft")


def test_regular_lines_of_an_item_never_overlap() -> None:
    """Whatever was changed, no time of an item is billed in advance twice."""
    periods: dict[str, list[tuple[int, int]]] = {}
    for invoice in simulate("acacia")["invoices"]:
        for line in invoice["lines"]["data"]:
            metered = line["price"] and line["price"]["recurring"]["usage_type"] == "metered"
            if line["proration"] or line.get("subscription_item") is None or metered:
                continue
            period = (line["period"]["start"], line["period"]["end"])
            periods.setdefault(line["subscription_item"], []).append(period)
    cut = 0
    for spans in periods.values():
        for (_, end), (start, _) in pairwise(spans):
            # A cycle that begins anew cuts the period before short.
            cut += start < end
            assert start <= end
        assert [start for start, _ in spans] == sorted({start for start, _ in spans})
    assert 0 < cut < len(periods) / 5


def test_everything_that_can_happen_does() -> None:
    objects, events = History(SCALE).customer_objects(0, 300)
    statuses = Counter(s["status"] for s in objects["subscriptions"])
    assert {"active", "canceled", "trialing", "incomplete_expired"} <= set(statuses)
    assert {i["status"] for i in objects["invoices"]} == {
        "draft",
        "open",
        "paid",
        "void",
        "uncollectible",
    }
    assert {i["billing_reason"] for i in objects["invoices"]} == {
        "subscription_create",
        "subscription_cycle",
        "subscription_update",
    }
    kinds = {event["type"] for event in events}
    assert {
        "customer.subscription.deleted",
        "customer.updated",
        "customer.deleted",
        "invoice.payment_failed",
        "invoice.marked_uncollectible",
        "credit_note.created",
        "refund.created",
        "subscription_schedule.released",
    } <= kinds


def test_mixed_payloads_have_the_shape_of_their_last_touch() -> None:
    objects, events = History(SCALE).customer_objects(0, 300)
    turn = unix("2025-01-01")
    for invoice in objects["invoices"]:
        assert ("parent" in invoice) is (invoice["_last_synced_at"] >= turn)
    versions = Counter((e["api_version"], e["created"] >= turn) for e in events)
    assert set(versions) == {("2025-02-24.acacia", False), ("2025-09-30.clover", True)}


def dump(dsn: str, seed: int, processes: int) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(dsn) as conn:
        generate_and_load(conn, 250, seed, UNTIL, years=1, processes=processes, events=True)
        tables = conn.execute(
            "select table_name from information_schema.tables where table_schema = 'stripe'"
        ).fetchall()
        # When accounts were synced is the database's own time.
        return {
            table: conn.execute(
                sql.SQL(
                    "select to_jsonb(t) - '_updated_at' - 'first_synced_at' from {} as t"
                ).format(sql.Identifier("stripe", table))
            ).fetchall()
            for (table,) in tables
            if table != "accounts"
        }


def test_the_same_seed_gives_the_same_database_in_any_number_of_processes(
    new_database: Callable[[], str],
) -> None:
    one, two = dump(new_database(), 7, 1), dump(new_database(), 7, 2)
    other = dump(new_database(), 8, 1)
    assert one == two
    assert one["stripe_events"]
    assert one["subscriptions"] != other["subscriptions"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_history_lands_in_every_generation(database: str, generation: Generation) -> None:
    seen: list[tuple[int, int]] = []
    expected = History(Scale(150, 1, UNTIL, years=2)).customer_objects(0, 150)[0]
    with psycopg.connect(database) as conn:
        generate_and_load(
            conn,
            150,
            1,
            UNTIL,
            years=2,
            generation=generation,
            progress=lambda done, total: seen.append((done, total)),
        )
        found: dict[str, Any] = {
            table: conn.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier("stripe", table))
            ).fetchone()
            for table in ("customers", "subscriptions", "invoices", "charges", "coupons")
        }
        statuses = conn.execute(
            "select status::text, count(*) from stripe.subscriptions group by 1"
        ).fetchall()
    assert (seen[0], seen[-1]) == ((0, 150), (150, 150))
    kept = {
        table: [row for row in rows if generation != "v2" or not row.get("deleted")]
        for table, rows in expected.items()
    }
    for table in ("customers", "subscriptions", "invoices", "charges"):
        assert found[table] == (len(kept[table]),)
    assert found["coupons"] == ((5,) if generation in ("v1", "v2") else (0,))
    assert dict(statuses) == Counter(s["status"] for s in expected["subscriptions"])


def test_classic_loses_what_it_has_no_columns_for(database: str) -> None:
    """What facts of newer payloads the typed columns do not keep: the adapter must live with it."""
    with psycopg.connect(database) as conn:
        generate_and_load(conn, 60, 1, UNTIL, generation="classic", shape="clover")
        row = conn.execute(
            """
            select count(*), count(current_period_end), count(discount), count(plan),
                count(trial_end), count(items -> 'data' -> 0 -> 'current_period_end')
            from stripe.subscriptions
            """
        ).fetchone()
        lost = conn.execute(
            "select count(*), count(subscription), count(paid), count(charge),"
            " count(lines -> 'data' -> 0 -> 'parent') from stripe.invoices"
        ).fetchone()
    assert row is not None
    assert lost is not None
    assert row[0] > 60
    assert row[1:4] == (0, 0, 0)
    assert row[4] > 0
    assert row[5] == row[0]
    assert lost[1:4] == (0, 0, 0)
    assert lost[4] == lost[0] > 60
