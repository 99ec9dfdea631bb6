"""Random edits of an engine's rows: after a refresh nothing differs from everything made anew."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random

import psycopg
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from harmless.landings import KILLBILL, LAGO, STRIPE, Landing

from .build import AS_OF, EDITABLE, Drift, NeedsBuild, RefreshedBuild, build

CUSTOMERS = 30
# A parameter of each test: hypothesis keeps the failing examples of each apart by it.
OF_EACH_ENGINE = pytest.mark.parametrize(
    "built",
    [
        pytest.param(LAGO, id="lago"),
        pytest.param(KILLBILL, id="killbill"),
        pytest.param(STRIPE["v1"], id="stripe v1"),
        pytest.param(STRIPE["classic"], id="stripe classic", marks=pytest.mark.slow),
    ],
    indirect=True,
)
# Each is refreshed, and built anew from the engine's rows: seconds, not milliseconds.
FEW = settings(max_examples=max(2, min(12, settings().max_examples // 8)))
RANDOM = st.integers(0, 2**32).map(Random)


@pytest.fixture(scope="module")
def built(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RefreshedBuild]:
    landing: Landing = request.param
    dsn = new_database()
    build(dsn, tmp_path_factory.mktemp("refresh"), landing, CUSTOMERS)
    with psycopg.connect(dsn) as session:
        tables = session.execute(EDITABLE).fetchall()
        session.commit()
        assert len(tables) > 8
        yield RefreshedBuild(session, tables)


def no_drift(find: Callable[[], Drift]) -> None:
    """Nothing differs, unless the refresh itself has asked for a whole build."""
    try:
        assert find() == []
    except NeedsBuild as why:
        event(f"a whole build, by design: {why}")


@OF_EACH_ENGINE
@FEW
@given(random=RANDOM, edits=st.integers(1, 8))
def test_edited_rows_are_found(built: RefreshedBuild, random: Random, edits: int) -> None:
    no_drift(lambda: built.drift(random, edits=edits))


@OF_EACH_ENGINE
@FEW
@given(random=RANDOM, edits=st.integers(1, 20))
def test_what_is_gone_is_found_within_the_bound(
    built: RefreshedBuild, random: Random, edits: int
) -> None:
    no_drift(lambda: built.drift(random, edits=edits, deletes=True, bound="1 second"))


STARTING = (
    "update subscriptions set (status, started_at, subscription_at) = (%s, %s, %s) where id = %s"
)
STARTED = """
select status, started_at, subscription_at, id from subscriptions
where status = 1 and previous_subscription_id is null order by id limit 1
"""


@pytest.fixture
def due_in_ninety_minutes(built: RefreshedBuild) -> Iterator[None]:
    """A subscription that is to start; committed, so that it is found by its time alone."""
    with psycopg.connect(built.session.info.dsn, autocommit=True) as engine:
        started = engine.execute(STARTED).fetchone()
        assert started
        engine.execute(STARTING, (0, None, AS_OF + timedelta(minutes=90), started[-1]))
        yield
        engine.execute(STARTING, started)


@pytest.mark.parametrize("built", [pytest.param(LAGO, id="lago")], indirect=True)
@pytest.mark.usefixtures("due_in_ninety_minutes")
def test_time_alone_makes_what_is_scheduled_another(built: RefreshedBuild) -> None:
    """Lago starts within the hour what is due: until it has, the start is always an hour away."""
    instants = [AS_OF + timedelta(minutes=minutes) for minutes in (5, 25, 50, 80, 100, 400)]
    assert built.drift_in_time(instants) == [[]] * len(instants)


@pytest.mark.parametrize("built", [pytest.param(LAGO, id="lago")], indirect=True)
def test_a_large_table_is_looked_through_in_parts(built: RefreshedBuild) -> None:
    assert built.drift(Random(1), edits=6, in_parts=True) == []
