"""The server by itself: what the other tests here take for granted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from .catalogs import catalog
from .conftest import Running
from .rest import KillBill

pytestmark = pytest.mark.server

_START = datetime(2024, 1, 1, 6, tzinfo=UTC)


def test_a_trial_is_billed_from_its_end_on_as_the_clock_goes(kill_bill: Running) -> None:
    shop = KillBill(kill_bill.address, "trial")
    shop.set_clock(_START)
    shop.upload_catalog(catalog(datetime(2023, 1, 1, tzinfo=UTC)))
    ada = shop.create_account("ada", timeZone="America/New_York")
    shop.add_payment_method(ada)
    shop.subscribe(ada, "basic-monthly", "ada-1")
    for day in (7, 14, 45, 74, 91):
        shop.set_clock(_START + timedelta(days=day))
    with psycopg.connect(kill_bill.dsn) as session:
        items = session.execute(
            """
            select item.type, item.start_date::text, item.end_date::text, item.amount::int
            from invoice_items as item
            inner join tenants on tenants.record_id = item.tenant_record_id
            where tenants.external_key = 'trial'
            order by item.record_id
            """
        ).fetchall()
    assert items == [
        ("FIXED", "2024-01-01", None, 0),
        ("RECURRING", "2024-01-15", "2024-02-15", 20),
        ("RECURRING", "2024-02-15", "2024-03-15", 20),
        ("RECURRING", "2024-03-15", "2024-04-15", 20),
    ]
