"""The table of mutants in docs/testing.md; `python -m mutation.table` in tests/python writes it."""

import re
from importlib import import_module
from pathlib import Path

from project import ROOT

PAGE = ROOT / "docs" / "testing.md"
TABLE = re.compile(r"^\| model \| mistake \|\n(?:\|.*\n)*", re.MULTILINE)


def table() -> str:
    """Every mutant of this package, by the model that it changes."""
    modules = [path.stem for path in Path(__file__).parent.glob("*.py")]
    found = {
        (mutant.model, mutant.mistake)
        for name in modules
        if name not in ("__init__", "table") and not name.startswith("test_")
        for mutant in getattr(import_module(f"{__package__}.{name}"), "MUTANTS", ())
    }
    rows = "".join(f"| `{model}` | {mistake} |\n" for model, mistake in sorted(found))
    return f"| model | mistake |\n|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text()))
