"""Metric rows name the definitions they were made under, and all that ever were are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tidemill_cli.demo.lago.schema import create_schema

from .in_process import InProcess

SELECTION = ("--select", "definitions+", "the_set_in_force_is_in_the_history")


def sets(dsn: str) -> list[tuple[Any, ...]]:
    """Every set in order: its hash, the value of one option, and whether it is in force."""
    query = """
        select definitions_hash, value, in_force_to is null
        from tidemill.metric_definitions
        where option = 'mrr_discounts'
        order by in_force_from
    """
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_a_set_of_definitions_that_returns_has_rows_of_its_own(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        create_schema(connection)
    project = InProcess(dsn, tmp_path)
    for discounts in ("recurring", "recurring", "none", "recurring"):
        project.build(*SELECTION, variables={"tidemill_mrr_discounts": discounts})
    (first, *_), (second, *_), (third, *_) = found = sets(dsn)
    assert [row[1:] for row in found] == [
        ("recurring", False),
        ("none", False),
        ("recurring", True),
    ]
    assert first == third != second
