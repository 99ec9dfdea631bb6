"""By its level, the waterfall and the movements, MRR is one number while others write it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from .landings import LAGO, Session, tidemill

LEVELS = """
levels as (
    select tenant_id, reporting_currency, definitions_hash, sum(mrr) as amount
    from tidemill.metric_mrr
    where
        grain = 'day'
        and period_start = (select max(period_start) from tidemill.metric_mrr where grain = 'day')
    group by tenant_id, reporting_currency, definitions_hash
)"""
CLOSINGS = """
closings as (
    select tenant_id, reporting_currency, definitions_hash, sum(closing_mrr) as amount
    from tidemill.metric_mrr_waterfall
    where
        grain = 'day'
        and period_start = (
            select max(period_start) from tidemill.metric_mrr_waterfall where grain = 'day'
        )
    group by tenant_id, reporting_currency, definitions_hash
)"""
MOVED = """
moved as (
    select tenant_id, reporting_currency, definitions_hash, sum(reporting_amount) as amount
    from tidemill.metric_mrr_movements
    where movement_date <= (select max(period_start) from tidemill.metric_mrr where grain = 'day')
    group by tenant_id, reporting_currency, definitions_hash
)"""
# A build is known by its as_of, which is told with every issue of the data.
COMPARED = """
select 'as of', null, null, null, null, as_of::text
from (select distinct found_at as as_of from tidemill.data_issues) as builds
union all
select
    tenant_id, reporting_currency, levels.amount, closings.amount, moved.amount, definitions_hash
from levels
full join closings using (tenant_id, reporting_currency, definitions_hash)
full join moved using (tenant_id, reporting_currency, definitions_hash)
where coalesce(levels.amount, closings.amount, moved.amount) <> 0
"""


class State(NamedTuple):
    """What one statement saw, where all three agree."""

    as_of: str
    definitions_hash: str
    amounts: frozenset[tuple[str, str, Decimal]]


def state_of(rows: list[tuple[Any, ...]]) -> State | str:
    """The state, or what does not go together in it."""
    builds = {row[-1] for row in rows if row[0] == "as of"}
    rows = [row for row in rows if row[0] != "as of"]
    hashes = {row[-1] for row in rows}
    if len(builds) != 1 or len(hashes) != 1:
        return f"of several builds: {builds}, {hashes}"
    for tenant, currency, level, closing, moved, _ in rows:
        if not level == closing == moved:
            return f"{tenant} {currency}: level {level}, closing {closing}, moved {moved}"
    amounts = frozenset((tenant, currency, level) for tenant, currency, level, *_ in rows)
    return State(builds.pop(), hashes.pop(), amounts)


@dataclass
class Reader:
    """Asks again and again, each time in one statement."""

    dsn: str
    statement: str
    pause: float
    seen: Counter[State] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def read(self, session: Session) -> None:
        state = state_of(session.execute(self.statement).fetchall())  # type: ignore[arg-type]
        if isinstance(state, State):
            self.seen[state] += 1
        else:
            self.wrong.append(state)

    def read_until(self, is_over: threading.Event) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as session:
            while not is_over.is_set():
                try:
                    self.read(session)
                except psycopg.Error as problem:
                    self.wrong.append(str(problem))
                time.sleep(self.pause)


@contextmanager
def reading(readers: list[Reader]) -> Iterator[None]:
    is_over = threading.Event()
    threads = [threading.Thread(target=one.read_until, args=(is_over,)) for one in readers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def in_order(*parts: str) -> str:
    """The statement, which locks what it reads in this order."""
    return f"with {', '.join(parts)} {COMPARED}"


def bill(session: Session) -> None:
    """In each organization the dearest subscription ends."""
    session.execute(
        """
        update subscriptions set status = 2, terminated_at = now(), updated_at = now()
        where id in (
            select distinct on (subscriptions.organization_id) subscriptions.id
            from subscriptions
            inner join plans on subscriptions.plan_id = plans.id
            where subscriptions.status = 1
            order by subscriptions.organization_id, plans.amount_cents desc, subscriptions.id
        )
        """
    )
    session.commit()


def now(dsn: str) -> State:
    """What is published, while nobody writes."""
    reader = Reader(dsn, in_order(LEVELS, CLOSINGS, MOVED), 0)
    with psycopg.connect(dsn, autocommit=True) as session:
        reader.read(session)
    assert reader.wrong == []
    (state,) = reader.seen
    return state


TIMES = 5


@pytest.fixture
def billing(database: str) -> str:
    with psycopg.connect(database) as session:
        LAGO.fill(session, 120)
        # An issue in every build.
        session.execute(
            "update customers set timezone = 'Nowhere'"
            " where id = (select id from customers limit 1)"
        )
    return database


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "refresh"])
def test_level_waterfall_and_movements_agree(billing: str, tmp_path: Path, command: str) -> None:
    def publish(*words: str) -> State:
        done = tidemill(tmp_path, *words, "--dsn", billing)
        assert done.returncode == 0, done.stderr
        assert "one by one" not in done.stderr
        assert ("Refreshed" in done.stderr) == (words == ("refresh",))  # else all is built
        return now(billing)

    published = [publish("run")]
    readers = [
        Reader(billing, in_order(LEVELS, CLOSINGS, MOVED), 0.05),
        Reader(billing, in_order(MOVED, CLOSINGS, LEVELS), 0.05),
        Reader(billing, in_order(CLOSINGS, LEVELS, MOVED), 0.01),
    ]
    with reading(readers), psycopg.connect(billing) as engine:
        for number in range(2, TIMES + 1):
            bill(engine)
            # The last one under other definitions, too.
            words = ("--vars", "tidemill_week_factor=4") if number == TIMES else ()
            published.append(publish(command, *words))

    assert [wrong for one in readers for wrong in one.wrong] == []
    assert len({state.amounts for state in published}) == TIMES
    assert len({state.definitions_hash for state in published}) == 2
    for one in readers:
        assert set(one.seen) == set(published)
        assert sum(one.seen.values()) > 50
