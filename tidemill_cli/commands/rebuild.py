"""`tidemill rebuild`: everything anew, beside what is served."""

from __future__ import annotations

from tidemill_cli.commands import options
from tidemill_cli.commands.building import build_and_show
from tidemill_cli.config import ConnectionOptions, resolve


def rebuild(
    no_switch: options.NoSwitch = False,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    project_dir: options.ProjectDir = None,
    schema: options.Schema = None,
    lago_schema: options.LagoSchema = None,
    stripe_schema: options.StripeSchema = None,
    killbill_schema: options.KillbillSchema = None,
    assignments: options.Vars = None,
    snapshot_limit: options.SnapshotLimit = "15m",
    as_json: options.Json = False,
) -> None:
    """Build everything anew with the definitions in force, show what it changes, then switch.

    Also what other runs use again, such as parsed documents; but not the captured history, which
    cannot be made again.
    """
    from tidemill_cli.project import find_project
    from tidemill_cli.runner import named_options

    project = find_project(project_dir)
    wanted = named_options(project, assignments, lago_schema, stripe_schema, killbill_schema)
    connection = resolve(
        ConnectionOptions(
            dsn=dsn,
            profiles_dir=profiles_dir,
            project_dir=project_dir,
            target=target,
            schema=schema,
        )
    )
    build_and_show(
        connection,
        project,
        wanted,
        snapshot_limit,
        command="tidemill rebuild",
        changes={},
        is_anew=True,
        no_switch=no_switch,
        as_json=as_json,
    )
