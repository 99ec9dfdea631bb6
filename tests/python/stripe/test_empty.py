"""`dbt run --empty` plans what reads a landing, and takes nothing from it."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from generator.stripe.scripts import at, engine
from plain_dbt.in_process import UNTESTED, InProcess
from tidemill_cli.demo.stripe.load import load, load_events
from tidemill_cli.demo.stripe.schema import create_schema


def test_an_empty_run_takes_no_rows(database: str, tmp_path: Path) -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    price = stripe.price(stripe.product(acme, "Seat"), "30")
    stripe.subscribe(stripe.customer(acme, at("2024-01-01")), price, at("2024-01-01"))
    with psycopg.connect(database) as connection:
        create_schema(connection)
        load(connection, stripe.objects())
        load_events(connection, stripe.events())

    InProcess(database, tmp_path).build(
        *UNTESTED,
        *("--empty", "--select", "+stg_stripe__*"),
        variables={"tidemill_billing_sources": ["stripe"]},
    )

    with psycopg.connect(database) as connection:
        staging = connection.execute(
            "select schemaname, tablename from pg_tables where tablename like 'stg\\_stripe\\_\\_%'"
        ).fetchall()
        rows = {
            name: connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
            ).fetchone()
            for schema, name in staging
        }
    assert rows.keys() >= {"stg_stripe__subscriptions", "stg_stripe__events"}
    assert set(rows.values()) == {(0,)}
