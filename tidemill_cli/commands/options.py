"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

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
SnapshotLimit: TypeAlias = Annotated[
    str,
    typer.Option(
        "--snapshot-limit",
        metavar="LENGTH",
        help="Give up when the billing tables, which are all read at one instant, are not "
        "read after this long (90s, 15m, 2h): until then nothing can be vacuumed.",
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
