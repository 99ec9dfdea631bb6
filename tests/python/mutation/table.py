"""The table of mutants in docs/testing.md; `python -m mutation.table` in tests/python writes it."""

import re
from importlib import import_module
from pathlib import Path

from project import ROOT

from .mutants import Mutant

PAGE = ROOT / "docs" / "testing.md"
TABLE = re.compile(r"^\| model \| mistake \|.*\n(?:\|.*\n)*", re.MULTILINE)


def table() -> str:
    """Every mutant of this package, by the model that it changes."""
    modules = [path.stem for path in Path(__file__).parent.glob("*.py")]
    found = [
        mutant
        for name in modules
        if name not in ("__init__", "table") and not name.startswith("test_")
        for mutant in getattr(import_module(f"{__package__}.{name}"), "MUTANTS", ())
    ]
    rows = "".join(
        f"| `{mutant.model}` | {mutant.mistake} | {_noticed_by(mutant)} |\n"
        for mutant in sorted(found, key=lambda mutant: (mutant.model, mutant.mistake))
    )
    return f"| model | mistake | noticed by |\n|---|---|---|\n{rows}"


def _noticed_by(mutant: Mutant) -> str:
    """The relation that shows it over surfaces, and under which options; else histories do."""
    if not mutant.noticed_in:
        engines = {"stripe__": "Stripe", "killbill__": "Kill Bill"}
        found = (name for part, name in engines.items() if part in mutant.model)
        return f"{next(found, 'Lago')} histories"
    options = (
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in mutant.options.items()
    )
    return ", ".join([f"`{mutant.noticed_in}`", *options])


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text()))
