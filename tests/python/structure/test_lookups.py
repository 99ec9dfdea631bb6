"""What can be looked up is what is published, and what the command line says there is."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from project import ROOT
from tidemill_cli import app
from tidemill_cli.commands.examples import EXAMPLES
from tidemill_cli.lookup.metrics import DIMENSIONS, METRICS, Shape
from tidemill_cli.lookup.units import Unit

PERIODS = ["grain", "period_start", "period_end", "is_complete"]
OWNERS = ["billing_source", "tenant_id"]
SLICES = ["dimension", "dimension_value"]
# What is published besides: the same in the currency billed in.
LEFT_OUT = {"metric_mrr": {"native_mrr"}}
TYPES = {
    Unit.COUNT: {"bigint", "integer"},
    Unit.MONEY: {"numeric(28, 10)", "numeric(38, 22)"},
    Unit.SHARE: {"numeric(28, 10)"},
    Unit.NUMBER: {"numeric(28, 10)"},
    Unit.KEY: {"date", "integer", "bigint"},
    Unit.NAME: {"text"},
}


def contracts() -> dict[str, dict[str, str]]:
    """The columns of every published relation, with their types."""
    models: dict[str, dict[str, str]] = {}
    for path in (ROOT / "models" / "metrics").glob("*.yml"):
        for model in yaml.safe_load(Path(path).read_text())["models"]:
            models[model["name"]] = {one["name"]: one["data_type"] for one in model["columns"]}
    return models


@pytest.mark.parametrize("name", METRICS)
def test_a_row_has_the_columns_of_its_relation(name: str) -> None:
    metric = METRICS[name]
    published = contracts()[metric.relation]
    tuples = [one for one in DIMENSIONS.values() if one not in (*OWNERS, "segment")]
    expected = {
        *(PERIODS if metric.has_periods else []),
        *OWNERS,
        *(tuples if metric.shape is Shape.TUPLES else SLICES),
        *(["reporting_currency"] if metric.has_money else []),
        *metric.units,
        *LEFT_OUT.get(metric.relation, ()),
        "definitions_hash",
    }
    assert set(published) == expected
    for column, unit in metric.units.items():
        assert published[column] in TYPES[unit], column
    assert {*metric.shown, metric.headline} <= set(metric.units)


def leaves(command: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - typer's type is not public
    """The commands that do something, by what is typed."""
    commands = getattr(command, "commands", None)
    if commands is None:
        return {name: command}
    return {
        words: leaf
        for part in commands.values()
        for words, leaf in leaves(part, f"{name} {part.name}".strip()).items()
    }


def test_every_command_has_examples_that_it_understands() -> None:
    commands = leaves(typer.main.get_command(app.app), "")
    assert set(commands) == set(EXAMPLES)
    assert set(METRICS) < set(commands)
    for name, command in commands.items():
        for example in EXAMPLES[name]:
            words = shlex.split(example.removeprefix(name.removesuffix(" list")))
            command.make_context(name, words[1:] if words[:1] == ["list"] else words)
