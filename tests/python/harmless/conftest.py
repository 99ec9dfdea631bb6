"""A database with all engines in it, in which Tidemill is installed and idle."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from conftest import EmbeddedPostgres
from plain_dbt.in_process import UNTESTED, InProcess

from .landings import KILLBILL, LAGO, LANDINGS, STRIPE, tidemill

SOURCES = ["lago", "stripe", "killbill"]


class Installed(NamedTuple):
    """The database as its owner, the builder and the reader see it."""

    owner: str
    builder: str
    reader: str
    bare: str  # the same billing tables, and no Tidemill


@pytest.fixture(scope="package")
def installed(
    pg: EmbeddedPostgres,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    """A run has published in schema tidemill, and dbt alone in schema plain; nothing goes on."""
    owner, folder = new_database(), tmp_path_factory.mktemp("installed")
    with psycopg.connect(owner) as session:
        for landing in LANDINGS:
            landing.fill(session, 15)
    bare = _copy_of(pg, owner)
    suffix = secrets.token_hex(4)
    builder, reader = f"builder_{suffix}", f"reader_{suffix}"
    read = (*LAGO.words(), *KILLBILL.words(), *STRIPE["v1"].words())
    read += ("--vars", f"tidemill_billing_sources=[{','.join(SOURCES)}]")
    for landing in STRIPE.values():
        applied = tidemill(
            folder,
            *("init", "--apply", "--dsn", owner, "--role", builder, "--reader", reader),
            *read,
            *landing.words(),
        )
        assert applied.returncode == 0, applied.stderr
    with psycopg.connect(owner) as session:
        session.execute(sql.SQL("alter role {} login").format(sql.Identifier(reader)))
    as_builder = make_conninfo(owner, user=builder)

    run = tidemill(folder, "run", "--dsn", as_builder, *read)
    assert run.returncode == 0, run.stderr
    # All of the project, and what reads the other landing.
    for generation, select in (("v2", ()), ("classic", ("--select", "+stripe__*"))):
        InProcess(as_builder, folder, f"plain_{generation}").build(
            *UNTESTED,
            *select,
            variables={
                "tidemill_billing_sources": SOURCES,
                **LAGO.variables(),
                **KILLBILL.variables(),
                **STRIPE[generation].variables(),
            },
        )
    return Installed(owner, as_builder, make_conninfo(owner, user=reader), bare)


def _copy_of(pg: EmbeddedPostgres, dsn: str) -> str:
    """A copy of a database, whose objects have the same ids."""
    name = str(conninfo_to_dict(dsn)["dbname"])
    with psycopg.connect(pg.dsn(), autocommit=True) as session:
        session.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(f"{name}_bare"), sql.Identifier(name)
            )
        )
    return pg.dsn(f"{name}_bare")
