"""The tables of every release take what the simulator writes."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from tidemill_cli.demo.killbill.load import load
from tidemill_cli.demo.killbill.schema import (
    RELEASES,
    Release,
    create_keys,
    create_schema,
    existing_columns,
)

from .scripts import at, engine


@pytest.mark.parametrize("release", RELEASES)
def test_rows_come_back_as_they_were_written(database: str, release: Release) -> None:
    kb, account = engine(tax_rate=19)
    subscription = kb.subscribe(account, "eased", at("2024-01-10"), quantity=3)
    kb.use(subscription, "call", 3, at("2024-01-12"))
    kb.fail_payments(account, at("2024-01-12"))
    kb.run_until(at("2024-04-01"))
    with psycopg.connect(database) as connection:
        create_schema(connection, "killbill", release, keys=False)
        load(connection, kb.rows, "killbill")
        create_keys(connection, "killbill")
        present = existing_columns(connection, "killbill")
        for table, rows in kb.rows.items():
            names = [name for name in rows[0] if name in present[table]]
            found = connection.execute(
                sql.SQL("select {} from {} order by record_id").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)),
                    sql.Identifier("killbill", table),
                )
            ).fetchall()
            assert [_aware(row) for row in found] == [
                tuple(_value(table, name, row[name], release) for name in names)
                for row in rows
                if release != "0.22" or row.get("event_type") != "QUANTITY_UPDATE"
            ]


def _value(table: str, name: str, value: object, release: Release) -> object:
    """What a release keeps of a value: in 0.22, usage is of a day."""
    if release == "0.22" and (table, name) == ("rolled_up_usage", "record_date"):
        return value.date()  # type: ignore[attr-defined, no-any-return]
    return value


def _aware(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(
        value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row
    )


def test_0_22_has_no_quantities_and_says_whether_a_payment_was_made(database: str) -> None:
    kb, account = engine()
    kb.fail_payments(account, at("2024-01-05"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.restore_payments(account, at("2024-01-11"))
    with psycopg.connect(database) as connection:
        create_schema(connection, release="0.22")
        load(connection, kb.rows)
        present = existing_columns(connection)
        assert "quantity" not in present["subscription_events"]
        assert "grp_id" not in present["invoices"]
        found = connection.execute(
            "select success from invoice_payments order by record_id"
        ).fetchall()
    assert found == [(False,), (True,)]


def test_counters_go_on_from_what_was_loaded(database: str) -> None:
    kb, _ = engine()
    with psycopg.connect(database) as connection:
        create_schema(connection)
        load(connection, kb.rows)
        create_keys(connection)
        (number,) = connection.execute(
            "select nextval(pg_get_serial_sequence('accounts', 'record_id'))"
        ).fetchone() or (0,)
    assert number == len(kb.rows["accounts"]) + 1


def test_instants_and_long_texts_are_of_domains_as_in_kill_bills_own_tables(database: str) -> None:
    with psycopg.connect(database) as connection:
        create_schema(connection, "killbill")
        found = connection.execute(
            "select domain_name, count(*) from information_schema.columns"
            " where table_schema = 'killbill' and domain_name is not null group by 1 order by 1"
        ).fetchall()
        types = connection.execute(
            "select count(*) from information_schema.columns where table_schema = 'killbill'"
            " and data_type like 'timestamp%' and domain_name is null"
        ).fetchone()
    assert [name for name, _ in found] == ["datetime", "mediumtext"]
    assert types == (0,)
