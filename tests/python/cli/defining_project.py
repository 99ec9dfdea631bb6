"""The copying project with the definitions of the real one, one of which its numbers depend on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from cli.copying_project import LEVELS, TABLES, write_copying_project
from project import ROOT

# Of no meaning here but that the amounts are multiplied by it.
OPTION = "ltv_window_months"
DEFAULT = 6
HOOKS = (
    "check_config",
    "check_stored_definitions",
    "create_inputs",
    "create_definitions_history",
)
# dbt reads every macro in each run, so only those that are used.
MACROS = (
    *("options", "materializations", "begin_reading.sql", "definitions_history.sql"),
    *("generate_schema_name.sql", "inputs.sql", "run_instant.sql", "source_sizes.sql"),
)
MRR = """
{{ config(materialized="view") }}
select *, '{{ definitions_hash() }}'::text as definitions_hash from {{ ref("levels") }}
"""
# Lasts between runs: what is parsed, and what is captured.
PARSED = """
{{ config(materialized="parsed_table", schema="parsed", meta={"parses": ["stub", "t0"]}) }}
with source_rows as (
    select t0.*, t0.ctid as row_id, {{ row_version("t0") }} as row_version
    from {{ source("stub", "t0") }} as t0
)
select amount, row_version from source_rows where {{ not_parsed_before() }}
"""
CAPTURED = """
{% snapshot captured %}
{{ config(unique_key="plan", strategy="check", check_cols=["mrr"]) }}
select plan, mrr from {{ ref("levels") }}
{% endsnapshot %}
"""


def write_defining_project(stub: Path) -> Path:
    """Add them to a stub project."""
    write_copying_project(stub)
    (stub / "macros" / "check_config.sql").unlink()
    for name in MACROS:
        source = ROOT / "macros" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, stub / "macros" / name)
    for name in ("canonical/definitions", "metrics/metric_definitions"):
        shutil.copy(ROOT / "models" / f"{name}.sql", stub / "models")
    levels = LEVELS.replace("amount::", f"(amount * {{{{ option('{OPTION}') }}}})::")
    (stub / "models" / "levels.sql").write_text(levels)
    (stub / "models" / "metric_mrr.sql").write_text(MRR)
    (stub / "models" / "parsed.sql").write_text(PARSED)
    (stub / "snapshots").mkdir()
    (stub / "snapshots" / "captured.sql").write_text(CAPTURED)
    project = stub / "dbt_project.yml"
    text = re.sub(r"^  tidemill_(?!billing).*\n", "", project.read_text(), flags=re.MULTILINE)
    declared = re.findall(
        r"^  tidemill_(?!billing).*\n", (ROOT / "dbt_project.yml").read_text(), re.MULTILINE
    )
    text = text.replace("vars:\n", f"vars:\n{''.join(declared)}")
    hooks = ", ".join(f'"{{{{ {hook}() }}}}"' for hook in HOOKS)
    text = re.sub(r"^on-run-start: .*$", f"on-run-start: [{hooks}]", text, flags=re.MULTILINE)
    project.write_text(text + "\nsnapshot-paths: [snapshots]\n")
    return stub


def mrr(option: int = DEFAULT, amount: int = 1) -> list[int]:
    """What metric_mrr says when the option has this value."""
    return [option * amount] * len(TABLES)
