"""The engine's own rows behind a number, with the columns that are read of them."""

from __future__ import annotations

from collections.abc import Iterable

from tidemill_cli.database.evidence import Evidence
from tidemill_cli.explain.explanation import Step

_LONGEST = 120


def billing_step(evidence: Evidence, source: str, source_rows: Iterable[str]) -> list[Step]:
    """The rows, or only their names where this user may not read them."""
    names = list(dict.fromkeys(name for words in source_rows for name in words.split(", ")))
    if not names:
        return []
    found = evidence.billing_rows(source, names)
    if not found:
        lines = [*names, "Who may read the billing tables sees here what is in these rows."]
        return [Step(f"Rows of {source}", lines)]
    lines = []
    rows = []
    for table, row_id, row in found:
        lines.append(f"{table}:{row_id}")
        known = {name: value for name, value in row.items() if value is not None}
        lines += [f"    {name} = {_shown(value)}" for name, value in known.items()]
        rows.append({"table": table, "id": row_id, "columns": known})
    return [Step(f"Rows of {source}, and the columns that are read of them", lines, rows)]


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
