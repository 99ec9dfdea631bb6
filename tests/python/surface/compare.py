"""Compare the ledger of a build with the reference, and say in words where they differ."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import astuple
from decimal import Decimal
from typing import Any

import psycopg

from reference.surface.books import Books

ZERO = Decimal(0)

MOVEMENTS = """
select
    billing_source, tenant_id, customer_id, level_id, movement_date, movement_type, reason,
    plan, product, currency, country, billing_interval, reporting_currency, fx_rate, is_voluntary,
    amount, reporting_amount
from tidemill.metric_mrr_movements
"""
IDS = "select movement_id from tidemill.metric_mrr_movements"
ISSUES = """
select
    billing_source, tenant_id, customer_id, issue, severity, is_quarantined, source_table,
    source_row_id
from tidemill.data_issues
where source_table is distinct from 'fx_rates'
"""


def ledger_differences(connection: psycopg.Connection[Any], books: Books) -> list[str]:
    """Every difference in what is wrong with the rows, and in the movements and their amounts."""
    wrong = Counter(connection.execute(ISSUES).fetchall())
    expected_wrong = Counter(
        astuple(issue) for issue in books.issues if issue.source_table != "fx_rates"
    )
    built: dict[Hashable, Decimal] = {}
    for *key, amount, reporting_amount in connection.execute(MOVEMENTS):
        for name, value in (("native", amount), ("reporting", reporting_amount)):
            built[(*key, name)] = built.get((*key, name), ZERO) + value
    expected: dict[Hashable, Decimal] = {}
    for m in books.movements:
        key = [*m.unit, m.level_id, m.day, m.type, m.reason, *m.place]
        key += [m.reporting_currency, m.rate, m.is_voluntary]
        for name, value in (("native", m.amount), ("reporting", m.reporting_amount)):
            expected[(*key, name)] = expected.get((*key, name), ZERO) + value
    ids = Counter(connection.execute(IDS).fetchall())
    expected_ids = dict.fromkeys(ids, 1)
    return (
        _unequal("movement_id", ids, expected_ids)
        + _unequal("issue", wrong, expected_wrong)
        + _unequal("movement", built, expected)
    )


def _unequal(name: str, built: Mapping[Any, Any], expected: Mapping[Any, Any]) -> list[str]:
    keys = sorted(built.keys() | expected.keys(), key=repr)
    return [
        f"{name} {' '.join(map(str, key))}: {built.get(key)}, in the reference {expected.get(key)}"
        for key in keys
        if built.get(key, 0) != expected.get(key, 0)
    ]
