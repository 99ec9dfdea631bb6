"""What the CLI checks before a run is what the models read."""

from __future__ import annotations

import re

from project import ROOT
from tidemill_cli import killbill_requirements as killbill
from tidemill_cli.demo.lago.schema import columns_at, subunits
from tidemill_cli.lago_requirements import OPTIONAL_COLUMNS, OPTIONAL_TABLES, REQUIRED

from .project_model import Manifest

Columns = dict[str, set[str]]


def declared(manifest: Manifest, engine: str, *, optional: bool) -> Columns:
    """Columns that the sources of an engine declare, by table."""
    found: Columns = {}
    for source in manifest.sources.values():
        if source["source_name"] != engine:
            continue
        table_is_optional = source["config"].get("meta", {}).get("optional", False)
        for name, column in source["columns"].items():
            meta = column.get("config", {}).get("meta") or column.get("meta") or {}
            if (table_is_optional or meta.get("optional", False)) == optional:
                found.setdefault(source["name"], set()).add(name)
    return found


def sets(columns: dict[str, tuple[str, ...]]) -> Columns:
    return {table: set(names) for table, names in columns.items()}


def test_the_sources_declare_what_every_release_must_have(manifest: Manifest) -> None:
    assert declared(manifest, "lago", optional=False) == sets(REQUIRED)
    assert declared(manifest, "killbill", optional=False) == sets(killbill.REQUIRED)


def test_the_sources_declare_what_some_releases_have(manifest: Manifest) -> None:
    optional = {**OPTIONAL_COLUMNS, **OPTIONAL_TABLES}
    assert declared(manifest, "lago", optional=True) == sets(optional)
    assert declared(manifest, "killbill", optional=True) == sets(killbill.OPTIONAL_COLUMNS)


def test_required_is_what_the_oldest_release_has() -> None:
    oldest = {table: {c.name for c in columns} for table, columns in columns_at("v1.26").items()}
    for table, columns in REQUIRED.items():
        assert set(columns) <= oldest[table], table
    for table, columns in OPTIONAL_COLUMNS.items():
        assert not set(columns) & oldest[table], table
    assert not set(OPTIONAL_TABLES) & set(oldest)


def test_every_optional_column_and_table_is_guarded_in_staging() -> None:
    files = (ROOT / "models" / "sources" / "lago").glob("stg_*.sql")
    sql = re.sub(r"\s+", " ", "\n".join(path.read_text() for path in files))
    for table, columns in OPTIONAL_COLUMNS.items():
        for column in columns:
            assert f"optional_column(source('lago', '{table}'), '{column}'" in sql
    for table, columns in OPTIONAL_TABLES.items():
        guard = re.search(rf"optional_relation\( ?source\('lago', '{table}'\), ?\{{(.*?)\}}", sql)
        assert guard, table
        assert set(re.findall(r"'(\w+)':", guard[1])) == set(columns), table


def test_every_optional_column_of_kill_bill_is_guarded_in_staging() -> None:
    files = (ROOT / "models" / "sources" / "killbill" / "staging").glob("stg_*.sql")
    sql = re.sub(r"\s+", " ", "\n".join(path.read_text() for path in files))
    for table, columns in killbill.OPTIONAL_COLUMNS.items():
        for column in columns:
            assert f"optional_column(source('killbill', '{table}'), '{column}'" in sql


def test_no_secret_of_kill_bill_is_declared(manifest: Manifest) -> None:
    found = declared(manifest, "killbill", optional=False)
    assert found["tenants"] == {"record_id", "id"}
    assert not found.keys() & {"payment_attempts", "payment_methods", "sessions", "users"}


def test_the_simulator_and_the_models_agree_on_minor_units() -> None:
    # The simulator has a table of its own, as Lago has; neither may drift from the other.
    seed = (ROOT / "seeds" / "lago" / "lago_currencies.csv").read_text().splitlines()[1:]
    assert dict(line.split(",") for line in seed) == {
        currency: str(units) for currency, units in subunits().items()
    }
