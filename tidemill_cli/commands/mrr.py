"""`tidemill mrr`: what is MRR."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate, table
from tidemill_cli.database.metrics import DIMENSIONS, MetricReader, MrrRow
from tidemill_cli.database.session import connect
from tidemill_cli.errors import TidemillError
from tidemill_cli.money import format_amount
from tidemill_cli.periods import Grain, default_start, parse_day, parse_span
from tidemill_cli.suggest import did_you_mean


def mrr(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="MRR at the end of this day. [default: the latest]"
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="DIM[,DIM]", help=f"Split by {', '.join(DIMENSIONS)}."),
    ] = None,
    grain: Annotated[
        Grain | None, typer.Option("--grain", help="A series: one level per period.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First day or month of a series (2026-03)."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Last day or month of a series, included."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="DIM=VALUE[,…]", help="Only these, e.g. plan=pro."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Only what is billed in this currency.")
    ] = None,
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Monthly recurring revenue: one level, or a series with --grain.

    Amounts are in the reporting currency. Where there is none, or no rate, an amount stays in the
    currency it is billed in: currencies are never added up, each has rows of its own.
    """
    if as_json and as_csv:
        raise TidemillError("--json and --csv exclude each other: pass one.")
    if as_of and (grain or start or end):
        raise TidemillError(
            "--as-of asks for one level: drop it, or drop --grain, --from and --to."
        )
    dimensions = _dimensions(by or [])
    filters = _filters(where or [], currency)
    day = parse_day(as_of, "--as-of") if as_of else None
    spans = (
        parse_span(start, "--from") if start else None,
        parse_span(end, "--to") if end else None,
    )
    if spans[0] and spans[1] and spans[0][0] >= spans[1][1]:
        raise TidemillError(f"--from {start} is later than --to {end}: swap them.")
    if grain is None and (start or end):
        grain = Grain.MONTH

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill mrr") as session:
        reader = MetricReader(session, connection.schema)
        known = reader.days()
        rows: list[MrrRow] = []
        if known:
            first, stop = _window(grain, day, spans, known[1])
            rows = reader.mrr((grain or Grain.DAY).value, first, stop, dimensions, filters)
        if not rows:
            _explain_nothing(reader, filters, known)
    if any(row.several_tenants for row in rows):
        narrate("Added up over several tenants: --by tenant shows each.")
    if as_json:
        emit_json(_document(rows, grain, dimensions))
    elif as_csv:
        emit(_csv(rows, dimensions))
    elif rows:
        if grain is None:
            narrate(f"MRR at the end of {rows[0].period_start}")
        emit(_table(rows, grain, dimensions))


def _dimensions(words: Sequence[str]) -> list[str]:
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in DIMENSIONS:
            raise TidemillError(
                f"--by {name}: there is no such dimension; {did_you_mean(name, DIMENSIONS)}"
            )
    return list(dict.fromkeys(names))


def _filters(words: Sequence[str], currency: str | None) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for word in words:
        for condition in word.split(","):
            name, equals, value = (part.strip() for part in condition.partition("="))
            if not equals or not value:
                raise TidemillError(f"--where {condition} cannot be read: write it as plan=pro.")
            if name not in DIMENSIONS:
                raise TidemillError(
                    f"--where {name}: there is no such dimension; {did_you_mean(name, DIMENSIONS)}"
                )
            filters.setdefault(name, []).append(value)
    if currency:
        filters.setdefault("currency", []).append(currency)
    if "currency" in filters:
        filters["currency"] = [code.upper() for code in filters["currency"]]
    return filters


def _window(
    grain: Grain | None,
    day: date | None,
    spans: tuple[tuple[date, date] | None, tuple[date, date] | None],
    latest: date,
) -> tuple[date, date]:
    if grain is None:
        day = day or latest
        return day, day + timedelta(days=1)
    stop = spans[1][1] if spans[1] else latest + timedelta(days=1)
    return (spans[0][0] if spans[0] else default_start(grain, stop)), stop


def _explain_nothing(
    reader: MetricReader, filters: Mapping[str, Sequence[str]], known: tuple[date, date] | None
) -> None:
    """An empty answer is an answer, unless it comes from a value that does not exist."""
    if known is None:
        narrate("There is no MRR in this database yet.")
        return
    for name, values in filters.items():
        existing = reader.dimension_values(name)
        for value in values:
            if value not in existing:
                raise TidemillError(
                    f"there is no {name} {value} in the metrics: {did_you_mean(value, existing)}"
                )
    narrate(f"No MRR there: the numbers run from {known[0]} to {known[1]}.")


def _columns(grain: Grain | None, dimensions: Sequence[str]) -> list[str]:
    return [*([grain.value] if grain else []), *dimensions, "reporting_currency", "mrr"]


def _values(row: MrrRow) -> list[str]:
    return ["" if value is None else value for value in row.dimensions]


def _table(rows: Sequence[MrrRow], grain: Grain | None, dimensions: Sequence[str]) -> str:
    headers = _columns(grain, dimensions)
    cells = []
    for row in rows:
        period = [_period(row, grain)] if grain else []
        amount = format_amount(row.mrr, row.reporting_currency)
        cells.append([*period, *_values(row), row.reporting_currency, amount])
    return table([*headers[:-1], "MRR"], cells, numeric={len(headers) - 1})


def _period(row: MrrRow, grain: Grain) -> str:
    if grain is Grain.MONTH:
        text = f"{row.period_start:%Y-%m}"
    elif grain is Grain.QUARTER:
        text = f"{row.period_start:%Y}-Q{(row.period_start.month + 2) // 3}"
    elif grain is Grain.YEAR:
        text = f"{row.period_start:%Y}"
    else:
        text = row.period_start.isoformat()
    return text if row.is_complete else f"{text} so far"


def _csv(rows: Sequence[MrrRow], dimensions: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    split = _columns(None, dimensions)
    writer.writerow(["period_start", "period_end", "is_complete", *split])
    for row in rows:
        period = [row.period_start, row.period_end, str(row.is_complete).lower()]
        writer.writerow([*period, *_values(row), row.reporting_currency, f"{row.mrr:f}"])
    return text.getvalue().rstrip("\n")


def _document(
    rows: Sequence[MrrRow], grain: Grain | None, dimensions: Sequence[str]
) -> dict[str, object]:
    return {
        "metric": "mrr",
        "grain": (grain or Grain.DAY).value,
        "by": list(dimensions),
        "rows": [
            {
                "period_start": row.period_start.isoformat(),
                "period_end": row.period_end.isoformat(),
                "is_complete": row.is_complete,
                **dict(zip(dimensions, _values(row), strict=True)),
                "reporting_currency": row.reporting_currency,
                "mrr": f"{row.mrr:f}",
            }
            for row in rows
        ],
    }
