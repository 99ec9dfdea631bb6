"""The refresh of a build of surface rows, from where an engine's rows were made into facts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from psycopg.types.json import Jsonb

from .build import DEFAULTS, SurfaceBuild, published
from .edits import Step

BUILD = "tidemill_core"
Relations = dict[str, Counter[str]]
"""The rows of each relation, as text."""

NEEDS_WHOLE_BUILD = "TM001"
MADE = """
{{ _create_notes('"tidemill_core"') }}
{{ _create_recipes('"tidemill_core"') }}
{{ create_refresh('"tidemill_core"') }}
"""
RECIPE = f"""
insert into {BUILD}.refresh_recipes
select * from jsonb_populate_record(null::{BUILD}.refresh_recipes, %s)
"""
STATE = f"""
insert into {BUILD}.refresh_state (is_whole, begun_at, begun_xid, next_turn)
select false, now(), pg_snapshot_xmin(pg_current_snapshot()), 0;
insert into {BUILD}.refresh_sources (
    source, name, relation, columns, is_shared, concerns, found_columns, seen_pages, next_page
)
values ('inputs', 'segments', 'tidemill_inputs.segments', '{{}}', true, '[]', '{{}}', 0, 0)
"""
CHANGED = """
create temporary table changed (name text primary key) on commit drop;
create temporary table changed_shared (source text, name text) on commit drop
"""
CANDIDATES = f"""
create temporary table candidates on commit drop as
select *
from unnest(%s::text[], %s::text[]) as named (source, id)
union
select billing_source, customer_id
from {BUILD}.refresh_due
where due_at <= %s
"""


class Refreshing:
    """A build in whose session there is also what a run of dbt leaves for refreshes."""

    def __init__(
        self, build: SurfaceBuild, manifest: Mapping[str, Any], made: str, days_ahead: Sequence[int]
    ) -> None:
        """Take what dbt says of the models, and of what is made for refreshes."""
        self._build = build
        self._connection = build.connection
        self._connection.execute(made)
        self._connection.execute(STATE)
        self._stored: list[str] = []
        for step, recipe in enumerate(_recipes(build, manifest, days_ahead), 1):
            self._connection.execute(RECIPE, [Jsonb({"step": step, **recipe})])
            if not recipe["is_view"] or ".metric_" in recipe["relation"].replace('"', ""):
                self._stored.append(recipe["relation"])

    def begin(self, now: datetime) -> None:
        """Note what is noted when a whole build has ended."""
        self._connection.execute(f"call {BUILD}.begin_refreshing(%s)", [now])

    def refresh(self, step: Step) -> None:
        """Do what `refresh` does from the facts on; who is due is a candidate, too."""
        execute = self._connection.execute
        execute(CHANGED)
        inputs = {"fx_rates": published(step.example.rates), "spend": step.example.spend}
        for name in step.changed_inputs:
            execute(f"delete from tidemill_inputs.{name}")
            self._build.load(f"tidemill_inputs.{name}", inputs[name])
            execute("insert into changed_shared values ('inputs', %s)", [name])
        sources = [source for source, _ in step.candidates]
        execute(CANDIDATES, [sources, [name for _, name in step.candidates], step.now])
        facts = self._build.facts(step.example.surface)
        # Of an engine of which nobody is a candidate nothing is read.
        (found,) = execute("select array_agg(distinct source) from candidates").fetchall()
        read = {self._build.engine_of(source) for source in found[0] or ()}
        for engine, relation in product(read, DEFAULTS):
            name = f"{engine}__{relation}"
            execute(f"create temporary table next_{name} (like {BUILD}.{name}) on commit drop")
            self._build.load(f"next_{name}", facts[name])
        for procedure in ("find_touched", "apply_models", "keep_due", "check_tests"):
            execute(f"call {BUILD}.{procedure}(%s)", [step.now])
        # As if the transaction ended.
        execute("discard temp")

    def read(self) -> Relations:
        """All that is stored, and the metrics."""
        selects = [
            f"select {number} as relation, r::text as said from {name} as r"
            for number, name in enumerate(self._stored)
        ]
        relations: Relations = {name: Counter() for name in self._stored}
        for number, said in self._connection.execute(" union all ".join(selects)):
            relations[self._stored[number]][said] += 1
        return relations


def _recipes(
    build: SurfaceBuild, manifest: Mapping[str, Any], days_ahead: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """What `store_recipes` would write down, in the order in which the models depend."""
    nodes = manifest["nodes"]
    keys = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["columns"]
        for node in nodes.values()
        if node["resource_type"] == "test" and node["test_metadata"]["name"] == "is_unique_by"
    }
    models = [node for node in nodes.values() if node["resource_type"] == "model"]
    facts = sorted(node["name"] for node in models if "sources" in node["fqn"])
    for name in [*facts, *(model.name for model in build.models)]:
        key = f"model.tidemill.{name}"
        node = nodes[key]
        meta = node["config"]["meta"]
        is_fact = name in facts
        code = "" if is_fact else node["compiled_code"]
        yield {
            "name": name,
            "resource": "model",
            "relation": node["relation_name"],
            "is_view": "view" in node["config"]["materialized"],
            "is_source": is_fact,
            "is_fact": is_fact,
            "reads_instant": False,
            # Nothing here says what facts are made of.
            "kind": "customer" if is_fact else meta.get("refresh"),
            "customer_columns": meta.get(
                "customer_columns", ["billing_source", "tenant_id", "customer_id"]
            ),
            "unique_key": keys.get(key, []),
            "whole_with": meta.get("whole_with", []),
            "by_columns": meta.get("parts", []),
            "flows": meta.get("flows", {}),
            "largest": meta.get("largest", {}),
            "days_ahead": list(days_ahead) if "days_ahead" in meta else [],
            "check_columns": [],
            "severity": None,
            "needs": [
                parent.split(".")[2]
                for parent in node["depends_on"]["nodes"]
                if not parent.startswith("source.")
            ],
            "reads": [
                ".".join(parent.split(".")[2:])
                for parent in node["depends_on"]["nodes"]
                if parent.startswith("source.")
            ],
            "code": code.replace(build.as_of.isoformat(), "<now>"),
        }
