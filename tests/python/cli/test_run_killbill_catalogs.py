"""`tidemill run` parses the catalogs of Kill Bill where the server cannot, each of them once."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from killbill.books import Books
from killbill.catalog_xml import Phase, Plan, catalog
from tidemill_cli.demo.killbill.schema import create_schema

PLAN = Plan("gold", [Phase("EVERGREEN", "MONTHLY", {"USD": "10"})])
QUERY = "select problem, document #>> '{phases,0,plan_name}' from tidemill_parsed.killbill_catalogs"


@pytest.fixture
def killbill(levels: str) -> str:
    """A database with a catalog that is whole and one that is not."""
    books = Books()
    books.tenant()
    books.catalog(catalog(PLAN))
    books.catalog("<catalog><plans>")
    with psycopg.connect(levels) as connection:
        create_schema(connection)
        books.load(connection)
    return levels


def run(tidemill: Tidemill, dsn: str, stub: Path) -> Result:
    return tidemill(
        *("run", "--dsn", dsn, "--project-dir", str(stub)),
        *("--vars", "tidemill_billing_sources=[killbill]"),
    )


def test_new_catalogs_are_parsed_and_broken_ones_stop_nothing(
    tidemill: Tidemill, killbill: str, stub: Path
) -> None:
    first = run(tidemill, killbill, stub)
    again = run(tidemill, killbill, stub)
    with psycopg.connect(killbill) as connection:
        books = Books()
        books.numbers = iter(range(100, 200))
        books.catalog(catalog(PLAN, effective="2024-05-01"))
        books.load(connection)
    later = run(tidemill, killbill, stub)

    assert (first.exit_code, again.exit_code, later.exit_code) == (0, 0, 0), first.stderr
    assert "Parsed 2 catalogs of Kill Bill." in first.stderr
    assert "Parsed" not in again.stderr
    assert "Parsed 1 catalog of Kill Bill." in later.stderr
    with psycopg.connect(killbill) as connection:
        found = connection.execute(f"{QUERY} order by 1, 2").fetchall()
    assert found == [("not_well_formed", None), (None, "gold"), (None, "gold")]


@pytest.mark.slow
def test_it_reads_what_the_role_is_given_and_no_other_document(
    tidemill: Tidemill, killbill: str, stub: Path
) -> None:
    """The function of docs/sources/killbill.md comes before the table."""
    with psycopg.connect(killbill) as connection:
        connection.execute(
            "create schema tidemill_killbill;"
            " create function tidemill_killbill.catalogs() returns setof public.tenant_kvs"
            " language sql as $$ select * from public.tenant_kvs"
            " where tenant_key = 'CATALOG' and tenant_value like '%gold%' $$"
        )
    assert "Parsed 1 catalog of Kill Bill." in run(tidemill, killbill, stub).stderr


def test_other_engines_have_none(tidemill: Tidemill, killbill: str, stub: Path) -> None:
    result = tidemill("run", "--dsn", killbill, "--project-dir", str(stub))

    assert result.exit_code == 0, result.stderr
    assert "Parsed" not in result.stderr
    with psycopg.connect(killbill) as connection:
        assert connection.execute("select to_regnamespace('tidemill_parsed')").fetchone() == (None,)
