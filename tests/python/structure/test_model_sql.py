"""How a model's SQL is written, where a linter cannot look."""

from __future__ import annotations

import re

import pytest

from .project_model import Manifest, Model

MOST_LINES = 200
# What may follow `from` or `join` besides a CTE of the model and a piece of Jinja.
NOT_RELATIONS = {"lateral", "generate_series", "jinja"}
CTE = re.compile(r"^(\w+) as (?:not materialized )?\((?:\s|$)", re.MULTILINE)
FLOATS = re.compile(r"\b(double\s+precision|real|float[48]?)\b")
NOW = re.compile(
    r"\bnow\(\)|\b(current_date|current_time(stamp)?|local_?time(stamp)?)\b"
    r"|\b(clock|statement|transaction)_timestamp\b|\btimeofday\b"
)
OBSERVED_AT = "{{ run_instant() }} as observed_at"
# Lago itself keeps this one as a float; it is turned into whole seconds.
FLOAT_EXCEPTION = "trial_period"


def last_selects(model: Model) -> list[str]:
    """The select lists outside every CTE, with what comes before each."""
    sql = re.sub(r"\{#.*?#\}", "", model.raw_sql, flags=re.DOTALL)
    return re.findall(r"^select\b(.*?)^from\b", sql, flags=re.DOTALL | re.MULTILINE)


def relations(model: Model) -> set[str]:
    """Names that follow `from` or `join`."""
    sql = re.sub(r"\bextract\s*\(\s*\w+\s+from\b", "", model.plain_sql)
    sql = re.sub(r"\bdistinct\s+from\b", "", sql)
    joined = re.findall(r"\b(?:from|join)\s+([\w.\"]+)", sql)
    listed = re.findall(r"\bfrom\s+[\w.\"]+(?:\s+as\s+\w+)?\s*,\s*([\w.\"]+)", sql)
    return {*joined, *listed}


@pytest.fixture(scope="session")
def models(manifest: Manifest) -> list[Model]:
    return list(manifest.models.values())


def test_no_model_names_a_relation_itself(models: list[Model]) -> None:
    for model in models:
        ctes = set(CTE.findall(model.plain_sql))
        unknown = {
            name
            for name in relations(model) - ctes - NOT_RELATIONS
            if not name.startswith("pg_catalog.")
        }
        assert not unknown, f"{model.name} reads {', '.join(sorted(unknown))} without ref or source"


def test_no_macro_names_a_relation_of_the_project_or_an_engine(manifest: Manifest) -> None:
    for macro in manifest.macros.values():
        found = re.findall(
            r"\b(?:from|join)\s+(?!information_schema\.|pg_catalog\.)\"?\w+\"?\.\"?\w+",
            macro["macro_sql"],
        )
        assert not found, f"{macro['name']}: {found}"


def test_nothing_is_a_float(manifest: Manifest, models: list[Model]) -> None:
    for model in models:
        for line in model.plain_sql.splitlines():
            assert not FLOATS.search(line) or FLOAT_EXCEPTION in line, f"{model.name}: {line}"
    for macro in manifest.macros.values():
        assert not FLOATS.search(macro["macro_sql"]), macro["name"]
    for model in models:
        for name, data_type in model.shape:
            assert not FLOATS.search(data_type or ""), f"{model.name}.{name}"


def test_nothing_asks_the_database_for_the_time(manifest: Manifest, models: list[Model]) -> None:
    for model in models:
        assert not NOW.search(model.plain_sql), model.name
    for macro in manifest.macros.values():
        assert not NOW.search(macro["macro_sql"]), macro["name"]


def test_only_as_of_and_what_is_observed_know_when_the_run_began(models: list[Model]) -> None:
    for model in models:
        sql = model.raw_sql
        if model.name.startswith("stg_") or model.name == "definitions":
            sql = sql.replace(OBSERVED_AT, "")
        assert model.name == "as_of" or "run_instant" not in sql, model.name


def test_every_snapshot_reads_what_says_when_it_looked(manifest: Manifest) -> None:
    snapshots = [node for node in manifest.nodes.values() if node["resource_type"] == "snapshot"]
    assert snapshots
    for node in snapshots:
        (parent,) = node["depends_on"]["nodes"]
        assert OBSERVED_AT in manifest.models[parent].raw_sql, node["name"]


def test_the_last_select_names_every_column(models: list[Model]) -> None:
    for model in models:
        selects = last_selects(model)
        made = ("union_sources(", "with_rows_of_segments(")
        assert selects or any(one in model.raw_sql for one in made), model.name
        for columns in selects:
            stars = re.findall(r"(?:^|,)\s*(?:distinct\s+)?(?:\w+\.)?\*\s*(?:,|$)", columns)
            assert not stars, f"{model.name} ends in select *"


def test_the_last_select_lists_the_columns_of_the_contract_in_order(
    manifest: Manifest,
) -> None:
    for model in [*manifest.surface, *manifest.layer("metrics")]:
        (columns,) = last_selects(model)
        listed = re.sub(r"--.*", "", columns)
        for name, _ in model.shape:
            # Each documented column is the end of an item, and comes after the one before it.
            found = re.search(rf"\b{name}\s*(?:,|\Z)", listed)
            assert found, f"{model.name}: {name} is missing or out of order"
            listed = listed[found.end() :]
        assert not listed.strip(), f"{model.name} has more columns than its contract"


def test_the_grain_stands_above_the_last_select(models: list[Model]) -> None:
    for model in models:
        last = (
            r"^-- one row\b[^\n]*\n(?:--[^\n]*\n)*"
            r"(?:select\b|\{\{ (?:union_sources|with_rows_of_segments)\()"
        )
        assert re.search(last, model.raw_sql, flags=re.MULTILINE), model.name


def test_a_model_fits_on_a_few_screens(models: list[Model]) -> None:
    for model in models:
        lines = len(model.raw_sql.splitlines())
        assert lines <= MOST_LINES, f"{model.name} has {lines} lines: split it"
