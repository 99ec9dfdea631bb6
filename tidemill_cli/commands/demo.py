"""`tidemill demo`: a generated billing database, every metric, and a look around."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.config import STATE_DIRECTORY
from tidemill_cli.console import emit, narrate
from tidemill_cli.demo.engines import Engine
from tidemill_cli.errors import ExitCode, TidemillError
from tidemill_cli.periods import parse_day

if TYPE_CHECKING:
    from tidemill_cli.embedded import DemoServer


def demo(
    customers: Annotated[
        int, typer.Option("--customers", min=1, help="Customers to generate.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same database.")] = 1,
    years: Annotated[int, typer.Option("--years", min=1, max=20, help="Years of history.")] = 3,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Where the history ends. [default: today]"),
    ] = None,
    state_dir: Annotated[
        Path, typer.Option("--dir", help="Folder for the server's data.")
    ] = STATE_DIRECTORY,
    engine: Annotated[
        Engine, typer.Option("--engine", help="Billing engine to act like.")
    ] = Engine.LAGO,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the demo's server.")] = False,
) -> None:
    """Start an embedded PostgreSQL, load a generated billing database and build every metric."""
    if stop:
        _stop(state_dir)
        return
    last_day = parse_day(until, "--until") if until else dt.datetime.now(dt.UTC).date()
    end = dt.datetime.combine(last_day, dt.time(), dt.UTC)

    from tidemill_cli.attempt import AS_OF
    from tidemill_cli.config import Connection
    from tidemill_cli.demo.report import headline_tables, what_next
    from tidemill_cli.embedded import DemoServer
    from tidemill_cli.project import BILLING_SOURCES, find_project
    from tidemill_cli.runner import KILLBILL_SCHEMA, run_build

    narrate("Starting the embedded PostgreSQL.")
    server = DemoServer.start(state_dir)
    _load(server, engine, customers=customers, seed=seed, years=years, end=end)
    connection = Connection("the demo server", server.parameters())
    # The history ends at this instant: numbers "as of now" would show days that nobody lived.
    settings = {BILLING_SOURCES: [*engine.schemas], AS_OF: end.isoformat()}
    if "killbill" in engine.schemas:
        settings[KILLBILL_SCHEMA] = engine.schemas["killbill"]
    summary = run_build(connection, find_project(None), settings)
    if summary.exit_code is not ExitCode.OK:
        raise typer.Exit(summary.exit_code)
    narrate(
        f"Published {len(summary.published)} relations ({summary.models} models, "
        f"{summary.tests} tests, {summary.seconds:.0f} s)."
    )
    narrate()
    emit(headline_tables(connection))
    narrate()
    narrate(what_next(server, state_dir, last_day, engine))


def _load(
    server: DemoServer, engine: Engine, *, customers: int, seed: int, years: int, end: dt.datetime
) -> None:
    from tidemill_cli.config import Connection
    from tidemill_cli.database.demo import recreate_database, tune_server
    from tidemill_cli.database.session import connect
    from tidemill_cli.demo.engines import Scale, generate
    from tidemill_cli.progress import progress

    with connect(
        Connection("the demo server", server.parameters("postgres")), "tidemill demo"
    ) as s:
        tune_server(s)
        recreate_database(s, server.database)
    narrate(
        f"Generating {customers:,} customers of a company that bills with {engine.spelled}, "
        f"{years} years until {end:%Y-%m-%d} (seed {seed})."
    )
    connection = Connection("the demo server", server.parameters())
    with connect(connection, "tidemill demo") as session, progress("customers") as bar:
        generate(session, engine, Scale(customers, seed, years, end), bar.update)


def _stop(state_dir: Path) -> None:
    from tidemill_cli.embedded import DemoServer

    if not (state_dir / "demo.json").is_file():
        raise TidemillError(f"there is no demo in {state_dir}: nothing to stop.")
    if DemoServer.load(state_dir).stop():
        narrate("Stopped the demo's server; `tidemill mrr` starts it again when needed.")
    else:
        narrate("The demo's server is not running.")
