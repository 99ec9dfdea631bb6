"""Definitions of the real project are changed under a reader, over all history of a Lago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from cli.conftest import Tidemill
from cli.copying_project import query
from cli.watching import watched
from tidemill_cli.demo.lago.load import generate_and_load

END = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = ("--vars", f"tidemill_as_of={END.isoformat()}")
CHANGED = {"netting": "month", "mrr_discounts": "none"}
METRICS = ("metric_mrr", "metric_mrr_movements", "metric_mrr_waterfall", "metric_churn")
HASHES = " union ".join(f"select definitions_hash from tidemill.{name}" for name in METRICS)
SEEN = f"""
    select
        (select array_agg(option || '=' || value order by option) from tidemill_inputs.definitions),
        (
            select array_agg(option || '=' || value order by option)
            from tidemill.metric_definitions
            where in_force_to is null and option in ('netting', 'mrr_discounts')
        ),
        (select array_agg(definitions_hash) from ({HASHES}) as named),
        (select sum(mrr) from tidemill.metric_mrr where grain = 'month'),
        (select sum(closing_mrr) from tidemill.metric_mrr_waterfall where grain = 'month'),
        (
            select sum(reporting_amount)
            from tidemill.metric_mrr_movements
            where movement_type = 'new'
        )
"""


@pytest.fixture
def billing(new_database: Callable[[], str]) -> Callable[[], str]:
    """Makes the same Lago each time it is called."""

    def make() -> str:
        dsn = new_database()
        with psycopg.connect(dsn) as session:
            generate_and_load(session, 30, 1, END, years=1)
        return dsn

    return make


def rows(dsn: str, metric: str) -> list[tuple[Any, ...]]:
    # What is only captured is recorded when it is first seen: in each database at its own time.
    statement = (
        f"select to_jsonb(metric_rows) - 'recorded_at' from tidemill.{metric} as metric_rows"
    )
    return sorted(query(dsn, statement), key=repr)


@pytest.mark.slow
def test_a_reader_sees_one_set_of_definitions_or_the_other_over_all_history(
    tidemill: Tidemill, billing: Callable[[], str]
) -> None:
    dsn, other = billing(), billing()
    assert tidemill("run", "--dsn", dsn, *AS_OF).exit_code == 0

    rebuilt = tidemill("rebuild", "--dsn", dsn, *AS_OF)
    assert rebuilt.exit_code == 0, rebuilt.stderr
    assert "No number differs from what was served." in rebuilt.stderr
    old = {metric: rows(dsn, metric) for metric in METRICS}

    words = [f"{option}={value}" for option, value in CHANGED.items()]
    with watched(dsn, SEEN) as states:
        changed = tidemill("definitions", "set", *words, "--dsn", dsn, *AS_OF)
        assert changed.exit_code == 0, changed.stderr

    # As if it had never been otherwise.
    chosen = [word for text in words for word in ("--vars", f"tidemill_{text}")]
    assert tidemill("run", "--dsn", other, *AS_OF, *chosen).exit_code == 0
    for metric in METRICS:
        assert rows(dsn, metric) == rows(other, metric), metric
        assert rows(dsn, metric) != old[metric], metric
    before, after = states
    assert before[:2] == (None, ["mrr_discounts=recurring", "netting=day"])
    assert after[:2] == (["mrr_discounts=none", "netting=month"],) * 2
    assert all(len(state[2]) == 1 for state in states)

    back = tidemill("rollback", "--dsn", dsn)
    assert "Definition netting is left to dbt_project.yml again; it was month." in back.stderr
    assert query(dsn, SEEN) == [before]
