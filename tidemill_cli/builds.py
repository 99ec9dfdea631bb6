"""Build schemas: their names, their record, and which are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from tidemill_cli.console import narrate
from tidemill_cli.database import builds as statements
from tidemill_cli.database import catalog
from tidemill_cli.database.publishing import create_schema
from tidemill_cli.database.session import Session

PUBLISHED = "published"
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

    def finish(self, build: str, status: str, models: int, tests: int) -> None:
        """Record how a build ended."""
        statements.update(
            self.session,
            self.facade,
            build,
            status=status,
            published=status == PUBLISHED,
            models=models,
            tests=tests,
            finished_at=datetime.now(UTC),
        )

    def drop_if_empty(self, build: str) -> bool:
        """Drop the schema of a build that came to nothing."""
        if catalog.relations(self.session, build):
            return False
        return self._drop(build)

    def prune(self) -> list[str]:
        """Drop the builds that are no longer kept; one that a user's view reads stays."""
        published = failed = 0
        dropped = []
        for build, _status, was_published in statements.unpruned(self.session, self.facade):
            if was_published:
                published += 1
                keep = published <= _PUBLISHED_KEPT
            else:
                failed += 1
                keep = failed <= _FAILED_KEPT
            if not keep and self._drop(build):
                dropped.append(build)
        return dropped

    def _free_name(self, now: datetime) -> str:
        # Two runs can begin within one second, and a schema that is not ours is not written to.
        while statements.is_taken(self.session, self.facade, build_name(self.facade, now)):
            now += timedelta(seconds=1)
        return build_name(self.facade, now)

    def _drop(self, build: str) -> bool:
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


def build_name(facade: str, now: datetime) -> str:
    """The schema of a build started now; sorts by time."""
    return f"{facade}_{now:%Y%m%d%H%M%S}"
