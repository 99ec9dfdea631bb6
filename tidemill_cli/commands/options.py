"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_type_hints

import typer
from typer.core import TyperGroup

from tidemill_cli.config import Connection, ConnectionOptions, resolve

Dsn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        help="Database to use, such as postgresql://user@host/database. Without it: "
        "TIDEMILL_DSN, then the dbt profile `tidemill`, then the running demo.",
        show_default=False,
    ),
]
ProfilesDir: TypeAlias = Annotated[
    Path | None,
    typer.Option("--profiles-dir", help="Folder of profiles.yml.", show_default=False),
]
ProjectDir: TypeAlias = Annotated[
    Path | None,
    typer.Option("--project-dir", help="Folder of another dbt project to run.", show_default=False),
]
Target: TypeAlias = Annotated[
    str | None, typer.Option("--target", help="Target of the dbt profile.", show_default=False)
]
Schema: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--schema",
        envvar="TIDEMILL_SCHEMA",
        help="Schema that holds the metrics. [default: the profile's, else tidemill]",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CsvFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FILE", help="A .csv file, or a .zip that holds one.")
]
LagoSchema: TypeAlias = Annotated[
    str | None,
    typer.Option("--lago-schema", help="Schema that holds Lago's tables.", show_default="public"),
]
StripeSchema: TypeAlias = Annotated[
    str | None,
    typer.Option("--stripe-schema", help="Schema that Stripe is landed in.", show_default="stripe"),
]
KillbillSchema: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--killbill-schema", help="Schema that holds Kill Bill's tables.", show_default="public"
    ),
]
NoSwitch: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-switch",
        help="Build, test and show the difference only. What was built is left to look at; to "
        "publish, run the command again without this.",
    ),
]
Vars: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--vars", metavar="KEY=VALUE", help="An option of dbt_project.yml; repeatable."),
]
SnapshotLimit: TypeAlias = Annotated[
    str,
    typer.Option(
        "--snapshot-limit",
        metavar="LENGTH",
        help="Give up when the billing tables, which are all read at one instant, are not "
        "read after this long (90s, 15m, 2h): until then nothing can be vacuumed.",
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="How many models are built at a time: fewer leave more of the server to the "
        "billing engine. [default: the profile's, or 4]",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class RunOptions:
    """What a run is to do; each field is an option of every command that runs."""

    dsn: Dsn = None
    profiles_dir: ProfilesDir = None
    target: Target = None
    project_dir: ProjectDir = None
    schema: Schema = None
    lago_schema: LagoSchema = None
    stripe_schema: StripeSchema = None
    killbill_schema: KillbillSchema = None
    assignments: Vars = None
    snapshot_limit: SnapshotLimit = "15m"
    threads: Threads = None

    @property
    def connection(self) -> ConnectionOptions:
        """Those that say where the database is."""
        return ConnectionOptions(
            dsn=self.dsn,
            profiles_dir=self.profiles_dir,
            project_dir=self.project_dir,
            target=self.target,
            schema=self.schema,
        )

    def resolved(self) -> Connection:
        """The database, and how much of it may be used at a time."""
        connection = resolve(self.connection)
        return replace(connection, threads=self.threads) if self.threads else connection

    def named(self, project: Path) -> dict[str, Any]:
        """Those of the project that are named."""
        from tidemill_cli.runner import named_options

        return named_options(
            project, self.assignments, self.lago_schema, self.stripe_schema, self.killbill_schema
        )


def taking(fields_of: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that takes a dataclass first an option for each of its fields."""
    hints = get_type_hints(fields_of, include_extras=True)
    shared = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=one.default,
            annotation=hints[one.name],
        )
        for one in fields(fields_of)
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        _, *own = inspect.signature(command, eval_str=True).parameters.values()

        @wraps(command)
        def wrapper(**given: Any) -> None:  # noqa: ANN401 - each of its own type
            command(fields_of(**{one.name: given.pop(one.name) for one in shared}), **given)

        required = [one for one in own if one.default is inspect.Parameter.empty]
        parameters = [*required, *shared, *(one for one in own if one not in required)]
        # What typer reads.
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
        return wrapper

    return decorate


with_run_options = taking(RunOptions)


class ListsByDefault(TyperGroup):
    """Without a subcommand it lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        """Put in the subcommand that is meant."""
        is_bare = not args or (args[0].startswith("-") and args[0] != "--help")
        if is_bare and not ctx.resilient_parsing:  # what completes words asks for all of them
            args = ["list", *args]
        return super().parse_args(ctx, args)
