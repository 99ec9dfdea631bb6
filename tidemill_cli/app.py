"""The `tidemill` command: names the subcommands and turns errors into exit codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tidemill_cli import __version__, console
from tidemill_cli.commands.examples import give_examples
from tidemill_cli.errors import ExitCode, TidemillError

_LOOKUPS = (
    *("mrr", "arr", "movements", "waterfall", "churn", "retention", "cohorts", "arpa", "ltv"),
    *("trials", "customers", "usage", "concentration", "committed", "cac"),
)
# In the order of the help. Each is imported when it is asked for: a look-up starts at once.
_NAMES = (
    *("demo", "init", "doctor", "run", "refresh", "watch", "status"),
    *_LOOKUPS,
    *(
        "explain",
        "export",
        "reconcile",
        "definitions",
        "rebuild",
        "diff",
        "rollback",
        "prune",
        "segments",
        "attributes",
        "fx",
        "spend",
    ),
)


class _Commands(MutableMapping[str, Any]):
    """The subcommands by name, each made when it is looked up."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's command type is not public
        if name not in self._made:
            if name not in _NAMES:
                raise KeyError(name)
            self._made[name] = _command(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401 - as above
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]


class Tidemill(TyperGroup):
    """Prints an error the user can act on as one sentence; a defect keeps its traceback."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - what typer passes
        super().__init__(**given)
        self.commands = _Commands()

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
    cls=Tidemill,
    help="Subscription metrics in the PostgreSQL that holds the billing data.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: a third of the start-up time of a styled one
    pretty_exceptions_enable=False,
)


def _command(name: str) -> Any:  # noqa: ANN401 - as above
    """The subcommand of this name, as typer makes it."""
    module = import_module(f"tidemill_cli.commands.{'lookups' if name in _LOOKUPS else name}")
    group = getattr(module, "app", None)
    if group is None:
        function: Callable[..., Any] = (
            module.lookup_command(name) if name in _LOOKUPS else getattr(module, name)
        )
        group = typer.Typer(add_completion=False, rich_markup_mode=None)
        group.command(name)(function)
    made = typer.main.get_command(group)
    made.name = name
    give_examples(made, name)
    return made


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
