"""`tidemill watch`: run again and again, and keep dbt warm in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.commands.refresh import document as of_refresh
from tidemill_cli.commands.refresh import sentence
from tidemill_cli.commands.run import document
from tidemill_cli.console import emit_json_line, narrate, without_narration
from tidemill_cli.periods import parse_length

if TYPE_CHECKING:
    from tidemill_cli.config import Connection
    from tidemill_cli.refreshing import RefreshSummary
    from tidemill_cli.runner import RunSummary
    from tidemill_cli.watching import Round

# What was built beside takes up, before its switch, what has changed meanwhile.
_PATIENCE_SECONDS = 10 * 60.0


@options.with_run_options
def watch(
    asked: options.RunOptions,
    every: Annotated[
        str,
        typer.Option(
            "--every",
            metavar="LENGTH",
            help="From the start of one run to the start of the next (500ms, 5s, 15m); one that "
            "takes longer is followed at once.",
        ),
    ] = "1m",
    build_every: Annotated[
        str,
        typer.Option(
            "--build-every",
            metavar="LENGTH",
            help="Build everything beside the live numbers this often; in between only what has "
            "changed is computed. 0s: in every run.",
        ),
    ] = "24h",
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON per run.")] = False,
) -> None:
    """Do what `tidemill refresh` does, again and again, and what `tidemill run` does once a day.

    The live numbers stay fresh while everything is built because it is time to, by another process.
    One process keeps dbt warm: the project is parsed again only when a file of it, an option or the
    profile has changed. After a run that failed the next waits longer, up to five minutes. SIGTERM
    and Ctrl-C end it (exit 0): what is under way is stopped, and the numbers stay.
    """
    seconds = parse_length(every, "--every").total_seconds()
    limit = parse_length(asked.snapshot_limit, "--snapshot-limit").total_seconds()
    longest = parse_length(build_every, "--build-every", may_be_none=True)

    import psycopg

    from tidemill_cli import watching
    from tidemill_cli.beside import BuildBeside
    from tidemill_cli.database.refresh import NeedsBuild
    from tidemill_cli.errors import TidemillError
    from tidemill_cli.headline import headline
    from tidemill_cli.parsed import KeptParse
    from tidemill_cli.project import find_project
    from tidemill_cli.purpose import Purpose
    from tidemill_cli.refreshing import refresh_live
    from tidemill_cli.runner import run_build

    project = find_project(asked.project_dir)
    wanted = asked.named(project)
    asked.resolved()  # which may be wrong, whatever the server says
    kept, purpose, beside = KeptParse(), Purpose("tidemill watch"), BuildBeside()

    def fresh(connection: Connection) -> RunSummary | RefreshSummary:
        if beside.has_ended:
            return beside.result()
        if longest:
            try:
                summary = refresh_live(connection, project, wanted, patience=_PATIENCE_SECONDS)
            except NeedsBuild:
                if beside.is_under_way:
                    return beside.result()
            else:
                if summary.age >= longest:
                    beside.start(connection, project, wanted, limit, purpose)
                return summary
        return run_build(connection, project, wanted, limit, purpose, kept)

    def run() -> watching.Outcome:
        # Every time, since the profile may have been edited.
        connection = asked.resolved()
        with without_narration():
            summary = fresh(connection)
        try:
            return watching.Outcome(summary, headline(connection))
        except (TidemillError, psycopg.Error):  # it was published all the same
            return watching.Outcome(summary)

    def tell(done: Round) -> None:
        narrate(_line(done))
        if as_json:
            emit_json_line(_document(done))

    narrate(f"Running every {every}; Ctrl-C or SIGTERM ends it.")
    try:
        watching.watch(run, seconds, tell)
    finally:
        beside.stop()
    narrate("Stopped.")


def _line(done: Round) -> str:
    from tidemill_cli.refreshing import RefreshSummary

    outcome = done.outcome
    when = f"{done.started_at:%Y-%m-%d %H:%M:%S} UTC"
    after = f"Trying again in {done.wait:.0f} s."
    if outcome.summary is None:
        return f"{when}  failed after {done.seconds:.1f} s: {outcome.error} {after}"
    if isinstance(outcome.summary, RefreshSummary):
        return f"{when}  {sentence(outcome.summary)} {outcome.headline or ''}".rstrip()
    if outcome.summary.failed_tests:
        failed = ", ".join(test.name for test in outcome.summary.failed_tests)
        return (
            f"{when}  nothing published after {done.seconds:.1f} s, since tests failed: {failed}; "
            f"schema {outcome.summary.build} is left to look at. {after}"
        )
    return (
        f"{when}  published {len(outcome.summary.published)} relations in {done.seconds:.1f} s. "
        f"{outcome.headline or ''}".rstrip()
    )


def _document(done: Round) -> dict[str, Any]:
    outcome = done.outcome
    told = outcome.headline
    return {
        "started_at": done.started_at.isoformat(),
        "outcome": _kind(done),
        "error": outcome.error,
        **_summary(done),
        "mrr_at_end_of": told.day.isoformat() if told and told.day else None,
        "mrr": {currency: str(mrr) for currency, mrr in told.mrr} if told else None,
        "seconds": round(done.seconds, 1),
        "next_in_seconds": round(done.wait, 1),
    }


def _summary(done: Round) -> dict[str, Any]:
    from tidemill_cli.refreshing import RefreshSummary

    summary = done.outcome.summary
    if isinstance(summary, RefreshSummary):
        return of_refresh(summary)
    return document(summary) if summary else {}


def _kind(done: Round) -> str:
    from tidemill_cli.refreshing import RefreshSummary

    if done.outcome.summary is None:
        return "failed"
    if isinstance(done.outcome.summary, RefreshSummary):
        return "refreshed"
    return "published" if done.outcome.is_good else "tests_failed"
