"""One embedded PostgreSQL for the whole test session, and fresh databases on it."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from servers import MAJOR_VARIABLE, chosen, running
from tidemill_cli.embedded import load_package

# A history takes its time, and may be long. `make test` looks at the same ones every time.
_CHECKS = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.function_scoped_fixture,
)
settings.register_profile(
    "quick", max_examples=25, derandomize=True, deadline=None, suppress_health_check=_CHECKS
)
settings.register_profile(
    "thorough", max_examples=250, deadline=None, suppress_health_check=_CHECKS
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Whatever began this process in the background had it ignore Ctrl-C, and with it each command that
# is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing here has to survive a crash.
_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server, reached through its socket as a superuser."""

    socket_dir: str
    port: int
    pgdata: Path

    def dsn(self, database: str = "postgres", **parameters: str) -> str:
        return make_conninfo(
            **{
                "host": self.socket_dir,
                "port": str(self.port),
                "user": "postgres",
                "dbname": database,
                **parameters,
            }
        )


@pytest.fixture(scope="session")
def pg() -> Iterator[EmbeddedPostgres]:
    """The newest embedded server, or the installed one of the major that a variable names."""
    with _other_server() if os.environ.get(MAJOR_VARIABLE) else _embedded_server() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as session:
            for setting in _FAST:
                session.execute(f"alter system set {setting}")
            session.execute("select pg_reload_conf()")
        yield server


@contextmanager
def _embedded_server() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own tmp_path: a socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="tidemill-test-", ignore_cleanup_errors=True) as parent:
        server = load_package().get_server(Path(parent) / "pg", cleanup_mode="delete")
        postmaster = server.get_postmaster_info()
        yield EmbeddedPostgres(str(postmaster.socket_dir), postmaster.port or 5432, server.pgdata)
        server.cleanup()


@contextmanager
def _other_server() -> Iterator[EmbeddedPostgres]:
    with running(chosen()) as server:
        yield EmbeddedPostgres(str(server.folder), 5432, server.folder / "data")


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_database(pg: EmbeddedPostgres) -> Callable[[], str]:
    """Creates a fresh database each time it is called, and returns its DSN."""

    def create() -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(pg.dsn(), autocommit=True) as session:
            session.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return pg.dsn(name)

    return create


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The DSN of a fresh database."""
    return new_database()


@pytest.fixture(scope="session")
def reader(pg: EmbeddedPostgres) -> str:
    """A role that was granted nothing."""
    role = "reader"
    with psycopg.connect(pg.dsn(), autocommit=True) as session:
        session.execute(f"create role {role} login")
    return role
