"""`tidemill attributes`: what people know of customers."""

from __future__ import annotations

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit_json, narrate

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
_SHOWN = 3


@app.callback()
def attributes() -> None:
    """Attributes of customers, besides those that the billing engine has."""


@app.command()
def load(
    file: options.CsvFile,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Load attributes of customers, for the next run to use.

    FILE has a column customer_id, with the engine's ids or your own (external ids), and a column
    per attribute. They are added to what was loaded before, and go before the engine's attributes
    of the same name; an empty cell takes away what was loaded. All of it is loaded, or nothing.
    Segments, tidemill_cohort_by and tidemill_exclude_customers can name them.
    """
    from tidemill_cli.attributes import read_attributes
    from tidemill_cli.builds import live_build
    from tidemill_cli.database.inputs import CUSTOMER_ATTRIBUTES, write_attributes
    from tidemill_cli.database.segments import without_customer
    from tidemill_cli.inputs import open_inputs

    found = read_attributes(file)
    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with open_inputs(connection, "tidemill attributes load") as session:
        written = write_attributes(session, connection.inputs_schema, found)
        build = live_build(session, connection.schema)
        unknown = without_customer(session, build, found) if build else []
    table = f"{connection.inputs_schema}.{CUSTOMER_ATTRIBUTES}"
    names = list(next(iter(found.values())))
    customers = f"{len(found):,} customer{'s' if len(found) != 1 else ''}"
    narrate(
        f"Loaded {', '.join(names)} of {customers} into {table}, {written.new:,} of them new; the "
        "next `tidemill run` uses them."
    )
    if unknown:
        named = ", ".join([*unknown[:_SHOWN], *(["…"] if len(unknown) > _SHOWN else [])])
        narrate(f"note: {len(unknown):,} of them are of no customer: {named}.")
    if as_json:
        emit_json(
            {
                "table": table,
                "attributes": names,
                "new": written.new,
                "known": written.replaced,
                "without_customer": unknown,
            }
        )
