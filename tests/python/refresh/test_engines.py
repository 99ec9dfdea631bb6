"""Random edits of an engine's rows: after a refresh nothing differs from everything made anew."""

from collections.abc import Callable, Iterator
from random import Random

import psycopg
import pytest

from harmless.landings import KILLBILL, LAGO, STRIPE, Landing

from .build import EDITABLE, NeedsBuild, RefreshedBuild, build

LANDINGS = [
    pytest.param(LAGO, id="lago"),
    pytest.param(KILLBILL, id="killbill"),
    pytest.param(STRIPE["v1"], id="stripe v1"),
    pytest.param(STRIPE["classic"], id="stripe classic", marks=pytest.mark.slow),
]
CUSTOMERS = 30
EXAMPLES = [
    0,
    *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 40)),
]


@pytest.fixture(scope="module", params=LANDINGS)
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


@pytest.mark.parametrize("seed", EXAMPLES)
def test_edited_rows_are_found(built: RefreshedBuild, seed: int) -> None:
    """A few edits of a few customers, none of whom is due for another reason."""
    try:
        assert built.drift(Random(seed), edits=6) == []
    except NeedsBuild as why:
        pytest.skip(f"a whole build, by design: {why}")


@pytest.mark.parametrize("built", LANDINGS[:1], indirect=True)
def test_a_large_table_is_looked_through_in_parts(built: RefreshedBuild) -> None:
    assert built.drift(Random(1), edits=6, in_parts=True) == []


@pytest.mark.parametrize("seed", EXAMPLES)
def test_what_is_gone_is_found_within_the_bound(built: RefreshedBuild, seed: int) -> None:
    try:
        assert built.drift(Random(seed), edits=15, deletes=True, bound="1 second") == []
    except NeedsBuild as why:
        pytest.skip(f"a whole build, by design: {why}")
