"""`tidemill spend load`: a file holds all the spend of its months."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill

Load = Callable[..., Result]


@pytest.fixture
def load(tidemill: Tidemill, database: str, tmp_path: Path) -> Load:
    """Runs `tidemill spend load` on a file of this text."""

    def run(text: str, *words: str) -> Result:
        path = tmp_path / "spend.csv"
        path.write_text(text)
        return tidemill("spend", "load", str(path), "--dsn", database, *words)

    return run


def rows(dsn: str) -> list[tuple[str, str | None, str, str, str | None]]:
    with psycopg.connect(dsn) as session:
        return session.execute(
            "select spend_date::text, tenant_id, currency, amount::text, note"
            " from tidemill_inputs.spend order by spend_date, tenant_id nulls first, amount"
        ).fetchall()


def test_rows_are_loaded_as_written(load: Load, database: str) -> None:
    result = load(
        "date,currency,amount,tenant_id,note\n"
        "2026-01-31,USD,50000.10,,\n"
        '2026-02-28,EUR,-20,acme,"refund, fair"\n',
        "--json",
    )

    assert result.exit_code == 0, result.stderr
    assert rows(database) == [
        ("2026-01-31", None, "USD", "50000.10", None),
        ("2026-02-28", "acme", "EUR", "-20", "refund, fair"),
    ]
    assert json.loads(result.stdout) == {
        "table": "tidemill_inputs.spend",
        "currencies": ["EUR", "USD"],
        "first_day": "2026-01-31",
        "last_day": "2026-02-28",
        "new": 2,
        "replaced": 0,
    }


def test_a_file_replaces_the_months_it_holds(load: Load, database: str) -> None:
    load("date,currency,amount\n2026-01-31,USD,1\n2026-02-01,USD,2\n2026-02-28,EUR,3\n")
    result = load("date,currency,amount\n2026-02-15,USD,4\n")

    assert result.stderr == (
        "Loaded 1 row of spend in USD into tidemill_inputs.spend, from 2026-02-15 to 2026-02-15, "
        "in place of 2.\n"
    )
    assert [row[3] for row in rows(database)] == ["1", "4"]


def test_a_file_of_one_tenant_leaves_the_others_alone(load: Load, database: str) -> None:
    load("date,currency,amount,tenant_id\n2026-01-01,USD,1,\n2026-01-01,USD,2,acme\n")
    load("date,currency,amount,tenant_id\n2026-01-09,USD,3,acme\n2026-01-09,USD,4,bolt\n")

    assert [row[3] for row in rows(database)] == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("date,amount\n", "line 1: the columns are date, amount: they must be date, currency, amo"),
        ("date,currency,amount,tenant\n", "(and tenant_id and note)."),
        ("date,currency,amount\n", "spend.csv holds no spend"),
        ("date,currency,amount\n2026-01-01,USD,abc\n", "line 2: amount 'abc' is not a number"),
        ("date,currency,amount\n2026-01-01,$,1\n", "line 2: currency '$' is not a currency code"),
        ("date,currency,amount\nJanuary,USD,1\n", "line 2: date 'January' is not a date"),
    ],
)
def test_a_wrong_file_is_one_sentence(load: Load, text: str, sentence: str) -> None:
    result = load(text)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr
