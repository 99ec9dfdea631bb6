"""`tidemill export`: published relations as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import counted, emit_json, narrate
from tidemill_cli.errors import TidemillError
from tidemill_cli.export.formats import Format, check_format


def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RELATION", help="A published relation, with or without metric_, or ledger."
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="PATH",
            help="A file (mrr.csv, mrr.jsonl, mrr.parquet), or a folder, with / at its end, that "
            "gets a file per month.",
        ),
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", help="[default: by the file's name; of a folder csv]"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Only write months from this one on (2026-03, last-month, 3m); those that are "
            "there stay. Folders only.",
        ),
    ] = None,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Write a published relation to a file, or to a folder with a file per month.

    All rows are of one instant. A manifest beside the files has the rows and the SHA-256 of each;
    a file has its name when it is whole. What was interrupted goes on where it stopped, unless
    other numbers were published meanwhile: then every file is written again.
    """
    is_folder = to.endswith("/") or Path(to).is_dir()
    chosen = form or _format_of(to, is_folder)
    if since is not None and not is_folder:
        raise TidemillError("--since writes some months of a folder: end --to with /.")
    check_format(chosen)

    from tidemill_cli.database.exporting import find_relation
    from tidemill_cli.database.ledger import one_moment
    from tidemill_cli.database.lookups import Lookups
    from tidemill_cli.database.session import connect
    from tidemill_cli.export.exporting import Export
    from tidemill_cli.periods import parse_span

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill export") as session, one_moment(session):
        relation = find_relation(session, connection.schema, name)
        work = Export(session, connection.schema, relation, chosen, narrate)
        if is_folder:
            latest = Lookups(session, connection.schema).latest_day()
            first = parse_span(since, "--since", latest)[0].replace(day=1) if since else None
            manifest = work.to_folder(Path(to), first)
        else:
            manifest = work.to_file(Path(to))
    narrate(
        f"Wrote {counted(manifest.rows, 'row')} of {manifest.relation} in "
        f"{counted(len(manifest.files), 'file')} to {to}."
    )
    if as_json:
        emit_json({**vars(manifest), "files": [vars(part) for part in manifest.files]})


def _format_of(to: str, is_folder: bool) -> Format:
    if is_folder:
        return Format.CSV
    ending = Path(to).suffix.removeprefix(".").lower()
    try:
        return Format({"json": "jsonl", "ndjson": "jsonl"}.get(ending, ending))
    except ValueError:
        raise TidemillError(
            f"--to {to} does not say which format: end it with .csv, .jsonl or .parquet, or with / "
            "for a folder, or pass --format."
        ) from None
