"""Layers, contracts and names, over dbt's own manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from project import ROOT

from .project_model import Manifest, Model

PATTERNS = {
    "sources": r"(stg|int)_{engine}__[a-z_]+|{engine}__[a-z_]+",
    "canonical": r"(?!stg_|int_|metric_)[a-z]+(_[a-z]+)*",
    "metrics": r"metric_[a-z_]+|data_issues",
}
# What canonical makes of a surface relation has its name, but where that is the name of a metric.
CANONICAL_NAMES = {"data_issues": "source_issues"}
# The source of the tables that people fill: no engine's.
INPUTS = "inputs"
OPTION = re.compile(r"  (?P<name>\w+): +\S.*? {2,}# \S")


def names(models: list[Model]) -> list[str]:
    return [model.name for model in models]


def documented(manifest: Manifest) -> list[Model]:
    return [*manifest.surface, *manifest.layer("canonical"), *manifest.layer("metrics")]


def test_every_folder_of_an_engine_is_in_the_manifest(manifest: Manifest) -> None:
    folders = {folder.name for folder in (ROOT / "models" / "sources").iterdir()}
    assert manifest.engines == folders


def test_every_model_file_is_in_a_known_layer(manifest: Manifest) -> None:
    files = {path.stem for path in (ROOT / "models").rglob("*.sql")}
    assert files == set(names(list(manifest.models.values())))
    assert {model.layer for model in manifest.models.values()} == set(PATTERNS)


def test_names_follow_the_pattern_of_their_layer(manifest: Manifest) -> None:
    for model in manifest.models.values():
        pattern = PATTERNS[model.layer].replace("{engine}", model.engine or "")
        assert re.fullmatch(pattern, model.name), f"{model.path} is not named like its layer"


def test_only_staging_reads_the_engines_tables(manifest: Manifest) -> None:
    for model in manifest.models.values():
        for source in (name for name in model.parents if name in manifest.sources):
            owner = manifest.sources[source]["source_name"]
            if owner == INPUTS:
                assert model.layer == "canonical", f"{model.name} reads {source}"
                continue
            assert model.name.startswith(f"stg_{model.engine}__"), f"{model.name} reads {source}"
            assert owner == model.engine, f"{model.name} reads a table of {owner}"


def test_every_table_of_an_engine_that_is_declared_is_read(manifest: Manifest) -> None:
    read = {name for model in manifest.models.values() for name in model.parents}
    declared = {
        name for name, source in manifest.sources.items() if source["source_name"] != INPUTS
    }
    assert declared <= read


def test_an_engines_folder_refers_to_itself_only(manifest: Manifest) -> None:
    for model in manifest.layer("sources"):
        for parent in (manifest.nodes[name] for name in model.parents if name in manifest.nodes):
            folders = {"models": 2, "seeds": 1, "snapshots": 1}
            parts = parent["original_file_path"].split("/")
            assert parts[folders[parts[0]]] == model.engine, f"{model.name} -> {parent['name']}"


def test_staging_reads_tables_and_seeds_only(manifest: Manifest) -> None:
    for model in manifest.layer("sources"):
        if model.name.startswith("stg_"):
            assert not any(name in manifest.models for name in model.parents), model.name


def test_canonical_refers_to_surfaces_of_its_own_name_and_to_canonical(manifest: Manifest) -> None:
    for model in manifest.layer("canonical"):
        surfaces = set()
        for name in model.parents:
            if name in manifest.sources and manifest.sources[name]["source_name"] == INPUTS:
                continue
            if name in manifest.nodes and manifest.nodes[name]["resource_type"] == "seed":
                assert manifest.nodes[name]["group"] == "canonical", f"{model.name} -> {name}"
                continue
            assert name in manifest.models, f"{model.name} -> {name}"
            parent = manifest.models[name]
            assert parent.is_surface or parent.layer == "canonical", f"{model.name} -> {name}"
            if parent.is_surface:
                surfaces.add(parent.name)
        if surfaces:
            relations = {CANONICAL_NAMES.get(name.split("__")[1], "") for name in surfaces}
            relations |= {name.split("__")[1] for name in surfaces}
            assert model.name in relations
            assert len(surfaces) == len(manifest.engines)


def test_every_surface_relation_is_used_by_canonical(manifest: Manifest) -> None:
    canonical = set(names(manifest.layer("canonical")))
    relations = {model.relation for model in manifest.surface}
    assert {CANONICAL_NAMES.get(name, name) for name in relations} <= canonical


def test_metrics_refer_to_canonical_only(manifest: Manifest) -> None:
    for model in manifest.layer("metrics"):
        assert model.parents, f"{model.name} reads nothing"
        for name in model.parents:
            # A model or, for what has been in force, a snapshot.
            assert manifest.nodes[name]["group"] == "canonical", f"{model.name} -> {name}"


def test_every_metric_row_ends_with_the_definitions_it_was_made_under(manifest: Manifest) -> None:
    for model in manifest.layer("metrics"):
        assert model.shape[-1] == ("definitions_hash", "text"), model.name


def test_access_and_groups_are_those_of_the_layer(manifest: Manifest) -> None:
    for model in manifest.models.values():
        expected = {
            "sources": ("protected" if model.is_surface else "private", model.engine),
            "canonical": ("protected", "canonical"),
            "metrics": ("public", "metrics"),
        }[model.layer]
        found = (model.node["access"], model.node["group"])
        assert found == expected, f"{model.name}: {found}"


def test_surfaces_and_metrics_enforce_their_contract(manifest: Manifest) -> None:
    for model in [*manifest.surface, *manifest.layer("metrics")]:
        assert model.node["contract"]["enforced"], model.name


def test_what_is_read_from_an_engine_is_copied(manifest: Manifest) -> None:
    for model in manifest.layer("sources"):
        # Some copies last between runs.
        assert model.node["config"]["materialized"] in ("table", "parsed_table"), model.name


def test_every_description_begins_with_the_grain(manifest: Manifest) -> None:
    described = [node for node in manifest.nodes.values() if node["resource_type"] == "snapshot"]
    for node in [*described, *(model.node for model in manifest.models.values())]:
        assert re.match(r"One row\b.*\S", node["description"] or ""), f"{node['name']}: no grain"


def test_every_public_column_is_described(manifest: Manifest) -> None:
    for model in documented(manifest):
        assert model.node["columns"], model.name
        for name, column in model.node["columns"].items():
            assert column["description"].strip(), f"{model.name}.{name} is not described"


def test_every_column_of_a_contract_has_a_type(manifest: Manifest) -> None:
    for model in [*manifest.surface, *manifest.layer("metrics")]:
        for name, data_type in model.shape:
            assert data_type, f"{model.name}.{name} has no data_type"


def test_money_in_contracts_is_numeric_with_decimals_enough(manifest: Manifest) -> None:
    # Ten as billed, and times a rate of twelve exact in twenty-two.
    enough = {"numeric(28, 10)", "numeric(28, 12)", "numeric(38, 22)"}
    for model in documented(manifest):
        for name, data_type in model.shape:
            if data_type and data_type.startswith(("numeric", "decimal")):
                assert data_type in enough, f"{model.name}.{name}: {data_type}"


def surfaces_by_relation(manifest: Manifest) -> Iterator[tuple[str, list[Model]]]:
    for relation in sorted({model.relation for model in manifest.surface}):
        yield relation, [model for model in manifest.surface if model.relation == relation]


def test_every_source_supplies_the_same_surface(manifest: Manifest) -> None:
    for relation, models in surfaces_by_relation(manifest):
        assert {model.engine for model in models} == manifest.engines, relation
        for model in models:
            assert model.shape == models[0].shape, model.name
            assert manifest.tests_of(model) == manifest.tests_of(models[0]), model.name


def test_canonical_passes_on_every_column_of_the_surface(manifest: Manifest) -> None:
    canonical = {model.name: model for model in manifest.layer("canonical")}
    for relation, models in surfaces_by_relation(manifest):
        for model in models:
            columns = [name for name, _ in model.shape]
            union = canonical[CANONICAL_NAMES.get(relation, relation)]
            assert columns == list(union.node["columns"]), model.name


def test_no_reader_goes_through_more_than_three_views(manifest: Manifest) -> None:
    for model in manifest.models.values():
        assert manifest.view_chain(model) <= 3, model.name


def option_lines() -> list[str]:
    text = (ROOT / "dbt_project.yml").read_text()
    block = text.split("\nvars:\n")[1].split("\non-run-start:")[0]
    return [line for line in block.splitlines() if line.strip() and line.lstrip()[0] != "#"]


def test_every_option_is_prefixed_and_has_a_comment() -> None:
    lines = option_lines()
    assert lines
    for line in lines:
        option = OPTION.match(line)
        assert option, f"no comment: {line.strip()}"
        assert option["name"].startswith("tidemill_"), line.strip()


def test_options_are_those_that_are_read(manifest: Manifest) -> None:
    declared = {line.split(":")[0].strip() for line in option_lines()}
    folders = [ROOT / name for name in ("models", "macros", "snapshots")]
    files = [path for folder in folders for path in folder.rglob("*.*")]
    text = "\n".join(path.read_text() for path in files if path.suffix in (".sql", ".yml"))
    read = set(re.findall(r"\bvar\(\s*[\"'](tidemill_\w+\w)[\"'][,)]", text))
    read |= {
        f"tidemill_{name}"
        for name in re.findall(r"\boption(?:_list|_number)?\(\s*[\"'](\w+)[\"']", text)
    }
    assert read == declared


def test_the_options_are_those_of_the_catalogue_with_its_defaults(manifest: Manifest) -> None:
    catalogue = (ROOT / "macros" / "options" / "option_catalogue.sql").read_text()
    listed = re.findall(
        r'\{"name": "(\w+)", "default": (.+?), *(?:"is_list"|"choices"|"pattern"|\n)', catalogue
    )
    defaults = {f"tidemill_{name}": value.replace("none", "null") for name, value in listed}
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    places = {"lago_schema", "stripe_schema", "stripe_events_schema", "killbill_schema"}
    about_the_run = {"billing_sources", "as_of", "max_row_loss", *places}
    assert set(defaults) == set(declared) - {f"tidemill_{name}" for name in about_the_run}
    for name, value in defaults.items():
        assert option_text(yaml.safe_load(value)) == option_text(declared[name]), name


def option_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
