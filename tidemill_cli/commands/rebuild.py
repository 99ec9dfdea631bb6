"""`tidemill rebuild`: everything anew, beside what is served."""

from __future__ import annotations

from tidemill_cli.commands import options
from tidemill_cli.commands.building import build_and_show


@options.with_run_options
def rebuild(
    asked: options.RunOptions, no_switch: options.NoSwitch = False, as_json: options.Json = False
) -> None:
    """Build everything anew with the definitions in force, show what it changes, then switch.

    Also what other runs use again, such as parsed documents; but not the captured history, which
    cannot be made again.
    """
    from tidemill_cli.project import find_project

    build_and_show(
        asked,
        find_project(asked.project_dir),
        command="tidemill rebuild",
        changes={},
        is_anew=True,
        no_switch=no_switch,
        as_json=as_json,
    )
