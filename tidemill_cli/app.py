"""The `tidemill` command: registers the subcommands and turns errors into exit codes."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tidemill_cli import __version__, console
from tidemill_cli.commands import (
    definitions,
    demo,
    diff,
    doctor,
    fx,
    init,
    mrr,
    prune,
    rebuild,
    reconcile,
    refresh,
    rollback,
    run,
    spend,
    status,
    watch,
)
from tidemill_cli.errors import ExitCode, TidemillError


class ErrorsAreSentences(TyperGroup):
    """Prints an error the user can act on as one sentence; a defect keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's context type is not public
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except TidemillError as error:
            console.fail(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            console.fail("interrupted; the numbers built before stay as they were.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


app = typer.Typer(
    cls=ErrorsAreSentences,
    help="Subscription metrics in the PostgreSQL that holds the billing data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: a third of the start-up time of a styled one
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("run")(run.run)
app.command("refresh")(refresh.refresh)
app.command("watch")(watch.watch)
app.command("rebuild")(rebuild.rebuild)
app.add_typer(definitions.app, name="definitions")
app.command("status")(status.status)
app.command("diff")(diff.diff)
app.command("rollback")(rollback.rollback)
app.command("prune")(prune.prune)
app.command("mrr")(mrr.mrr)
app.command("reconcile")(reconcile.reconcile)
app.command("doctor")(doctor.doctor)
app.add_typer(fx.app, name="fx")
app.add_typer(spend.app, name="spend")


def _print_version(value: bool) -> None:
    if value:
        console.emit(f"tidemill {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Subscription metrics in the PostgreSQL that holds the billing data."""


def main() -> None:
    """Run the command line."""
    app()
