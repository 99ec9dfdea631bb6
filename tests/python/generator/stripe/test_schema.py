"""The landing tables of every generation."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from tidemill_cli.demo.stripe.load import load, load_events
from tidemill_cli.demo.stripe.schema import (
    GENERATIONS,
    Generation,
    columns_of,
    create_schema,
    existing_columns,
)

INVOICE: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "customer": {"id": "cus_1", "object": "customer"},
    "status": "open",
    "total": 3_000_000_000,
    "subtotal": 100,
    "parent": {"subscription_details": {"subscription": "sub_1"}},
    "lines": {"object": "list", "has_more": False, "data": [{"id": "il_1", "note": "a\tb\\c\n"}]},
    "_last_synced_at": 1_735_689_600,
}


def one(conn: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = conn.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_generation_has_exactly_its_columns(database: str, generation: Generation) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, "billing", generation)
        assert existing_columns(conn, "billing") == {
            table: {column.name for column in columns}
            for table, columns in columns_of(generation).items()
        }
        generated = conn.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'billing' and is_generated = 'ALWAYS'"
        ).fetchall()
    assert set(generated) == {
        (column.table, column.name)
        for columns in columns_of(generation).values()
        for column in columns
        if column.read
    }


@pytest.mark.parametrize("generation", ["v1", "replit"])
def test_the_payload_is_kept_whole_and_fills_the_columns(
    database: str, generation: Generation
) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, generation=generation)
        load(conn, {"invoices": [INVOICE]}, generation=generation)
        raw, total, status, account, synced = one(
            conn,
            "select _raw_data, total, status, _account_id, extract(epoch from _last_synced_at)"
            " from stripe.invoices",
        )
    assert raw == {key: value for key, value in INVOICE.items() if key != "_last_synced_at"}
    assert (total, status, account, synced) == (
        3_000_000_000,
        "open",
        "acct_tidemill",
        1_735_689_600,
    )


def test_v1_takes_the_id_out_of_an_expanded_reference(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn)
        load(conn, {"invoices": [INVOICE, {"id": "in_2", "customer": "cus_2"}]})
        found = conn.execute("select id, customer from stripe.invoices order by id").fetchall()
    assert found == [("in_1", "cus_1"), ("in_2", "cus_2")]


def test_v2_says_account_and_time_in_the_payload_and_keeps_nothing_deleted(database: str) -> None:
    subscription = {
        "id": "sub_1",
        "customer": "cus_1",
        "canceled_at": 1_735_689_600,
        "_account_id": "acct_1",
        "_last_synced_at": 1_735_689_700,
    }
    customers = [{"id": "cus_1", "object": "customer"}, {"id": "cus_2", "object": "customer"}]
    with psycopg.connect(database) as conn:
        create_schema(conn, "public", generation="v2")
        load(
            conn,
            {"subscriptions": [subscription], "customers": customers},
            "public",
            generation="v2",
        )
        deleted = {"customers": [{"id": "cus_2", "object": "customer", "deleted": True}]}
        load(conn, deleted, "public", generation="v2", replace=True)
        raw, *columns = one(
            conn,
            "select _raw_data, id, _account_id, _last_synced_at, extract(epoch from _updated_at),"
            " customer, canceled_at from subscriptions",
        )
        kept = conn.execute("select id from customers").fetchall()
        # The same coupon may be one of two accounts.
        for account in ("acct_1", "acct_2"):
            load(conn, {"coupons": [{"id": "TENTH"}]}, "public", generation="v2", account=account)
    assert raw == {
        "id": "sub_1",
        "customer": "cus_1",
        "canceled_at": 1_735_689_600,
        "_account_id": "acct_1",
        "_updated_at": 1_735_689_700,
    }
    assert columns == ["sub_1", "acct_1", None, 1_735_689_700, "cus_1", "1735689600"]
    assert kept == [("cus_1",)]


def test_classic_keeps_what_it_has_columns_for(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, generation="classic")
        load(
            conn,
            {"invoices": [INVOICE], "coupons": [{"id": "co_1"}]},
            generation="classic",
        )
        row = one(conn, "select to_jsonb(i) from stripe.invoices as i")[0]
        coupons = one(conn, "select count(*) from stripe.coupons")[0]
    assert row["lines"] == INVOICE["lines"]
    # A reference that came as an object is kept as its text.
    assert row["customer"] == '{"id":"cus_1","object":"customer"}'
    assert row["subscription"] is None
    assert "parent" not in row
    assert coupons == 0


def test_classic_fails_on_a_subtotal_its_column_cannot_hold(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, generation="classic")
        with pytest.raises(errors.NumericValueOutOfRange):
            load(conn, {"invoices": [INVOICE | {"subtotal": 2_147_483_648}]}, generation="classic")


def test_a_known_object_is_replaced_only_if_asked(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn)
        load(conn, {"invoices": [INVOICE]})
        load(conn, {"invoices": [INVOICE | {"status": "paid"}]}, replace=True)
        assert one(conn, "select status from stripe.invoices") == ("paid",)
        with pytest.raises(errors.UniqueViolation):
            load(conn, {"invoices": [INVOICE]})


def test_every_object_belongs_to_its_account(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn)
        load(
            conn,
            {
                "accounts": [{"id": "acct_1", "object": "account"}],
                "customers": [
                    {"id": "cus_1", "_account_id": "acct_1"},
                    {"id": "cus_2", "_account_id": "acct_2"},
                    {"id": "cus_3"},
                ],
            },
            account="acct_3",
        )
        customers = conn.execute("select id, _account_id from stripe.customers").fetchall()
        accounts = conn.execute("select id from stripe.accounts order by id").fetchall()
    assert customers == [("cus_1", "acct_1"), ("cus_2", "acct_2"), ("cus_3", "acct_3")]
    assert accounts == [("acct_1",), ("acct_2",), ("acct_3",)]


def test_events_are_appended(database: str) -> None:
    event = {
        "id": "evt_1",
        "type": "customer.created",
        "created": 1_735_689_600,
        "api_version": "2025-09-30.clover",
        "data": {"object": {"id": "cus_1"}},
    }
    with psycopg.connect(database) as conn:
        create_schema(conn)
        load_events(conn, [event])
        load_events(conn, [event | {"id": "evt_2"}])
        found = conn.execute(
            "select id, type, extract(epoch from created), api_version, data"
            " from stripe.stripe_events order by id"
        ).fetchall()
    assert [row[0] for row in found] == ["evt_1", "evt_2"]
    assert found[0][1:] == (
        "customer.created",
        1_735_689_600,
        "2025-09-30.clover",
        {"object": {"id": "cus_1"}},
    )


def test_an_unknown_generation_is_refused(database: str) -> None:
    with (
        psycopg.connect(database) as conn,
        pytest.raises(ValueError, match=r"unknown generation 'v9'"),
    ):
        create_schema(conn, generation="v9")  # type: ignore[arg-type]
