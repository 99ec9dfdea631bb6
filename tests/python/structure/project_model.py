"""What the tests of the structure ask of dbt's manifest: models by layer, their SQL, their refs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

VIEWS = ("view", "in_place_view", "ephemeral")
# What a refresh asks of an engine, and no canonical model.
NOT_SURFACE = {"due"}


@dataclass(frozen=True)
class Model:
    """One model of the manifest."""

    node: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.node["name"])

    @property
    def path(self) -> Path:
        """Path of the file inside the project."""
        return Path(self.node["original_file_path"])

    @property
    def layer(self) -> str:
        """sources, canonical or metrics."""
        return self.path.parts[1]

    @property
    def engine(self) -> str | None:
        """The billing engine whose folder the model is in."""
        return self.path.parts[2] if self.layer == "sources" else None

    @property
    def is_surface(self) -> bool:
        return (
            self.engine is not None
            and self.name.startswith(f"{self.engine}__")
            and self.relation not in NOT_SURFACE
        )

    @property
    def relation(self) -> str:
        """The name without the engine."""
        return self.name.removeprefix(f"{self.engine}__")

    @property
    def parents(self) -> list[str]:
        """Ids of what it refers to."""
        return list(self.node["depends_on"]["nodes"])

    @property
    def raw_sql(self) -> str:
        return str(self.node["raw_code"])

    @cached_property
    def plain_sql(self) -> str:
        """Its SQL without comments, every piece of Jinja a word of its own."""
        text = re.sub(r"\{#.*?#\}", "", self.raw_sql, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{\{.*?\}\}", "jinja", text, flags=re.DOTALL)
        return re.sub(r"--.*", "", text)

    @property
    def shape(self) -> list[tuple[str, str | None]]:
        """Documented columns and their types, in order."""
        return [(name, column["data_type"]) for name, column in self.node["columns"].items()]


class Manifest:
    """The manifest, by what the tests ask."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.nodes: dict[str, dict[str, Any]] = manifest["nodes"]
        self.sources: dict[str, dict[str, Any]] = manifest["sources"]
        self.macros: dict[str, dict[str, Any]] = {
            name: macro
            for name, macro in manifest["macros"].items()
            if macro["package_name"] == "tidemill"
        }
        self.models: dict[str, Model] = {
            name: Model(node)
            for name, node in self.nodes.items()
            if node["resource_type"] == "model"
        }

    def layer(self, name: str) -> list[Model]:
        return [model for model in self.models.values() if model.layer == name]

    @property
    def surface(self) -> list[Model]:
        return [model for model in self.models.values() if model.is_surface]

    @property
    def engines(self) -> set[str]:
        return {model.engine for model in self.models.values() if model.engine}

    def view_chain(self, model: Model) -> int:
        """How many views a reader of the model goes through before the first table."""
        if model.node["config"]["materialized"] not in VIEWS:
            return 0
        parents = [self.models[name] for name in model.parents if name in self.models]
        return 1 + max(map(self.view_chain, parents), default=0)

    def tests_of(self, model: Model) -> list[tuple[str, str]]:
        """The generic tests on a model or its columns: name and arguments."""
        return sorted(
            (
                node["test_metadata"]["name"],
                repr(
                    sorted(
                        item
                        for item in node["test_metadata"]["kwargs"].items()
                        if item[0] != "model"
                    )
                ),
            )
            for node in self.nodes.values()
            if node.get("attached_node") == model.node["unique_id"] and node.get("test_metadata")
        )
