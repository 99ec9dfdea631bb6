"""What models and engines' tables say of themselves for a refresh is what it understands."""

from __future__ import annotations

import re
from typing import Any

from .project_model import VIEWS, Manifest

KINDS = {"customer", "growing", "kept", "shared", "sums", "whole"}
# Rows that are taken together, or with others.
TAKEN_TOGETHER = re.compile(r"\b(join|over|group by|distinct|count|sum|min|max|avg)\b")
EDGE = re.compile(r".* = (?P<table>[a-z_]+)\..+", re.DOTALL)


def tables(manifest: Manifest) -> dict[str, dict[str, dict[str, Any]]]:
    """What is said of each table, by engine."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for source in manifest.sources.values():
        if source["source_name"] != "inputs":
            engine = found.setdefault(source["source_name"], {})
            engine[source["name"]] = source["config"]["meta"]
    return found


def edges(said: dict[str, Any]) -> list[str]:
    concerns = said.get("concerns", [])
    return [] if isinstance(concerns, str) else list(concerns)


def test_every_table_says_whom_its_rows_concern(manifest: Manifest) -> None:
    for engine, listed in tables(manifest).items():
        for name, said in listed.items():
            knows = {"customer", "concerns"} & said.keys()
            assert knows, f"{engine}.{name} says neither customer nor concerns"
            for edge in edges(said):
                match = EDGE.fullmatch(edge)
                assert match, f"{engine}.{name}: {edge}"
                assert match["table"] in listed, f"{engine}.{name}: {edge}"


def test_each_engine_has_one_table_of_customers(manifest: Manifest) -> None:
    for engine, listed in tables(manifest).items():
        roots = [name for name, said in listed.items() if "customer" in said]
        assert len(roots) == 1, f"{engine}: {roots}"


def test_what_is_not_shared_leads_to_customers_in_no_circle(manifest: Manifest) -> None:
    for engine, listed in tables(manifest).items():
        leads = {name for name, said in listed.items() if "customer" in said}
        waiting = {
            name: {match["table"] for edge in edges(said) if (match := EDGE.fullmatch(edge))}
            for name, said in listed.items()
            if not said.get("shared") and name not in leads
        }
        while found := {name for name, needs in waiting.items() if needs - {name} <= leads}:
            leads |= found
            waiting = {name: needs for name, needs in waiting.items() if name not in found}
        assert not waiting, f"{engine}: {waiting} lead in a circle, or to a shared table"


def test_kinds_are_known_and_have_the_keys_they_need(manifest: Manifest) -> None:
    keyed = {
        node["attached_node"]
        for node in manifest.nodes.values()
        if (node.get("test_metadata") or {}).get("name") == "is_unique_by"
    }
    for key, node in manifest.nodes.items():
        kind = node["config"].get("meta", {}).get("refresh")
        kinds = {"rows"} if node["resource_type"] == "test" else KINDS
        assert kind is None or kind in kinds, f"{node['name']}: {kind}"
        if kind in {"kept", "sums"}:
            assert key in keyed, f"{node['name']} has no test is_unique_by"


def test_who_looks_at_each_row_for_itself_looks_at_nothing_else(manifest: Manifest) -> None:
    of_rows = [
        node
        for node in manifest.nodes.values()
        if node["resource_type"] == "test" and node["config"]["meta"].get("refresh") == "rows"
    ]
    assert of_rows
    for node in of_rows:
        assert len(node["depends_on"]["nodes"]) == 1, node["name"]
        told = re.sub(r"--.*", "", node["raw_code"])
        assert not TAKEN_TOGETHER.search(told), node["name"]


def test_models_with_parts_have_their_columns(manifest: Manifest) -> None:
    for model in manifest.models.values():
        parts = model.node["config"]["meta"].get("parts", [])
        assert set(parts) <= set(model.node["columns"]), model.name


def is_view(node: dict[str, Any] | None) -> bool:
    return node is not None and node["config"].get("materialized") in VIEWS


def test_flows_are_sums_by_a_day_that_the_model_reads(manifest: Manifest) -> None:
    flows = 0
    for model in manifest.models.values():
        for name, day in model.node["config"]["meta"].get("flows", {}).items():
            key = f"model.tidemill.{name}"
            views = [parent for parent in model.parents if is_view(manifest.nodes.get(parent))]
            behind = [parent for view in views for parent in manifest.models[view].parents]
            assert key in [*model.parents, *behind], f"{model.name}: {name}"
            assert day in manifest.nodes[key]["columns"], f"{model.name}: {name}.{day}"
            assert {"grain", "period_start"} <= set(model.node["columns"]), model.name
            flows += 1
    assert flows


def test_who_keeps_the_largest_of_each_part_says_by_what(manifest: Manifest) -> None:
    kept = 0
    for model in manifest.models.values():
        meta = model.node["config"]["meta"]
        if "largest" in meta:
            assert meta["largest"].keys() == {"column", "most"}, model.name
            assert meta["largest"]["column"] in model.node["columns"], model.name
            assert meta["parts"], model.name
            assert f"<= {meta['largest']['most']}" in model.raw_sql, model.name
            kept += 1
    assert kept
