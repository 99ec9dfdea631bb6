"""What a doctor finds besides what would stop a run, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from tidemill_cli.builds import kept_builds, live_build
from tidemill_cli.config import Connection
from tidemill_cli.console import counted
from tidemill_cli.database import catalog, health
from tidemill_cli.database.session import Session, current_user, server_time
from tidemill_cli.errors import TidemillError
from tidemill_cli.grants import CHANGE_COLUMNS, Engine, read_of

OK, NOTE, PROBLEM = "ok", "note", "problem"
OPTION = "option"
_LARGE = 64 * 1024 * 1024
_LARGEST_SHOWN = 3
_ZONES_SHOWN = 5
# Where engines keep the zones that they bill in.
_ZONES = {
    "lago": (("billing_entities", "timezone"), ("customers", "timezone")),
    "killbill": (("accounts", "time_zone"),),
}
_WORDS = {
    "events": "events of the engine",
    "invoices": "invoices",
    "snapshot": "what runs have captured",
    "inferred": "the rows as they are now",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: in order, worth to know, or a problem."""

    area: str
    level: str
    sentence: str


@dataclass(frozen=True)
class Doctor:
    """Looks at one database with one set of options."""

    session: Session
    connection: Connection
    settings: Mapping[str, Any]

    def problems(self, checks: Mapping[str, Callable[[], str | None]]) -> Iterator[Finding]:
        """What the checks before a run say; each raises what would stop it."""
        for area, check in checks.items():
            try:
                sentence = check()
            except TidemillError as error:
                yield Finding(area, PROBLEM, str(error))
            else:
                if sentence:
                    yield Finding(area, OK, sentence)

    def engine(self, engine: Engine) -> Iterator[Finding]:
        """An engine's tables; nothing where they are not there, or not readable."""
        try:
            tables = read_of(self.session, engine)
            yield from self._changes(engine, list(tables))
            yield from self._sizes(engine, list(tables))
            yield from self._zones(engine, tables)
        except TidemillError:  # told by the check of the engine
            return

    def _changes(self, engine: Engine, tables: list[str]) -> Iterator[Finding]:
        """Whether a refresh may see which rows have changed."""
        stored = catalog.with_system_columns(self.session, engine.schema, tables)
        hidden = [
            table
            for table in sorted(stored)
            if not catalog.may_read_columns(self.session, engine.schema, table, CHANGE_COLUMNS)
        ]
        if hidden:
            user = current_user(self.session)
            named = f"{engine.schema}.{hidden[0]}"
            more = f" and {len(hidden) - 1} more tables" if len(hidden) > 1 else ""
            yield Finding(
                "permissions",
                NOTE,
                f"user {user} may not read xmin and ctid of {named}{more}, by which a refresh "
                "finds the rows that have changed, so that each builds everything: "
                f"`tidemill init --role {user} --apply` as the owner grants them.",
            )

    def _sizes(self, engine: Engine, tables: list[str]) -> Iterator[Finding]:
        found = health.sizes(self.session, engine.schema, tables)
        if not found:
            return
        largest = ", ".join(f"{one.table} {_rows(one)}" for one in found[:_LARGEST_SHOWN])
        total = _bytes(sum(one.size for one in found))
        yield Finding("sizes", OK, f"{engine.name}: {len(found)} tables, {total}; {largest}.")

    def _zones(self, engine: Engine, tables: Mapping[str, Any]) -> Iterator[Finding]:
        """Days are cut in one zone, whatever the engine bills in."""
        mine = str(self.settings.get("tidemill_reporting_timezone") or "UTC")
        tenants = self.settings.get("tidemill_tenant_timezones") or ()
        for table, column in _ZONES.get(engine.name, ()):
            if column not in tables.get(table, ()):
                continue
            found = health.values(self.session, engine.schema, table, column, _ZONES_SHOWN)
            others = [zone for zone in found if zone not in (mine, "UTC", "Etc/UTC")]
            if others and not tenants:
                yield Finding(
                    "time zone",
                    NOTE,
                    f"{engine.schema}.{table} bills in {', '.join(others)}, and days are cut in "
                    f"{mine}: where your books are kept in another zone, say so by `tidemill "
                    "definitions set reporting_timezone=ZONE` (tenant_timezones for one tenant).",
                )
                return

    def published(self) -> Iterator[Finding]:
        """How fresh the numbers are, how far history goes back, and what would make it faster."""
        facade = self.connection.schema
        name = live_build(self.session, facade)
        if name is None or not catalog.may_use_schema(self.session, name):
            return
        live = next((one for one in kept_builds(self.session, facade) if one.build == name), None)
        if live is not None:
            lag = server_time(self.session) - live.as_of
            days = lag.days
            sentence = f"the numbers are as of {live.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            if days >= 1:
                fix = "run `tidemill refresh`, or let `tidemill watch` go on"
                yield Finding("freshness", NOTE, f"{sentence}, {counted(days, 'day')} ago: {fix}.")
            else:
                yield Finding("freshness", OK, f"{sentence}.")
        for one in health.histories(self.session, name):
            told_by = _WORDS.get(one.told_by, one.told_by)
            yield Finding(
                "history",
                OK,
                f"{one.source}: {one.intervals:,} intervals told by {told_by}, the first of "
                f"{one.since.astimezone(UTC):%Y-%m-%d}.",
            )
        since = health.captured_since(self.session, f"{facade}_history")
        if since is not None:
            yield Finding(
                "history",
                OK,
                f"what engines do not keep is captured since {since:%Y-%m-%d %H:%M} UTC.",
            )
        for lacking in health.without_index(self.session, name, _LARGE):
            yield Finding(
                "indexes",
                NOTE,
                f"{lacking.table} ({_bytes(lacking.size)}) has no index on {lacking.column}, by "
                "which a refresh finds the rows of a few customers: `create index concurrently on "
                f"{lacking.table} ({lacking.column})`.",
            )


def as_text(finding: Finding) -> str:
    """One line."""
    words = {OK: "", NOTE: "Note: ", PROBLEM: "Problem: "}
    indent = "  " if finding.area == OPTION else ""
    return f"{indent}{words[finding.level]}{finding.sentence}"


def _rows(size: health.Size) -> str:
    return "(never analyzed)" if size.rows is None else f"{size.rows:,} rows"


def _bytes(size: int) -> str:
    value = float(size)  # of bytes, not of money
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:,.0f} {unit}"
        value /= 1024
    return f"{value:,.1f} TB"
