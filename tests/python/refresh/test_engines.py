"""Random edits of an engine's rows: after a refresh nothing differs from everything made anew."""

from collections.abc import Callable, Iterator
from random import Random

import psycopg
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from harmless.landings import KILLBILL, LAGO, STRIPE, Landing

from .build import EDITABLE, Drift, NeedsBuild, RefreshedBuild, build

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
# Each is refreshed, and built anew.
FEW = settings(max_examples=max(2, settings().max_examples // 8))
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


@pytest.mark.parametrize("built", [pytest.param(LAGO, id="lago")], indirect=True)
def test_a_large_table_is_looked_through_in_parts(built: RefreshedBuild) -> None:
    assert built.drift(Random(1), edits=6, in_parts=True) == []
