"""The billing tables of each engine, what Tidemill reads of them, and Tidemill beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import yaml

from project import ROOT
from tidemill_cli.demo.killbill.generate import generate_and_load as generate_killbill
from tidemill_cli.demo.lago.load import generate_and_load as generate_lago
from tidemill_cli.demo.stripe.generate import generate_and_load as generate_stripe
from tidemill_cli.stripe_requirements import BESIDE_PAYLOAD, PAYLOAD

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
Columns = Mapping[str, frozenset[str]]
Session = psycopg.Connection[Any]


@dataclass(frozen=True)
class Landing:
    """An engine's tables in a schema."""

    engine: str
    schema: str
    generation: str = ""

    def fill(self, session: Session, customers: int) -> None:
        """Create the tables, with the history of some customers."""
        history = (session, customers, 1, UNTIL, 1, self.schema)
        if self.engine == "lago":
            generate_lago(*history)
        elif self.engine == "killbill":
            generate_killbill(*history)
        else:
            generate_stripe(*history, generation=self.generation, events=True)  # type: ignore[arg-type]

    def words(self) -> tuple[str, ...]:
        """Name the schema to `tidemill`."""
        return (f"--{self.engine}-schema", self.schema)

    def variables(self) -> dict[str, str]:
        """Name the schema to dbt."""
        return {f"tidemill_{self.engine}_schema": self.schema}

    def declared(self) -> tuple[Columns, set[str]]:
        """The columns that the sources name of each table, and what may be missing."""
        path = ROOT / f"models/sources/{self.engine}/_{self.engine}__sources.yml"
        tables = [
            table
            for source in yaml.safe_load(path.read_text())["sources"]
            for table in source["tables"]
        ]
        columns = {
            table["name"]: frozenset(c["name"] for c in table["columns"]) for table in tables
        }
        optional = {table["name"] for table in tables if _is_optional(table)}
        for table in tables:
            optional |= {
                f"{table['name']}.{c['name']}" for c in table["columns"] if _is_optional(c)
            }
        return columns, optional

    def read(self, session: Session) -> Columns:
        """What there is of it in this database; of a table with Stripe's object that is enough."""
        rows = session.execute(
            """
            select pg_class.relname::text, pg_attribute.attname::text
            from pg_class
            inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
            where
                pg_class.relnamespace = to_regnamespace(%s)
                and pg_class.relkind in ('r', 'p')
                and pg_attribute.attnum > 0
                and not pg_attribute.attisdropped
            """,
            (self.schema,),
        ).fetchall()
        existing: dict[str, set[str]] = {}
        for table, column in rows:
            existing.setdefault(table, set()).add(column)
        declared, _ = self.declared()
        read = {}
        for table, columns in declared.items():
            there = columns & existing.get(table, set())
            if there:
                is_object = PAYLOAD in there
                read[table] = there & {PAYLOAD, *BESIDE_PAYLOAD} if is_object else there
        return read


LAGO = Landing("lago", "public")
KILLBILL = Landing("killbill", "killbill")
STRIPE = {name: Landing("stripe", f"stripe_{name}", name) for name in ("v1", "classic", "v2")}
LANDINGS = (LAGO, KILLBILL, *STRIPE.values())


def _is_optional(declared: Mapping[str, Any]) -> bool:
    return bool(declared.get("config", {}).get("meta", {}).get("optional"))


def tidemill(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command, in a folder that it may write to."""
    return subprocess.run(
        [sys.executable, "-m", "tidemill_cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
