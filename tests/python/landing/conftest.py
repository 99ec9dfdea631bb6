"""The sync engines, and fresh databases that they have migrated."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from conftest import EmbeddedPostgres
from tidemill_cli.demo.stripe.schema import Generation

from .engines import GENERATIONS, Engines, Landing, missing, running

NewLanding = Callable[[Generation], Landing]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    if reason := missing():
        if os.environ.get("TIDEMILL_REQUIRE_NODE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def new_landing(
    engines: Engines, pg: EmbeddedPostgres, new_database: Callable[[], str]
) -> NewLanding:
    """Gives a fresh database that an engine of that generation has migrated."""
    migrated: dict[Generation, Landing] = {}

    def create(generation: Generation) -> Landing:
        if generation not in migrated:
            migrated[generation] = Landing(engines, generation, new_database())
            migrated[generation].migrate()
        # A copy takes a fraction of the time of migrating again.
        name = f"landing_{next(_numbers)}"
        original = str(conninfo_to_dict(migrated[generation].dsn)["dbname"])
        with psycopg.connect(pg.dsn(), autocommit=True) as session:
            session.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(original)
                )
            )
        return Landing(engines, generation, pg.dsn(name))

    return create


@pytest.fixture(params=GENERATIONS)
def landing(request: pytest.FixtureRequest, new_landing: NewLanding) -> Landing:
    """A landing of each generation."""
    return new_landing(request.param)


@pytest.fixture
def classic(new_landing: NewLanding) -> Landing:
    return new_landing("classic")


@pytest.fixture
def v1(new_landing: NewLanding) -> Landing:
    return new_landing("v1")
