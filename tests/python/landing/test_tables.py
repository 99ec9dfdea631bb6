"""The tables that the engines' own migrations make."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import psycopg

from reference.stripe.sigma_tables import BETA, TABLE, create_table
from tidemill_cli.demo.stripe.schema import create_schema

from .engines import SCRIPTS, Engines, Landing

LOCKFILE = SCRIPTS / "package-lock.json"

COLUMNS = """
    select relname, attname, format_type(atttypid, atttypmod), attnotnull,
        pg_get_expr(adbin, adrelid) as generated
    from pg_attribute
    inner join pg_class on pg_class.oid = attrelid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum and attgenerated <> ''
    where relnamespace = %s::regnamespace and relkind = 'r' and attnum > 0
        and not attisdropped
"""


def columns(dsn: str, schema: str = "stripe") -> dict[str, dict[str, tuple[Any, ...]]]:
    """Type, nullability and expression of each column, by table."""
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    with psycopg.connect(dsn) as conn:
        for table, column, *facts in conn.execute(COLUMNS, (schema,)):
            found.setdefault(table, {})[column] = tuple(facts)
    return found


def test_migrating_again_changes_nothing(landing: Landing) -> None:
    before = columns(landing.dsn)
    assert {"subscriptions", "subscription_items", "invoices", "customers"} < set(before)
    landing.migrate()
    assert columns(landing.dsn) == before


def test_the_simulator_makes_the_same_tables(landing: Landing, database: str) -> None:
    with psycopg.connect(database) as conn:
        create_schema(conn, generation=landing.generation)
    simulated = columns(database)
    landed = columns(landing.dsn)
    # The journal is made by the library that runs classic's migrations.
    simulated.pop("migrations", None)
    assert simulated == {table: landed[table] for table in simulated}


def test_sigmas_tables_are_those_that_the_tests_make(
    engines: Engines, database: str, new_database: Callable[[], str]
) -> None:
    Landing(engines, "v1", database).migrate(sigma=True)
    made = new_database()
    with psycopg.connect(made) as conn:
        for table in (TABLE, BETA):
            create_table(conn, table=table)
    landed = columns(database, "sigma")
    assert columns(made, "sigma") == {table: landed[table] for table in (TABLE, BETA)}


def test_the_lockfile_names_no_registry() -> None:
    text = LOCKFILE.read_text()
    assert '"integrity"' in text
    assert '"resolved"' not in text


def test_the_script_reaches_no_network(engines: Engines) -> None:
    # 192.0.2.1 is nobody's; without the guard this would wait for it.
    for call in (
        "require('node:net').connect(9, '192.0.2.1')",
        "require('node:https').get('https://192.0.2.1')",
        "fetch('http://192.0.2.1').catch((error) => { throw error.cause })",
    ):
        done = subprocess.run(
            ["node", "--require", str(SCRIPTS / "offline.js"), "--eval", call],
            capture_output=True,
            text=True,
            timeout=20,
            env=dict(os.environ),
        )
        assert done.returncode != 0
        assert re.search("reach no network", done.stderr)
