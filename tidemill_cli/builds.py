"""Build schemas: their names, their record, and which are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from tidemill_cli.console import narrate
from tidemill_cli.database import builds as statements
from tidemill_cli.database import catalog
from tidemill_cli.database.builds import Build
from tidemill_cli.database.publishing import create_schema
from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError

PUBLISHED = "published"
BESIDE = "built"  # and left beside what is live
NOTES = "refresh_"  # what a build notes before it makes anything
HEADLINE = "metric_mrr"  # every build has it
_PUBLISHED_KEPT = 2  # the live one and the one before, for comparison and rollback
_FAILED_KEPT = 1  # the last one, for inspection


class BuildLog:
    """The builds of one facade schema, recorded in its table `tidemill_builds`."""

    def __init__(self, session: Session, facade: str) -> None:
        self.session = session
        self.facade = facade

    def start(self, as_of: datetime) -> str:
        """Name and record a new build; the caller holds the run lock."""
        create_schema(self.session, self.facade)
        statements.ensure_table(self.session, self.facade)
        statements.close_interrupted(self.session, self.facade)
        build = self._free_name(datetime.now(UTC))
        statements.insert(self.session, self.facade, build, as_of)
        return build

    def finish(
        self,
        build: str,
        status: str,
        message: str | None = None,
        *,
        models: int,
        tests: int,
        rows: int = 0,
        definitions: dict[str, str] | None = None,
        made_by: str | None = None,
    ) -> None:
        """Record how a build ended, and by which definitions and what project it was made."""
        now = datetime.now(UTC)
        switched = {"switched_at": now} if status == PUBLISHED else {}
        statements.update(
            self.session,
            self.facade,
            build,
            status=status,
            published=status == PUBLISHED,
            message=message,
            models=models,
            tests=tests,
            rows=rows,
            finished_at=now,
            definitions=definitions,
            made_by=made_by,
            **switched,
        )

    def refreshed(self, build: str, as_of: datetime) -> None:
        """Record that a build was brought up to date."""
        statements.update(
            self.session, self.facade, build, as_of=as_of, refreshed_at=datetime.now(UTC)
        )

    def date(self, build: str, as_of: datetime) -> None:
        """Record the instant that a build is of."""
        statements.update(self.session, self.facade, build, as_of=as_of)

    def abandon(self, build: str, why: str) -> None:
        """Record that a build was given up, and drop what there is of it."""
        self.finish(build, "interrupted", why, models=0, tests=0)
        self.drop(build)

    def switched(self, build: str) -> None:
        """Record that readers were pointed at a build that had been published before."""
        statements.update(self.session, self.facade, build, switched_at=datetime.now(UTC))

    def drop_if_empty(self, build: str) -> bool:
        """Drop the schema of a build that came to nothing."""
        found = catalog.relations(self.session, build)
        if any(not one.name.startswith(NOTES) for one in found):
            return False
        return self.drop(build)

    def prune(self, published_kept: int = _PUBLISHED_KEPT) -> list[str]:
        """Drop the builds that are no longer kept; one that anybody's view reads stays."""
        published = failed = 0
        live = live_build(self.session, self.facade)
        dropped = []
        for one in statements.recorded(self.session, self.facade, only_kept=True):
            if one.published:
                published += 1
                keep = published <= published_kept or one.build == live
            else:
                failed += 1
                keep = failed <= _FAILED_KEPT
            if not keep and self.drop(one.build):
                dropped.append(one.build)
        return dropped

    def _free_name(self, now: datetime) -> str:
        # Two runs can begin within one second, and a schema that is not ours is not written to.
        while statements.is_taken(self.session, self.facade, build_name(self.facade, now)):
            now += timedelta(seconds=1)
        return build_name(self.facade, now)

    def drop(self, build: str) -> bool:
        """Drop what a build made; false, and said why, where it must stay."""
        try:
            statements.drop_schema(self.session, build)
        except psycopg.errors.DependentObjectsStillExist:
            readers = catalog.dependent_views(self.session, build)
            why = f"{', '.join(readers)} reads it" if readers else "something in it is not ours"
            narrate(f"Old build {build} is kept: {why}.")
            return False
        except psycopg.errors.LockNotAvailable:
            narrate(f"Old build {build} is kept until the next run: a query is reading it.")
            return False
        except psycopg.errors.InsufficientPrivilege:
            narrate(f"Old build {build} is kept: it belongs to another user.")
            return False
        statements.update(self.session, self.facade, build, pruned_at=datetime.now(UTC))
        return True


def live_build(session: Session, facade: str) -> str | None:
    """The build that readers are pointed at, whatever was recorded."""
    return catalog.schema_read(session, facade, HEADLINE)


def choose_build(session: Session, facade: str, wanted: str | None) -> Build:
    """The build that is named, else the one published before the live one."""
    published = [one for one in kept_builds(session, facade) if one.published]
    names = [one.build for one in published]
    live = live_build(session, facade)
    if wanted is None:
        earlier = names[names.index(live) + 1 :] if live in names else names
        if not earlier:
            raise TidemillError(
                f"no build is kept that was published before the live one in schema {facade}: "
                "there is nothing to go back to."
            )
        wanted = earlier[0]
    elif wanted not in names:
        raise TidemillError(
            f"build {wanted} is not among those that were published and are kept: "
            f"{', '.join(names) or 'there is none'}."
        )
    return published[names.index(wanted)]


def kept_builds(session: Session, facade: str) -> list[Build]:
    """The builds that still have their relations, newest first."""
    return [
        one
        for one in statements.recorded(session, facade, only_kept=True)
        if catalog.schema_exists(session, one.build)
    ]


def build_name(facade: str, now: datetime) -> str:
    """The schema of a build started now; sorts by time."""
    return f"{facade}_{now:%Y%m%d%H%M%S}"
