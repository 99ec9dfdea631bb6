"""What the demo prints when it is done."""

from __future__ import annotations

import shutil
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tidemill_cli.config import STATE_DIRECTORY, Connection
from tidemill_cli.console import table
from tidemill_cli.database.lookups import Lookups
from tidemill_cli.database.session import connect as open_session
from tidemill_cli.demo.engines import NAMES, Engine
from tidemill_cli.embedded import DemoServer
from tidemill_cli.lookup import metrics
from tidemill_cli.lookup.answer import Answer, look_up
from tidemill_cli.lookup.metrics import Metric
from tidemill_cli.lookup.question import Asked, question
from tidemill_cli.lookup.shown import last_day
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
    with open_session(connection, "tidemill demo") as session:
        lookups = Lookups(session, connection.schema)

        def answer(metric: Metric[Any], **words: Any) -> Answer[Any]:  # noqa: ANN401 - see Asked
            return look_up(lookups, question(metric, Asked(**words)))

        levels = answer(metrics.MRR)
        if not levels:
            return "No customer pays anything yet."
        latest = last_day(levels)
        customers = sum(row.customers for row in answer(metrics.CUSTOMERS))
        return "\n\n".join(
            [
                f"At the end of {latest}, {customers:,} customers pay.",
                _levels(levels, answer(metrics.ARR), answer(metrics.ARPA)),
                *_split(answer(metrics.MRR, by=["source"])),
                f"How MRR moved in {previous_month(latest):%B %Y}",
                _waterfall(answer(metrics.WATERFALL, as_of="last-month")),
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


def _levels(levels: Answer[Any], rates: Answer[Any], accounts: Answer[Any]) -> str:
    arr = {row.reporting_currency: row.arr_run_rate for row in rates}
    customers = {row.reporting_currency: row.customers for row in accounts}
    rows = [
        [
            row.reporting_currency,
            format_amount(row.mrr, row.reporting_currency),
            format_amount(arr.get(row.reporting_currency, Decimal(0)), row.reporting_currency),
            f"{customers.get(row.reporting_currency, 0):,}",
        ]
        for row in levels
    ]
    return table(["currency", "MRR", "ARR", "customers"], rows, numeric={1, 2, 3})


def _split(levels: Answer[Any]) -> list[str]:
    """MRR by what bills it, where more than one engine does."""
    if len({row.source for row in levels}) < 2:
        return []
    lines = [
        [
            row.reporting_currency,
            NAMES[row.source],
            format_amount(row.mrr, row.reporting_currency),
        ]
        for row in levels
    ]
    return [table(["currency", "billed with", "MRR"], lines, numeric={2})]


def _waterfall(by_currency: Answer[Any]) -> str:
    rows = [
        [
            label,
            *(format_amount(getattr(row, column), row.reporting_currency) for row in by_currency),
        ]
        for column, label in _LABELS.items()
        # Discounts have a row of their own where tidemill_discount_as_movement says so.
        if column != "discount_mrr" or any(row.discount_mrr for row in by_currency)
    ]
    headers = ["", *(row.reporting_currency for row in by_currency)]
    return table(headers, rows, numeric=set(range(1, len(headers))))
