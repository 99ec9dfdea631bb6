"""The history that Stripe's invoices tell, and what only runs of Tidemill have seen."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.schema import Generation, create_schema

from .in_process import UNTESTED, InProcess
from .stripe_objects import MONTHLY, YEARLY, scenario

STRIPE = {"tidemill_billing_sources": ["stripe"], "tidemill_as_of": "2026-01-01T00:00:00Z"}
INTERVALS = (*UNTESTED, "--select", "+stripe__subscription_intervals")

# Three seats at 20 less a quarter, five of them from February, 200 a year each from March.
MONTHLY_AMOUNTS = [
    (date(2025, 1, 1), date(2025, 1, 15), "trialing", Decimal(45)),
    (date(2025, 1, 15), date(2025, 2, 1), "active", Decimal(45)),
    (date(2025, 2, 1), date(2025, 3, 1), "active", Decimal(75)),
    (date(2025, 3, 1), date(2025, 7, 15), "active", Decimal("62.5")),
]


@pytest.mark.parametrize(
    "generation",
    ["v1", *(pytest.param(one, marks=pytest.mark.slow) for one in ("classic", "replit", "v2"))],
)
def test_invoices_tell_every_change_in_both_shapes(
    database: str, tmp_path: Path, generation: Generation
) -> None:
    with psycopg.connect(database) as connection:
        create_schema(connection, generation=generation)
        shared = {
            "prices": [MONTHLY, YEARLY],
            "products": [{"id": "prod_seats", "object": "product", "name": "Seats"}],
        }
        load(connection, shared, generation=generation)
        load(connection, scenario("A", "acacia"), generation=generation)
        load(connection, scenario("B", "clover"), generation=generation)
    InProcess(database, tmp_path).build(*INTERVALS, variables=STRIPE)
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select subscription_id, valid_from::date, valid_to::date, status,"
            " (amount - forever_discount) / case period_unit when 'year' then 12 else 1 end"
            " from tidemill_core.stripe__subscription_intervals"
            " order by subscription_id, valid_from"
        ).fetchall()
    assert found == [(sub, *row) for sub in ("sub_A", "sub_B") for row in MONTHLY_AMOUNTS]


MOVED = """
update stripe.customers set _raw_data = jsonb_set(_raw_data, '{address,country}', '"FR"')
where id = 'cus_A'
"""
INTERVALS_OF_A = """
select country, min(valid_from), max(valid_to) from tidemill_core.stripe__subscription_intervals
where customer_id = 'cus_A' and status = 'active' group by country order by 2
"""


@pytest.mark.slow
def test_a_customer_is_in_another_country_since_a_run_has_seen_it(
    database: str, tmp_path: Path
) -> None:
    objects = scenario("A", "clover")
    objects["customers"][0]["address"] = {"country": "de"}
    # Its subscription goes on.
    objects["subscriptions"][0].update(
        status="active", canceled_at=None, ended_at=None, cancel_at_period_end=False
    )
    with psycopg.connect(database) as connection:
        create_schema(connection, generation="v1")
        load(connection, {"prices": [MONTHLY, YEARLY]}, generation="v1")
        load(connection, objects, generation="v1")
    project = InProcess(database, tmp_path)
    later = {**STRIPE, "tidemill_as_of": None, "tidemill_max_row_loss": 1}

    def build_and_look() -> tuple[list[Any], list[Any]]:
        project.build(*INTERVALS, variables=later)
        with psycopg.connect(database) as connection:
            captured = connection.execute(
                "select country, observed_at from tidemill_history.stripe_customers_history"
                " order by observed_at"
            ).fetchall()
            return captured, connection.execute(INTERVALS_OF_A).fetchall()

    captured, found = build_and_look()
    assert [country for country, _ in captured] == ["DE"]
    assert [country for country, *_ in found] == ["DE"]
    with psycopg.connect(database) as connection:
        connection.execute(MOVED)
    captured, found = build_and_look()
    assert [country for country, _ in captured] == ["DE", "FR"]
    seen = captured[-1][1]
    start = datetime(2025, 1, 15, tzinfo=UTC)
    assert found == [("DE", start, seen), ("FR", seen, None)]
    # Nothing new is captured of what stays, and what an engine drops is still known.
    with psycopg.connect(database) as connection:
        connection.execute("delete from stripe.customers where id = 'cus_A'")
    assert build_and_look() == (captured, found)
