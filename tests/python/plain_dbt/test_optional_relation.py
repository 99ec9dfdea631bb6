"""A table that some releases lack is found whatever dbt has noted of its schema so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from dbt.adapters.base.impl import BaseAdapter

from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.schema import create_schema

from .in_process import InProcess


def test_a_table_that_dbt_has_not_noted_yet_is_read(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between two threads: the schema is in dbt's cache, and only a part of its tables.
    listed = BaseAdapter.list_relations
    monkeypatch.setattr(
        BaseAdapter,
        "list_relations",
        lambda self, database, schema: [] if schema == "public" else listed(self, database, schema),
    )
    project = InProcess(new_database(), tmp_path)
    lago = LagoEngine(seed=1, start=datetime(2026, 1, 1, tzinfo=UTC))
    lago.plan(lago.organization("Acme"), "team", "60", fixed_charges=[FixedCharge("seats", "10")])
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection)
        load(connection, lago.rows)

    done = project.dbt("run", "--select", "stg_lago__fixed_charges")

    assert done.returncode == 0, done.stdout
    with psycopg.connect(project.dsn) as connection:
        found = connection.execute("select code from tidemill_core.stg_lago__fixed_charges")
        assert found.fetchall() == [("seats",)]
