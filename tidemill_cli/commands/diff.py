"""`tidemill diff`: what one build changed against another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate, table
from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from tidemill_cli.database.difference import Difference, LargestChange
    from tidemill_cli.database.session import Session


_WIDTH = 100  # of the last column


def diff(
    before: Annotated[
        str | None,
        typer.Argument(metavar="BEFORE", help="[default: the build before AFTER]"),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="[default: the newest build]")
    ] = None,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Per metric: the rows that one build added, removed and changed, and the largest change.

    Also of a build that failed its tests and was not published.
    """
    from tidemill_cli.database.difference import difference
    from tidemill_cli.database.session import connect
    from tidemill_cli.facade import public_relations

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill diff") as session:
        old, new = _choose(session, connection.schema, before, after)
        metrics = [
            {relation.name for relation in public_relations(session, build)} for build in (old, new)
        ]
        narrate(f"From build {old} to {new}")
        found = [
            difference(session, old, new, metric) for metric in sorted(metrics[0] & metrics[1])
        ]
    for metric in sorted(metrics[0] ^ metrics[1]):
        narrate(f"{metric} is only in {old if metric in metrics[0] else new}.")
    if as_json:
        emit_json({"before": old, "after": new, "metrics": [_document(one) for one in found]})
    else:
        emit(_table(found))


def _choose(
    session: Session, schema: str, before: str | None, after: str | None
) -> tuple[str, str]:
    from tidemill_cli.builds import kept_builds

    names = [one.build for one in kept_builds(session, schema)]
    for wanted in (before, after):
        if wanted is not None and wanted not in names:
            raise TidemillError(
                f"there is no build {wanted} in schema {schema}: "
                f"{', '.join(names) or 'none'} {'is' if len(names) < 2 else 'are'} kept."
            )
    new = after or next((name for name in names if name != before), None)
    earlier = names[names.index(new) + 1 :] if new else []
    old = before or next(iter(earlier), None)
    if old is None or new is None:
        raise TidemillError(
            f"two builds are needed, and {len(names)} {'is' if len(names) == 1 else 'are'} kept "
            f"in schema {schema}: run `tidemill run` again."
        )
    return old, new


def _table(found: list[Difference]) -> str:
    headers = ["metric", "rows", "added", "removed", "changed", "largest change"]
    rows = []
    for one in found:
        numbers = (one.rows_after, one.added, one.removed, one.changed)
        rows.append([one.metric, *(f"{number:,}" for number in numbers), _remark(one)])
    return table(headers, rows, numeric={1, 2, 3, 4})


def _remark(one: Difference) -> str:
    parts = [f"new column {name}" for name in one.columns_added]
    parts += [f"no column {name}" for name in one.columns_removed]
    if one.largest:
        parts.append(_told(one.largest))
    text = "; ".join(parts)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _told(largest: LargestChange) -> str:
    where = ", ".join(
        str(value) for value in largest.row.values() if value not in (None, "all", True, False)
    )
    return f"{largest.column} {largest.change.normalize():+f} ({where})"


def _document(one: Difference) -> dict[str, Any]:
    largest = one.largest
    return {
        "metric": one.metric,
        "rows_before": one.rows_before,
        "rows_after": one.rows_after,
        "added": one.added,
        "removed": one.removed,
        "changed": one.changed,
        "columns_added": list(one.columns_added),
        "columns_removed": list(one.columns_removed),
        "largest_change": {
            "column": largest.column,
            "before": f"{largest.before:f}",
            "after": f"{largest.after:f}",
            "row": largest.row,
        }
        if largest
        else None,
    }
