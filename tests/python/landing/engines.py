"""Runs the sync engines' own code in Node, against a database of the test session."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from project import ROOT
from tidemill_cli.demo.stripe.schema import Generation

# Those of the simulator that have a package on npm to run.
GENERATIONS: tuple[Generation, ...] = ("classic", "v1")
SCHEMA = "stripe"
ACCOUNT = "acct_tests"

SCRIPTS = ROOT / "tests" / "stripe_landing"
_INSTALLED = ROOT / ".node"

Object = Mapping[str, Any]


def missing() -> str | None:
    """What keeps the engines from running, as a sentence."""
    node = shutil.which("node")
    version = "0" if node is None else _output(node, "--version").removeprefix("v")
    if int(version.split(".")[0]) < 20:
        return "The sync engines that land Stripe need Node 20 or newer."
    if not (_INSTALLED / ".installed").exists():
        return "The sync engines that land Stripe are not installed: `make landing` does it."
    return None


class Engines:
    """The running script; every call is one line to it, and one line back."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self._process = process
        self._log = log

    def ask(self, command: str, **arguments: object) -> list[str | None]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"the sync engines stopped: {self._log.read()}")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        answer: list[str | None] = reply["answer"] or []
        return answer


@contextmanager
def running() -> Iterator[Engines]:
    """Start the script, and stop it afterwards."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            ["node", str(SCRIPTS / "landing.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "NODE_PATH": str(_INSTALLED / "node_modules")},
        ) as process,
    ):
        # Leaving closes its stdin, and with that it ends.
        yield Engines(process, log)


@dataclass(frozen=True)
class Landing:
    """A database that one engine lands in."""

    engines: Engines
    generation: Generation
    dsn: str

    def migrate(self, *, sigma: bool = False) -> None:
        self._ask("migrate", openapi=str(SCRIPTS / "openapi.json"), sigma=sigma)

    def receive(self, *events: Object, account: str = ACCOUNT) -> list[str | None]:
        """Hand over webhooks; returns what each was refused with."""
        return self._ask("feed", account=account, events=events)

    def accept(self, *events: Object, account: str = ACCOUNT) -> None:
        """Hand over webhooks that must all be taken."""
        refused = [found for found in self.receive(*events, account=account) if found]
        assert not refused, refused

    def backfill(self, *objects: Object, account: str = ACCOUNT) -> None:
        """Store objects as if they had just been listed."""
        self._ask("backfill", account=account, objects=objects)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.dsn)

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """What a table holds, by id."""
        query = sql.SQL("select * from {}").format(sql.Identifier(SCHEMA, table))
        with self.connect() as conn, conn.cursor(row_factory=dict_row) as cursor:
            return {row["id"]: row for row in cursor.execute(query)}

    def row(self, table: str, identifier: str) -> dict[str, Any]:
        return self.rows(table)[identifier]

    def values(self, table: str, identifier: str, *columns: str) -> tuple[Any, ...]:
        row = self.row(table, identifier)
        return tuple(row[column] for column in columns)

    def _ask(self, command: str, **arguments: object) -> list[str | None]:
        return self.engines.ask(
            command, generation=self.generation, database=_url(self.dsn), **arguments
        )


def _url(dsn: str) -> str:
    """The DSN as Node's client of PostgreSQL reads it."""
    parts = conninfo_to_dict(dsn)
    place = urlencode({"host": parts["host"], "port": parts["port"]})
    return f"postgresql://{quote(str(parts['user']))}@/{quote(str(parts['dbname']))}?{place}"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def payload(row: Mapping[str, Any]) -> dict[str, Any]:
    """The object as v1 keeps it."""
    found: dict[str, Any] = row["_raw_data"]
    return found
