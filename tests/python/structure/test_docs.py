"""What the pages say there is, is what there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jinja2 import Environment

from project import ROOT

PARTS = ["Formula", "Options", "Example", "Edges"]
METRICS = {path.stem for path in (ROOT / "models" / "metrics").glob("*.sql")}
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
BLOCKS = re.MULTILINE | re.DOTALL

Catalogue = tuple[list[dict[str, Any]], list[tuple[str, ...]]]


def page(name: str) -> str:
    return (ROOT / name).read_text()


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table, without headings."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line[:3] == "| `"]
    return [[cell.strip() for cell in row] for row in rows]


def sections(text: str) -> dict[str, str]:
    """What stands below each heading of the second level."""
    _, *found = re.split(r"^## ", text, flags=re.MULTILINE)
    return {title.strip(): body for title, _, body in (part.partition("\n") for part in found)}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The options, and the pairs of values that contradict each other, as the macros return."""
    returned: list[Any] = []
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals.update({"return": returned.append, "_instant_pattern": str})
    macros = environment.from_string(page("macros/options/option_catalogue.sql")).module
    for name in ("option_catalogue", "option_contradictions"):
        getattr(macros, name)()
    options, contradictions = returned
    return options, contradictions


def as_written(value: object) -> str:
    """A value as YAML has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return "null" if value is None else str(value)


def test_definitions_lists_every_option_as_the_catalogue_has_it(catalogue: Catalogue) -> None:
    listed, _, _ = page("docs/definitions.md").partition("## What is read")
    expected = {}
    for option in catalogue[0]:
        choices = ", ".join(option.get("choices", []))
        values = option.get("words") or ("a list of " if option.get("is_list") else "") + choices
        name, default = f"`tidemill_{option['name']}`", f"`{as_written(option['default'])}`"
        expected[name] = [default, values, option["effect"]]
    rows = table_rows(listed)
    assert {name: rest for name, *rest, _ in rows} == expected
    assert len(rows) == len(expected)
    assert all(what_changes for *_, what_changes in rows)


def test_definitions_lists_every_contradiction(catalogue: Catalogue) -> None:
    listed = sections(page("docs/definitions.md"))["What contradicts itself"]
    expected = [
        f"- `{one}: {value}` with `{other}: {other_value}`: {why}."
        for one, value, other, other_value, why in catalogue[1]
    ]
    *bullets, fx_mode = re.sub(r"\n +", " ", listed).strip().splitlines()
    assert bullets == expected
    # This one is of one value with several others.
    assert fx_mode.startswith("- `fx_mode` other than `daily` with `reporting_currency: null`")


def test_definitions_lists_the_other_vars_with_their_defaults(catalogue: Catalogue) -> None:
    options = {f"tidemill_{option['name']}" for option in catalogue[0]}
    declared = yaml.safe_load(page("dbt_project.yml"))["vars"]
    listed = table_rows(sections(page("docs/definitions.md"))["What is read, and when"])
    assert {name.strip("`"): default.strip("`") for name, default, _ in listed} == {
        name: as_written(value) for name, value in declared.items() if name not in options
    }


def test_every_metric_has_a_section_of_one_shape() -> None:
    found = sections(page("docs/metrics.md"))
    found.pop("What all of them share")
    assert {title.strip("`") for title in found} == METRICS
    for title, body in found.items():
        assert body.lstrip().partition("\n")[0].endswith("?"), title
        parts = re.findall(r"^- \*\*(\w+)\.\*\*", body, flags=re.MULTILINE)
        assert parts in (PARTS, [*PARTS, "Elsewhere"]), title


def test_every_option_is_named_with_a_metric_that_it_changes(catalogue: Catalogue) -> None:
    parts = re.findall(r"^- \*\*Options\.\*\*.*?(?=^- \*\*)", page("docs/metrics.md"), BLOCKS)
    named = {name for part in parts for name in re.findall(r"`(\w+)`", part)}
    assert {option["name"] for option in catalogue[0]} - named == set()


def test_the_readme_lists_every_metric() -> None:
    listed = [
        name.strip("`") for name, *_ in table_rows(sections(page("README.md"))["What you can read"])
    ]
    assert set(listed) == METRICS
    assert len(listed) == len(METRICS)


def test_every_link_between_pages_leads_somewhere() -> None:
    for source in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target, anchor in LINK.findall(source.read_text()):
            file = (source.parent / target).resolve() if target else source
            assert file.exists(), f"{source.name}: {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", file.read_text(), flags=re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
                assert anchor in anchors, f"{source.name}: {target}#{anchor}"
