"""The tables of every supported release."""

import psycopg
import pytest
from psycopg import errors

from tidemill_cli.demo.lago.schema import RELEASES, columns_at, create_schema, existing_columns


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_has_exactly_its_columns(database: str, release: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, release=release)
        assert existing_columns(conn) == {
            table: {column.name for column in columns}
            for table, columns in columns_at(release).items()
        }


@pytest.mark.parametrize(
    ("table", "column", "before", "first"),
    [
        ("applied_coupons", "organization_id", "v1.26", "v1.27"),
        ("credits", "organization_id", "v1.27", "v1.28"),
        ("invoices", "voided_invoice_id", "v1.28", "v1.31"),
        ("fixed_charges", "units", "v1.31", "v1.32"),
        ("fixed_charge_events", "units", "v1.32", "v1.33"),
        ("fees", "fixed_charge_id", "v1.32", "v1.33"),
        ("subscriptions", "activated_at", "v1.40", "v1.45"),
        ("subscriptions", "billing_entity_id", "v1.45", "v1.46"),
        ("subscriptions", "cancellation_reason", "v1.46", "v1.49"),
        ("plans", "pricing_type", "v1.51", "HEAD"),
    ],
)
def test_a_column_comes_with_its_release(table: str, column: str, before: str, first: str) -> None:
    def has(release: str) -> bool:
        return column in {c.name for c in columns_at(release).get(table, [])}

    assert not has(before)
    assert has(first)


def test_types_are_lagos_own(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn)
        types: dict[str, str] = dict(
            conn.execute(
                """
                select attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod)
                from pg_attribute
                where attrelid in ('fees'::regclass, 'customers'::regclass, 'plans'::regclass)
                """
            ).fetchall()
        )
    assert types["fees.precise_amount_cents"] == "numeric(40,15)"
    assert types["fees.created_at"] == "timestamp(6) without time zone"
    assert types["fees.amount_details"] == "jsonb"
    assert types["plans.amount_cents"] == "bigint"
    assert types["plans.trial_period"] == "double precision"
    assert types["customers.account_type"] == "customer_account_type"


@pytest.mark.parametrize(("release", "required"), [("v1.51", True), ("HEAD", False)])
def test_a_plan_may_lack_a_price_only_at_head(database: str, release: str, required: bool) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, release=release)
        nullable = conn.execute(
            """
            select distinct is_nullable from information_schema.columns
            where table_name = 'plans'
                and column_name in ('interval', 'amount_cents', 'pay_in_advance')
            """
        ).fetchall()
    assert nullable == [("NO" if required else "YES",)]


def test_a_legacy_plan_needs_a_price_at_head(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn)
        with pytest.raises(errors.CheckViolation):
            conn.execute(
                """
                insert into plans
                    (organization_id, name, code, amount_currency, created_at, updated_at)
                values (gen_random_uuid(), 'Basic', 'basic', 'USD', now(), now())
                """
            )


def test_tables_may_live_in_another_schema(database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, schema="billing engine")
        indexes = conn.execute(
            "select count(*) from pg_indexes where schemaname = 'billing engine'"
        ).fetchone()
        assert existing_columns(conn) == {}
    assert indexes is not None
    assert indexes[0] > 100


def test_an_unknown_release_is_refused(database: str) -> None:
    with (
        psycopg.connect(database) as conn,
        pytest.raises(ValueError, match=r"unknown Lago release 'v1.99'"),
    ):
        create_schema(conn, release="v1.99")
