"""The stub project with copies of eight billing tables, each of which can be made slow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg

from project import ROOT

TABLES = tuple(f"t{number}" for number in range(8))
SOURCES = f"""
sources:
  - name: stub
    schema: public
    tables: [{", ".join(f"{{name: {name}}}" for name in TABLES)}]
"""
LEVELS = """
{{ config(materialized="table") }}
-- the amount of each table, and a level for all of them
""" + " union all ".join(
    f"select 'day' as grain, date '2026-03-15' as period_start, date '2026-03-16' as period_end,"
    f" true as is_complete, 'stub' as billing_source, 'acme' as tenant_id, '{name}' as plan,"
    f" 'pro' as product, 'USD' as currency, 'US' as country, 'month' as billing_interval,"
    f" amount::numeric(28, 10) as mrr, '{{{{ var(\"tidemill_as_of\") }}}}'::timestamptz as as_of"
    f" from {{{{ ref('stg_{name}') }}}}"
    for name in TABLES
)
# Takes a minute, until somebody makes a table `hurry`.
SLOWLY = (
    "cross join (select pg_sleep(case when to_regclass('public.hurry') is null then 60 else 0 end))"
    " as slowly"
)


def write_copying_project(stub: Path) -> Path:
    """Add the copies to a stub project."""
    folder = stub / "models" / "sources" / "stub"
    folder.mkdir(parents=True)
    (folder / "sources.yml").write_text(SOURCES)
    for name in TABLES:
        copying(stub, name)
    (stub / "models" / "levels.sql").write_text(LEVELS)
    macro = (ROOT / "macros" / "begin_reading.sql").read_text()
    (stub / "macros" / "begin_reading.sql").write_text(macro)
    with (stub / "dbt_project.yml").open("a") as file:
        file.write(
            "\nmodels: {stub: {sources: {+materialized: table,"
            ' +pre-hook: "{{ begin_reading() }}"}}}\n'
        )
    return stub


def copying(project: Path, table: str, *, also: str = "", hook: str = "") -> None:
    """Write the model that copies a table; `also` is read beside it, `hook` done before."""
    config = f'{{{{ config(pre_hook="{hook}") }}}}' if hook else ""
    (project / "models" / "sources" / "stub" / f"stg_{table}.sql").write_text(
        f"{config} select {table}.* from {{{{ source('stub', '{table}') }}}} as {table} {also}"
    )


def create_billing(dsn: str) -> str:
    """The eight tables, each with the amount 1."""
    with psycopg.connect(dsn, autocommit=True) as session:
        for name in TABLES:
            session.execute(f"create table {name} as select 1 as amount")
    return dsn


def query(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as session:
        return session.execute(statement).fetchall()  # type: ignore[arg-type]


def amounts(dsn: str) -> list[int]:
    """What readers find, table by table."""
    rows = query(dsn, "select mrr::int from tidemill.metric_mrr order by plan")
    return [amount for (amount,) in rows]


def wait_for(session: psycopg.Connection[Any], condition: str) -> None:
    """Wait until something is there; the session commits by itself."""
    deadline = time.monotonic() + 180
    statement = f"select exists (select from {condition})"
    while session.execute(statement).fetchone() != (True,):  # type: ignore[arg-type]
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)
