"""A history that a real server lived through, and what `tidemill run` makes of its database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from killbill.test_grants import FUNCTION, ROLE
from project import ROOT

from . import expected
from .conftest import Start
from .rest import KillBill
from .stories import STORIES, VERSIONS, Story
from .world import Customer, World

pytestmark = pytest.mark.server

_BEGIN = date(2024, 1, 1)


@dataclass(frozen=True)
class Told:
    """A session on the metrics of a history, and the day after its last."""

    connection: psycopg.Connection[Any] = field(repr=False)
    # The DSN of who builds them.
    role: str
    end: date

    @property
    def build(self) -> str:
        """The schema of what is between the database of Kill Bill and the metrics."""
        builds = self.rows(
            "select build from tidemill.tidemill_builds where published order by started_at"
        )
        return str(builds[-1][0])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(date(2024, 4, 1), id="three months"),
        pytest.param(date(2026, 1, 1), id="two years", marks=pytest.mark.slow),
    ],
)
def told(kill_bill: Start, request: pytest.FixtureRequest) -> Iterator[Told]:
    with kill_bill() as server:
        _live(World(server, _BEGIN), request.param)
        role = _grant(server.dsn)
        _run(role, request.param)
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            yield Told(connection, role, request.param)


def _live(world: World, end: date) -> None:
    """Do, day by day, what the stories say."""
    for tenant in ("north", "south"):
        world.open(tenant)
    cast: dict[str, Customer] = {}
    for name, story in STORIES.items():
        parent = cast[story.parent] if story.parent else None
        cast[name] = _welcome(world.shops[story.tenant], name, story, parent)
    while world.today < end:
        day = world.today.isoformat()
        acts = [story.acts[day] for story in STORIES.values() if day in story.acts]
        if acts or day in VERSIONS:
            world.work()
        if day in VERSIONS:
            world.shops["north"].upload_catalog(VERSIONS[day])
        for act in acts:
            act(cast)
        world.sleep()


def _welcome(shop: KillBill, name: str, story: Story, parent: Customer | None) -> Customer:
    family: dict[str, object] = {}
    if parent:
        family = {"parentAccountId": parent.account, "isPaymentDelegatedToParent": True}
    account = shop.create_account(
        name,
        story.currency,
        timeZone=story.zone,
        country=story.country,
        **family,
    )
    if story.has_card:
        shop.add_payment_method(account)
    return Customer(shop, name, account, parent)


def _grant(dsn: str) -> str:
    """Grant a role what docs/sources/killbill.md says, for this release, and give its DSN."""
    script = ROLE.replace(", quantity", "").replace(
        "tenant_record_id, status", "tenant_record_id, success"
    )
    with psycopg.connect(dsn) as session:
        session.execute(script)  # type: ignore[arg-type]
        session.execute(FUNCTION)  # type: ignore[arg-type]
    return make_conninfo(dsn, user="tidemill")


def _run(dsn: str, end: date, *options: str) -> None:
    """Build the metrics as a user would; here the run itself reads the catalogs."""
    variables = ("tidemill_billing_sources=[killbill]", f"tidemill_as_of={end}T00:00:00Z")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tidemill_cli", "run", "--dsn", dsn),
            *("--project-dir", str(ROOT)),
            *(word for option in (*variables, *options) for word in ("--vars", option)),
        ],
        # Without what somebody has set for runs of their own.
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TIDEMILL_", "DBT_", "PG"))
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]


def _ledger(told: Told) -> list[tuple[Any, ...]]:
    """The movements of each customer and day."""
    return told.rows(
        """
        select
            customers.external_key,
            movements.movement_date::text,
            movements.movement_type,
            movements.currency,
            round(sum(movements.amount), 4)::text
        from tidemill.metric_mrr_movements as movements
        inner join accounts as customers on customers.id = movements.customer_id
        -- From one plan to another: nothing in all.
        where movements.movement_type <> 'transfer'
        group by 1, 2, 3, 4
        order by 1, 2, 3, 4
        """
    )


def test_the_ledger_says_what_was_done(told: Told) -> None:
    found = _ledger(told)
    assert found == expected.movements(told.end)


def test_mrr_at_the_end_of_each_month_is_what_the_prices_add_up_to(told: Told) -> None:
    found = told.rows(
        f"""
        select
            tenants.external_key,
            metric.period_start::text,
            metric.currency,
            round(sum(metric.native_mrr), 2)::text
        from tidemill.metric_mrr as metric
        inner join tenants on tenants.id = metric.tenant_id
        where metric.grain = 'month' and metric.period_start < '{told.end}'
        group by 1, 2, 3
        """
    )
    assert {row[:3]: row[3] for row in found} == expected.mrr(told.end)


def test_customers_are_counted_as_they_came_and_went(told: Told) -> None:
    found = told.rows(
        f"""
        select
            tenants.external_key,
            metric.period_start::text,
            metric.new_customers,
            metric.returned_customers,
            metric.lost_customers,
            metric.customers
        from tidemill.metric_customers as metric
        inner join tenants on tenants.id = metric.tenant_id
        where
            metric.grain = 'month'
            and metric.dimension = 'total'
            and metric.period_start < '{told.end}'
        """
    )
    assert {row[:2]: row[2:] for row in found} == expected.customers(told.end)


def test_who_leaves_is_churn_of_those_who_paid(told: Told) -> None:
    found = told.rows(
        f"""
        select
            tenants.external_key,
            metric.period_start::text,
            metric.reporting_currency,
            metric.opening_customers,
            metric.churned_customers,
            round(metric.opening_mrr, 2)::text,
            round(metric.churned_mrr, 2)::text
        from tidemill.metric_churn as metric
        inner join tenants on tenants.id = metric.tenant_id
        where
            metric.grain = 'month'
            and metric.dimension = 'total'
            and metric.period_start < '{told.end}'
            and metric.opening_customers > 0
            -- Beside it is a row of all currencies, which counts customers only.
            and metric.reporting_currency <> 'any'
        """
    )
    assert {row[:3]: row[3:] for row in found} == expected.churn(told.end)


def test_trials_are_those_that_were_begun(told: Told) -> None:
    found = told.rows(
        f"""
        select
            accounts.external_key,
            trials.started_at::date::text,
            trials.ends_at::date::text,
            trials.cancelled_at::date::text
        from {told.build}.killbill__trials as trials
        inner join accounts on accounts.id = trials.customer_id
        order by 1
        """
    )
    assert found == expected.trials(told.end)


def test_trials_convert_as_told(told: Told) -> None:
    found = told.rows(
        """
        select period_start::text, trials_started, trials_converted, trials_cancelled
        from tidemill.metric_trials
        inner join tenants on tenants.id = metric_trials.tenant_id
        where
            grain = 'month'
            and dimension = 'total'
            and tenants.external_key = 'north'
            and trials_started > 0
        """
    )
    assert {row[0]: row[1:] for row in found} == expected.trial_counts(told.end)


def test_lines_are_what_was_billed(told: Told) -> None:
    names = ", ".join(f"'{name}'" for name, story in STORIES.items() if story.lines is not None)
    found = told.rows(
        f"""
        select
            accounts.external_key,
            lines.kind,
            lines.service_from::date::text,
            lines.service_to::date::text,
            round(lines.amount, 2)::text,
            round(lines.refunded, 2)::text
        from {told.build}.killbill__invoice_lines as lines
        inner join accounts on accounts.id = lines.customer_id
        where
            lines.invoiced_at < '2024-04-01'
            and accounts.external_key in ({names})
        order by accounts.external_key, lines.service_from, lines.amount
        """
    )
    assert found == expected.lines()


def test_catalog_and_invoices_agree_on_every_price(told: Told) -> None:
    found = told.rows(
        """
        select issue, detail from tidemill.data_issues
        where issue in ('price_differs', 'catalog_not_parsed') or severity = 'error'
        """
    )
    assert found == []


def test_accounts_are_left_out_belong_together_and_close_as_told(told: Told) -> None:
    found = told.rows(
        f"""
        select
            customers.external_id,
            customers.excluded_because,
            parents.external_id,
            customers.deleted_at::date::text
        from {told.build}.killbill__customers as customers
        left join {told.build}.killbill__customers as parents
            on customers.parent_customer_id = parents.customer_id
        where num_nonnulls(
            customers.excluded_because, parents.external_id, customers.deleted_at
        ) > 0
        order by 1
        """
    )
    assert found == [
        ("pia", None, "pam", None),
        ("tim", "test account", None, None),
        ("xan", None, None, "2024-03-18"),
    ]


def test_the_role_that_builds_reads_no_secret(told: Told) -> None:
    with psycopg.connect(told.role, autocommit=True) as session:
        for secret in ("api_secret from tenants", "api_salt from tenants", "* from tenant_kvs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"select {secret}")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["catalog", "invoice"])
def test_catalog_and_invoices_each_tell_the_whole_ledger(told: Told, source: str) -> None:
    _run(told.role, told.end, f"tidemill_mrr_price_source={source}")
    assert _ledger(told) == expected.movements(told.end)


@pytest.mark.slow
def test_without_a_catalog_only_the_end_of_a_term_is_not_told(told: Told) -> None:
    told.connection.execute("update tenant_kvs set is_active = false where tenant_key = 'CATALOG'")
    _run(told.role, told.end)
    told.connection.execute("update tenant_kvs set is_active = true where tenant_key = 'CATALOG'")
    assert _ledger(told) == sorted(
        (name, day, *rest)
        for name, day, *rest in expected.movements(told.end)
        if (name, day) != ("gus", "2024-03-20")
    )
