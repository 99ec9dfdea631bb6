"""`tidemill spend`: what winning customers cost."""

from __future__ import annotations

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit_json, narrate

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def spend() -> None:
    """Spend on sales and marketing, for the cost of a new customer."""


@app.command()
def load(
    file: options.CsvFile,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Load spend on sales and marketing, for the next run to use.

    FILE has the columns date, currency, amount and, if you like, tenant_id and note; a row without
    a tenant_id is spend for all tenants. The file takes the place of everything that was loaded for
    its months: of each tenant (or of no tenant) that it names in a month, it must hold all the
    spend of that month. All of it is loaded, or nothing.
    """
    from tidemill_cli.database.inputs import SPEND, write_spend
    from tidemill_cli.inputs import open_inputs
    from tidemill_cli.spend import read_spend

    rows = read_spend(file)
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with open_inputs(connection, "tidemill spend load") as session:
        written = write_spend(session, connection.inputs_schema, rows)
    table = f"{connection.inputs_schema}.{SPEND}"
    currencies = sorted({row.currency for row in rows})
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    rows_loaded = f"{written.new:,} row{'s' if written.new != 1 else ''}"
    narrate(
        f"Loaded {rows_loaded} of spend in {', '.join(currencies)} into {table}, from {first} to "
        f"{last}, in place of {written.replaced:,}."
    )
    if as_json:
        emit_json(
            {
                "table": table,
                "currencies": currencies,
                "first_day": first.isoformat(),
                "last_day": last.isoformat(),
                "new": written.new,
                "replaced": written.replaced,
            }
        )
