"""A document is parsed once, whatever happens to the table that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.schema import create_schema

from .in_process import UNTESTED, InProcess, part_of_the_project
from .stripe_objects import MONTHLY, YEARLY, scenario

PARSED = ("stg_stripe__invoices", "stg_stripe__invoice_lines")
FOLDER = "models/sources/stripe"
FILES = (
    f"{FOLDER}/_stripe__sources.yml",
    *(f"{FOLDER}/staging/{name}.sql" for name in PARSED),
    "models/inputs/_inputs__sources.yml",
    "seeds/stripe/_stripe__seeds.yml",
    "seeds/stripe/stripe_currencies.csv",
)
BUILD = (*UNTESTED, "--select", "stripe_currencies", *PARSED)
STRIPE = {"tidemill_billing_sources": ["stripe"], "tidemill_max_row_loss": 1}
NAMES = "ABCDEFGH"

Rows = dict[str, list[tuple[Any, ...]]]


class Landing:
    """Invoices of some customers, and what is parsed of them."""

    def __init__(self, database: str, folder: Path) -> None:
        root = folder / "project"
        root.mkdir()
        self.project = InProcess(database, folder, root=part_of_the_project(root, *FILES))
        self.session = psycopg.connect(database, autocommit=True)
        create_schema(self.session, generation="v1")
        # In one transaction, as a backfill lands them: nothing but their place tells rows apart.
        with self.session.transaction():
            load(self.session, {"prices": [MONTHLY, YEARLY]}, generation="v1")
            for name in NAMES:
                load(self.session, scenario(name, "clover"), generation="v1")

    def build(self, *arguments: str) -> None:
        self.project.build(*BUILD, *arguments, variables=STRIPE)

    def do(self, statement: str) -> None:
        assert self.session.execute(statement).rowcount != 0, statement

    def parsed(self) -> Rows:
        """What is parsed, without where it came from."""
        return {
            name: self.session.execute(
                f"select (to_jsonb(parsed_rows) - 'row_version')::text as told"
                f" from tidemill_parsed.{name} as parsed_rows order by told"
            ).fetchall()
            for name in PARSED
        }

    def written(self) -> dict[str, set[str]]:
        """By whom each invoice's rows were written, one word per invoice and transaction."""
        return {
            name: {
                word
                for (word,) in self.session.execute(
                    f"select distinct invoice_id || ' ' || xmin from tidemill_parsed.{name}"
                )
            }
            for name in PARSED
        }


def invoices(written: set[str]) -> set[str]:
    return {word.split()[0] for word in written}


CHANGES = {
    "an edit": (
        "update stripe.invoices set _raw_data = jsonb_set(_raw_data, '{currency}', '\"eur\"')"
        " where id = 'in_B2'",
        {"in_B2"},
    ),
    "an edit that says the same": (
        "update stripe.invoices set _raw_data = _raw_data where id = 'in_C1'",
        {"in_C1"},
    ),
    "a deletion": ("delete from stripe.invoices where id in ('in_A1', 'in_D3')", set()),
    "a new invoice": (
        "insert into stripe.invoices (_raw_data, _account_id, _last_synced_at)"
        " select jsonb_set(_raw_data, '{id}', '\"in_new\"'), _account_id, _last_synced_at"
        " from stripe.invoices where id = 'in_E1'",
        {"in_new"},
    ),
}


def test_only_what_is_new_is_parsed(database: str, tmp_path: Path) -> None:
    landing = Landing(database, tmp_path)
    landing.build()
    before = landing.written()
    assert {name: len(invoices(words)) for name, words in before.items()} == {
        name: 4 * len(NAMES) for name in PARSED
    }
    landing.build()
    assert landing.written() == before

    for what, (statement, parsed) in CHANGES.items():
        landing.do(statement)
        landing.build()
        after = landing.written()
        for name in PARSED:
            assert invoices(after[name] - before[name]) == parsed, (what, name)
        before = after

    kept = landing.parsed()
    landing.build("--full-refresh")
    assert landing.parsed() == kept
    for name in PARSED:
        assert not landing.written()[name] & before[name]


@pytest.mark.slow
def test_a_table_that_is_written_anew_is_parsed_anew(database: str, tmp_path: Path) -> None:
    landing = Landing(database, tmp_path)
    landing.build()
    # The rows behind move up, each to where another one was.
    landing.do("delete from stripe.invoices where id = 'in_A1'")
    landing.session.execute("vacuum full stripe.invoices")
    landing.build()
    moved = landing.parsed()
    landing.build("--full-refresh")
    assert landing.parsed() == moved
    assert "in_A1" not in str(moved)
    assert "in_H4" in str(moved)

    landing.session.execute("truncate stripe.invoices")
    landing.build()
    assert landing.parsed() == {name: [] for name in PARSED}
