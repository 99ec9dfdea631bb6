"""The command line in a clean environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.stub_project import LEVELS, write_stub_project
from conftest import EmbeddedPostgres

Tidemill = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home and working directory, and no variable that names a database."""
    for name in list(os.environ):
        if name.startswith(("TIDEMILL_", "DBT_", "PG")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def tidemill() -> Tidemill:
    """Runs `tidemill` with these words."""
    from tidemill_cli.app import app

    def invoke(*words: str) -> Result:
        result = CliRunner().invoke(app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A small dbt project that publishes metric_mrr."""
    return write_stub_project(tmp_path / "stub")


@pytest.fixture
def levels(database: str) -> str:
    """A database with the table that the stub project reads."""
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(LEVELS)
    return database


@pytest.fixture(scope="session")
def locked_role(pg: EmbeddedPostgres) -> str:
    """A role that must show the password `open-sesame`."""
    role = "locked"
    with psycopg.connect(pg.dsn(), autocommit=True) as session:
        session.execute(f"create role {role} login password 'open-sesame'")
        hba = pg.pgdata / "pg_hba.conf"
        hba.write_text(f"local all {role} scram-sha-256\n{hba.read_text()}")
        session.execute("select pg_reload_conf()")
    return role
