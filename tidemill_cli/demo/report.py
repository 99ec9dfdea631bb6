"""What the demo prints when it is done."""

from __future__ import annotations

import shutil
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tidemill_cli.config import STATE_DIRECTORY, Connection
from tidemill_cli.console import table
from tidemill_cli.database.metrics import WATERFALL, MetricReader
from tidemill_cli.database.session import connect
from tidemill_cli.demo.engines import NAMES, Engine
from tidemill_cli.embedded import DemoServer
from tidemill_cli.money import format_amount
from tidemill_cli.periods import previous_month
from tidemill_cli.project import BILLING_SOURCES

_LABELS = {
    "opening_mrr": "opening",
    "new_mrr": "+ new",
    "reactivation_mrr": "+ reactivation",
    "expansion_mrr": "+ expansion",
    "contraction_mrr": "- contraction",
    "churn_mrr": "- churn",
    "discount_mrr": "+ discount",
    "transfer_mrr": "+ transfer",
    "fx_mrr": "+ fx",
    "closing_mrr": "closing",
}


def headline_tables(connection: Connection) -> str:
    """MRR, ARR and customers on the latest day, and the last complete month's waterfall."""
    with connect(connection, "tidemill demo") as session:
        reader = MetricReader(session, connection.schema)
        days = reader.days()
        if days is None:
            return "No customer pays anything yet."
        latest = days[1]
        month = previous_month(latest)
        return "\n\n".join(
            [
                f"At the end of {latest}, {reader.customers(latest):,} customers pay.",
                _levels(reader, latest),
                *_split(reader, latest),
                f"How MRR moved in {month:%B %Y}",
                _waterfall(reader, month),
            ]
        )


def what_next(server: DemoServer, state_dir: Path, end: date, engine: Engine) -> str:
    """How to connect, what to try and how to stop."""
    where = "" if state_dir == STATE_DIRECTORY else f" --dir {state_dir}"
    dsn = "" if state_dir == STATE_DIRECTORY else f" --dsn '{server.dsn()}'"
    # A build reads Lago unless told otherwise.
    sources = ",".join(engine.schemas)
    source = "" if engine is Engine.LAGO else f" --vars '{BILLING_SOURCES}=[{sources}]'"
    if engine is Engine.ALL:
        source += f" --killbill-schema {engine.schemas['killbill']}"
    command = _command()
    month_end = end.replace(day=1) - timedelta(days=1)
    connect_by = f"{server.psql} -h {server.socket_dir} -p {server.port} -U postgres"
    return "\n".join(
        [
            "The server keeps running for a look around:",
            f"  {connect_by} {server.database}",
            f"  {server.dsn()}",
            f"Metrics are in schema tidemill, {engine.where}. Try:",
            f"  {command} mrr{dsn} --by plan",
            f"  {command} mrr{dsn} --grain month --currency USD",
            f"  {command} mrr{dsn} --as-of {month_end} --by country,interval --json",
            f"  {command} run{dsn}{source}",
            f"Stop it with: {command} demo --stop{where}",
        ]
    )


def _command() -> str:
    """The command as it can be typed here: a virtual environment may not be on the path."""
    called = Path(sys.argv[0])
    if called.name != "tidemill" or shutil.which("tidemill") == str(called.absolute()):
        return "tidemill"
    called = called.absolute()
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _levels(reader: MetricReader, day: date) -> str:
    arr = reader.arr_by_currency(day)
    customers = reader.customers_by_currency(day)
    rows = [
        [
            currency,
            format_amount(mrr, currency),
            format_amount(arr.get(currency, Decimal(0)), currency),
            f"{customers.get(currency, 0):,}",
        ]
        for currency, mrr in reader.mrr_on(day)
    ]
    return table(["currency", "MRR", "ARR", "customers"], rows, numeric={1, 2, 3})


def _split(reader: MetricReader, day: date) -> list[str]:
    """MRR by what bills it, where more than one engine does."""
    rows = reader.mrr("day", day, day + timedelta(days=1), by=["source"])
    if len({row.dimensions for row in rows}) < 2:
        return []
    lines = [
        [
            row.reporting_currency,
            NAMES[row.dimensions[0] or ""],
            format_amount(row.mrr, row.reporting_currency),
        ]
        for row in rows
    ]
    return [table(["currency", "billed with", "MRR"], lines, numeric={2})]


def _waterfall(reader: MetricReader, month: date) -> str:
    by_currency = reader.waterfall("month", month)
    rows = [
        [
            _LABELS[column],
            *(format_amount(amounts[column], currency) for currency, amounts in by_currency),
        ]
        for column in sorted(WATERFALL, key=list(_LABELS).index)
        # Discounts have a row of their own where tidemill_discount_as_movement says so.
        if column != "discount_mrr" or any(amounts[column] for _, amounts in by_currency)
    ]
    headers = ["", *(currency for currency, _ in by_currency)]
    return table(headers, rows, numeric=set(range(1, len(headers))))
