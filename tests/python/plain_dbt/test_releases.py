"""The project on the tables of every Lago release: it builds, and gives the reference's numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from properties.compare import differences
from tidemill_cli.demo.lago.account import Gate
from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine
from tidemill_cli.demo.lago.load import generate_and_load, load
from tidemill_cli.demo.lago.pricing import Amount
from tidemill_cli.demo.lago.schema import RELEASES, columns_at
from tidemill_cli.lago_requirements import OPTIONAL_COLUMNS, OPTIONAL_TABLES, REQUIRED

from .in_process import InProcess

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2025, 1, 1, tzinfo=UTC)
LISTED = {
    table: {*columns, *OPTIONAL_COLUMNS.get(table, ())}
    for table, columns in {**REQUIRED, **OPTIONAL_TABLES}.items()
}


def shape(release: str) -> dict[str, set[str]]:
    """What of a release's tables the models read."""
    return {
        table: {column.name for column in columns} & LISTED[table]
        for table, columns in columns_at(release).items()
        if table in LISTED
    }


# HEAD reads the same columns as the newest release, but a plan's price may be missing in it.
SHAPES = [
    release
    for before, release in zip((None, *RELEASES), RELEASES, strict=False)
    if before is None or shape(before) != shape(release) or release in ("v1.51", "HEAD")
]
QUICK = (SHAPES[0], SHAPES[-1])


def scripted(release: str) -> LagoEngine:
    """What a small random history might leave out, as far as the release has it."""
    present = shape(release)
    lago = LagoEngine(seed=2, start=START)
    acme = lago.organization("Acme")
    seats = [FixedCharge("seats", "10.5")] if "fixed_charges" in present else []
    team = lago.plan(
        acme,
        "team",
        "50",
        interval="yearly",
        minimum_commitment="170",
        fixed_charges=seats,
        bill_fixed_charges_monthly="bill_fixed_charges_monthly" in present["plans"],
    )
    pro = lago.plan(acme, "pro", "90", trial_days=14)
    customer = lago.customer(acme, START, country="DE")
    coupon = lago.coupon(acme, "x", percentage="12.5", frequency="forever")
    lago.apply_coupon(customer, coupon, START)
    units: dict[str, Amount] = {"seats": "2.5"} if seats else {}
    subscription = lago.subscribe(customer, team, datetime(2025, 1, 10, tzinfo=UTC), units=units)
    lago.override_price(subscription, "45", datetime(2025, 2, 20, tzinfo=UTC))
    gate: Gate | None = "succeeds" if "activated_at" in present["subscriptions"] else None
    lago.subscribe(customer, pro, datetime(2025, 3, 21, tzinfo=UTC), gated=gate)
    lago.run_until(AS_OF)
    return lago


# A subscription to a plan that has no price and no interval of its own.
CATALOGUE_PLAN = """
    with priced as (
        insert into plans
        select (jsonb_populate_record(plans, jsonb_build_object(
            'id', gen_random_uuid(), 'code', 'catalogue', 'pricing_type', 'product_catalog',
            'interval', null, 'amount_cents', null, 'pay_in_advance', null, 'parent_id', null
        ))).*
        from plans
        where code = 'pro'
        limit 1
        returning id
    )

    insert into subscriptions
    select (jsonb_populate_record(subscriptions, jsonb_build_object(
        'id', gen_random_uuid(), 'plan_id', priced.id, 'external_id', 'catalogue'
    ))).*
    from subscriptions cross join priced
    where subscriptions.status = 1
    limit 1
"""


@pytest.fixture(scope="module")
def project(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    return InProcess(new_database(), tmp_path_factory.mktemp("releases"))


@pytest.mark.parametrize(
    "release",
    [
        pytest.param(
            release, marks=[] if release in (SHAPES[0], SHAPES[-1]) else [pytest.mark.slow]
        )
        for release in RELEASES
    ],
)
def test_a_release_gives_the_reference_numbers(project: InProcess, release: str) -> None:
    with psycopg.connect(project.dsn) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.execute(
            "drop schema if exists tidemill, tidemill_core, tidemill_history cascade"
        )
        generate_and_load(connection, 40, 1, AS_OF, years=2, release=release)
        rows = scripted(release).rows
        # Lago's own log of edits, which nothing reads, numbers its rows.
        load(connection, {table: rows[table] for table in rows if table != "versions"})
        if release == "HEAD":
            connection.execute(CATALOGUE_PLAN)
    project.build(variables={"tidemill_as_of": AS_OF.isoformat()})
    with psycopg.connect(project.dsn) as connection:
        found = differences(connection, AS_OF)
        counted = connection.execute("select count(*) from tidemill.metric_mrr").fetchone()
    assert not found, "\n".join(found[:20])
    assert counted is not None
    assert counted[0] > 1000


def test_shapes_differ_in_more_than_the_ends_of_the_range() -> None:
    assert SHAPES[0] == "v1.26"
    assert len(SHAPES) > 3
