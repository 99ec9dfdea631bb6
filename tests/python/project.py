"""Runs the dbt project against a test database, as a user's scheduler would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Model:
    """A model as dbt compiled it: a view, or a table that is filled with what it says."""

    name: str
    relation: str
    is_view: bool
    code: str
    # The models it is built on, directly or not.
    ancestors: frozenset[str]

    @property
    def creation(self) -> str:
        """Make it, without rows; a view that is there already says this from now on."""
        if self.is_view:
            return f"create or replace view {self.relation} as {self.code}"
        return f"create table {self.relation} as {self.code} with no data"

    @property
    def filling(self) -> str:
        """Fill the table."""
        return f"insert into {self.relation} {self.code}"


def fillings(models: Iterable[Model], names: Collection[str] | None = None) -> list[str]:
    """What fills the tables of models, or those that the named ones are built on."""
    models = list(models)
    needed = {one.name for one in models} if names is None else set(names)
    for model in models:
        if names is not None and model.name in names:
            needed |= model.ancestors
    return [model.filling for model in models if model.name in needed and not model.is_view]


@dataclass(frozen=True)
class Project:
    """The checkout's dbt project with a profile for one database; results go to a folder."""

    dsn: str
    folder: Path
    schema: str = "tidemill"

    def dbt(
        self, *arguments: str, variables: dict[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one dbt command and return what it printed."""
        self._write_profile()
        command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
        command += ["--project-dir", str(ROOT), "--profiles-dir", str(self.folder)]
        command += ["--vars", json.dumps(variables or {})]
        return subprocess.run(
            command,
            env={
                **os.environ,
                "DBT_TARGET_PATH": str(self.folder / "target"),
                "DBT_LOG_PATH": str(self.folder / "logs"),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *arguments: str, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Run `dbt build`, and fail with its output when it does."""
        done = self.dbt("build", *arguments, **options)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr

    def manifest(self) -> dict[str, Any]:
        """The manifest of the last command."""
        result: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text())
        return result

    def models(self) -> list[Model]:
        """The models that were compiled, in the order in which they depend."""
        nodes = self.manifest()["nodes"]
        parents = {name: node["depends_on"].get("nodes", ()) for name, node in nodes.items()}
        models: dict[str, Model] = {}
        for key in TopologicalSorter(parents).static_order():
            node = nodes.get(key, {})
            if node.get("resource_type") == "model" and node.get("compiled_code"):
                known = [models[parent] for parent in parents[key] if parent in models]
                models[key] = Model(
                    node["name"],
                    node["relation_name"],
                    "view" in node["config"]["materialized"],
                    node["compiled_code"],
                    frozenset().union(*({one.name, *one.ancestors} for one in known)),
                )
        return list(models.values())

    def refreshes(self) -> list[str]:
        """What fills every table, in the order in which they depend."""
        return fillings(self.models())

    def _write_profile(self) -> None:
        parts = conninfo_to_dict(self.dsn)
        output = {
            "type": "postgres",
            "host": parts["host"],
            "port": int(parts.get("port", 5432)),
            "user": parts["user"],
            "password": parts.get("password", "unused"),
            "dbname": parts["dbname"],
            "schema": self.schema,
            "threads": 4,
        }
        profile = {"tidemill": {"target": "test", "outputs": {"test": output}}}
        # JSON is YAML too.
        (self.folder / "profiles.yml").write_text(json.dumps(profile))
