"""`dbt run --empty` plans what reads a Kill Bill, and takes nothing from it."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from plain_dbt.in_process import UNTESTED, InProcess
from tidemill_cli.demo.killbill.load import load
from tidemill_cli.demo.killbill.schema import create_schema

from .world import World, at


def test_an_empty_run_takes_no_rows(database: str, tmp_path: Path) -> None:
    world = World()
    world.kb.subscribe(world.account(), "basic", at("01-10"))
    with psycopg.connect(database) as connection:
        create_schema(connection)
        load(connection, world.rows())

    InProcess(database, tmp_path).build(
        *UNTESTED,
        *("--empty", "--select", "+killbill__subscription_intervals", "+killbill__data_issues"),
        variables={"tidemill_billing_sources": ["killbill"]},
    )

    with psycopg.connect(database) as connection:
        names = connection.execute(
            "select tablename from pg_tables where tablename like '%killbill\\_\\_%'"
        ).fetchall()
        rows = {
            name: connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier("tidemill_core", name))
            ).fetchone()
            for (name,) in names
        }
    assert rows.keys() >= {"stg_killbill__catalogs", "int_killbill__statuses"}
    assert set(rows.values()) == {(0,)}
