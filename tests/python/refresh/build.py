"""A build of one engine's generated history, whose rows are edited at random and put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from harmless.landings import UNTIL, Landing
from plain_dbt.in_process import UNTESTED, InProcess

AS_OF = UNTIL + timedelta(days=9, hours=7)
BUILD = "tidemill_core"
Drift = list[tuple[str, int, int]]

# The columns of each table that is read, but for those that name a row, or hold rows with ids of
# their own: those of another customer are none that an engine would write. Nor does it delete what
# others name.
EDITABLE = f"""
select
    sources.relation,
    array(
        select found.name
        from unnest(sources.found_columns) as found (name)
        where
            found.name !~ '(^|_)id$'
            and found.name not in ('items', 'lines')
            and sources.concerns::text !~ ('\\m' || found.name || '\\M')
            and not exists (
                select from {BUILD}.refresh_sources as others
                where others.source = sources.source
                and (
                    others.concerns::text
                    ~ ('"' || sources.name || '", "[^"]*\\m' || found.name || '\\M')
                    or others.together ~ ('\\m' || found.name || '\\M')
                )
            )
    ) as columns,
    not exists (
        select from {BUILD}.refresh_sources as others
        where others.source = sources.source
        and others.concerns::text ~ ('"' || sources.name || '", "')
    ) as is_leaf
from {BUILD}.refresh_sources as sources
where sources.source <> 'inputs' and sources.file_node is not null and not sources.is_shared
order by sources.name
"""


class NeedsBuild(Exception):
    """Only a whole build would do."""


@dataclass
class RefreshedBuild:
    """A session on a build, in which each example leaves no trace."""

    session: psycopg.Connection[Any]
    tables: Sequence[tuple[str, list[str], bool]]

    def drift(
        self,
        random: Random,
        *,
        edits: int,
        deletes: bool = False,
        bound: str = "1000 days",
        in_parts: bool = False,
    ) -> Drift:
        """Edit some rows, refresh some time later, and say what a whole build finds wrong then.

        In parts: each refresh looks at one page of each table, until all have been looked at.
        """
        # What is gone is found when the bound has passed.
        hours = random.choice((1 if deletes else 0, 1, 30, 24 * 11, 24 * 40))
        now = AS_OF + timedelta(hours=hours)
        with self.session.transaction(force_rollback=True):
            self.session.execute("set transaction isolation level repeatable read")
            for _ in range(edits):
                self._edit(random, deletes=deletes)
            for _ in range(self._most_pages() if in_parts else 1):
                self._refresh(now, bound, 1 if in_parts else 8192)
            return self._found_by_a_build(now)

    def drift_in_time(self, instants: Sequence[datetime]) -> list[Drift]:
        """Refresh at one instant after the other, and say the drift at each."""
        found = []
        with self.session.transaction(force_rollback=True):
            self.session.execute("set transaction isolation level repeatable read")
            for now in instants:
                self._refresh(now, "1000 days", 8192)
                with self.session.transaction(force_rollback=True):
                    found.append(self._found_by_a_build(now))
        return found

    def _found_by_a_build(self, now: datetime) -> Drift:
        known = self._kept()
        self.session.execute(f"call {BUILD}.repair(%s)", (now,))
        self._check_kept(known)
        return self.session.execute("select name, gone, came from drift").fetchall()

    def _kept(self) -> dict[str, dict[str, str]]:
        """What all customers say together: the rows of each such relation by their keys."""
        found = {}
        for relation, key in self.session.execute(
            "select relation, array_to_string(unique_key, ', ') "
            f"from {BUILD}.refresh_recipes where kind = 'kept'"
        ).fetchall():
            rows = self.session.execute(
                f"select row({key})::text, kept::text from {relation} as kept"
            ).fetchall()
            found[relation] = dict(rows)
        return found

    def _check_kept(self, known: dict[str, dict[str, str]]) -> None:
        """What was not known is known now; of what was, a refresh learns nothing else."""
        for relation, rows in self._kept().items():
            assert rows.keys() <= known[relation].keys(), relation
            if rows != known[relation]:
                raise NeedsBuild(f"{relation} says something else of what was known")

    def _refresh(self, now: datetime, bound: str, pages: int) -> None:
        try:
            self.session.execute(f"call {BUILD}.refresh(%s, %s::interval, %s)", (now, bound, pages))
        except psycopg.Error as error:
            if error.sqlstate == "TM001":
                raise NeedsBuild(str(error).splitlines()[0]) from None
            raise
        self.session.execute("discard temp")

    def _most_pages(self) -> int:
        row = self.session.execute(
            "select max(pg_relation_size(to_regclass(relation))) / 8192 + 2 "
            f"from {BUILD}.refresh_sources"
        ).fetchone()
        assert row
        return int(row[0])

    def _edit(self, random: Random, *, deletes: bool) -> None:
        """Give one row a value that another row has, or delete it; where that is not forbidden."""
        relation, columns, is_leaf = random.choice(self.tables)
        table = sql.SQL(relation)
        places = self.session.execute(sql.SQL("select ctid from {}").format(table)).fetchall()
        if not places:
            return
        (row,), (other,) = random.choice(places), random.choice(places)
        if deletes and is_leaf and random.random() < 0.3:
            statement = sql.SQL("delete from {} where ctid = %(row)s").format(table)
        elif columns:
            statement = sql.SQL(
                "update {0} set {1} = (select {1} from {0} where ctid = %(other)s) "
                "where ctid = %(row)s"
            ).format(table, sql.Identifier(random.choice(columns)))
        else:
            return
        try:
            with self.session.transaction():
                self.session.execute(statement, {"row": row, "other": other})
        except (psycopg.IntegrityError, psycopg.errors.GeneratedAlways):
            return


def build(dsn: str, folder: Path, landing: Landing, customers: int) -> None:
    """Fill an engine's tables, and build the project on them."""
    with psycopg.connect(dsn, autocommit=True) as session:
        landing.fill(session, customers)
    project = InProcess(dsn, folder)
    instant: datetime = AS_OF
    project.build(
        *UNTESTED,
        variables={
            "tidemill_billing_sources": [landing.engine],
            "tidemill_as_of": instant.isoformat(),
            **landing.variables(),
        },
        TIDEMILL_STARTED_AT=instant.isoformat(),
    )
