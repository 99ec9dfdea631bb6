"""`tidemill fx`: the exchange rates that amounts are converted with."""

from __future__ import annotations

from typing import Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit_json, narrate

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def fx() -> None:
    """Exchange rates, for metrics in a reporting currency."""


@app.command()
def load(
    file: options.CsvFile,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="CODE",
            help="Currency that the rates are for one unit of. [default: the file's, else EUR]",
        ),
    ] = None,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Load exchange rates, for the next run to use.

    FILE is what the ECB publishes (eurofxref-hist.zip: a column Date and one per currency), or has
    the columns date, currency, rate and, if you like, base_currency. A rate is the units of the
    currency for one unit of the base. Rates of days that are there already are replaced; all of the
    file is loaded, or nothing.
    """
    from tidemill_cli.database.inputs import FX_RATES, write_rates
    from tidemill_cli.inputs import open_inputs
    from tidemill_cli.rates import read_rates

    rates = read_rates(file, base)
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with open_inputs(connection, "tidemill fx load") as session:
        written = write_rates(session, connection.inputs_schema, rates)
    table = f"{connection.inputs_schema}.{FX_RATES}"
    first, last = rates.days
    narrate(
        f"Loaded {len(rates.by_day):,} rates of {len(rates.currencies)} currencies for 1 "
        f"{rates.base} into {table}, from {first} to {last}: {written.new:,} new, "
        f"{written.replaced:,} replaced."
    )
    if as_json:
        emit_json(
            {
                "table": table,
                "base_currency": rates.base,
                "currencies": rates.currencies,
                "first_day": first.isoformat(),
                "last_day": last.isoformat(),
                "rows": len(rates.by_day),
                "new": written.new,
                "replaced": written.replaced,
            }
        )
