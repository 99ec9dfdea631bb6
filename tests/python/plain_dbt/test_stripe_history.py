"""The history that Stripe's invoices tell, from the rows of each generation of landing schema."""

from datetime import date
from decimal import Decimal
from pathlib import Path

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
    "generation", ["classic", "replit", "v1", pytest.param("v2", marks=pytest.mark.slow)]
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
