"""`tidemill reconcile` against what Kill Bill's analytics plugin would hold, by its own formula."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.testing import Result

from cli.conftest import Tidemill
from killbill.books import Books, instant
from killbill.catalog_xml import Phase, Plan, catalog
from plain_dbt.in_process import UNTESTED, InProcess
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.schema import create_schema

AS_OF = "2024-06-15T12:00:00Z"
# The periods that the plugin knows, in months; every other one is nothing to it.
KNOWN = {"MONTHLY": 1, "QUARTERLY": 3, "BIANNUAL": 6, "ANNUAL": 12, "BIENNIAL": 24}
# Everything in an account of its own, so that what differs can be told apart.
PLANS = {
    "monthly": ("MONTHLY", "30"),
    "annual": ("ANNUAL", "100"),
    "quarterly": ("QUARTERLY", "100"),
    "weekly": ("WEEKLY", "12"),
    "days": ("THIRTY_DAYS", "30"),
    "four": ("TRIANNUAL", "40"),
}


def mrr(price: str, period: str) -> Decimal:
    """The plugin's: a price by months, for one, in four places."""
    if period not in KNOWN:
        return Decimal("0.0000")
    return (Decimal(price) / KNOWN[period]).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@dataclass
class Plugin:
    """Rows of its transitions."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def row(
        self,
        subscription: str,
        event: str,
        start: str,
        end: str | None = None,
        price: str | None = None,
        period: str | None = None,
        **more: object,
    ) -> None:
        """One for each service, as the plugin keeps a change of plan."""
        for service in ("entitlement-service", "billing-service"):
            self.rows.append(
                {
                    "tenant_record_id": 1,
                    "account_id": f"account-{subscription}",
                    "subscription_id": subscription,
                    "event": event,
                    "next_service": service,
                    "next_billing_period": period,
                    "next_mrr": mrr(price, period) if price and period else None,
                    "next_currency": "USD",
                    "next_start_date": date.fromisoformat(start),
                    "next_end_date": date.fromisoformat(end) if end else None,
                    "report_group": "default",
                    **more,
                }
            )

    def runs(self, subscription: str, plan: str, start: str, end: str | None = None) -> None:
        period, price = PLANS[plan]
        self.row(subscription, "START_ENTITLEMENT_BASE", start, end, price, period)

    def load(self, connection: psycopg.Connection[Any], schema: str) -> None:
        table = sql.Identifier(schema, "analytics_subscription_transitions")
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        connection.execute(
            sql.SQL(
                "create table {} (record_id bigserial, tenant_record_id bigint, "
                "account_id varchar(36), subscription_id varchar(36), event varchar(50), "
                "next_service varchar(50), next_billing_period varchar(50), "
                "next_mrr numeric(10, 4), next_currency varchar(50), next_start_date date, "
                "next_end_date date, report_group varchar(50))"
            ).format(table)
        )
        for row in self.rows:
            connection.execute(
                sql.SQL("insert into {} ({}) values ({})").format(
                    table,
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                ),
                list(row.values()),
            )


def subscribe(made: Books, name: str, plan: str, start: str = "2024-03-01") -> None:
    made.account(f"account-{name}")
    made.subscription(name, f"account-{name}")
    made.event(name, "CREATE", f"{start}T10:00:00", plan, "evergreen")


def books() -> Books:
    made = Books()
    made.tenant()
    plans = [
        Plan(name, [Phase("EVERGREEN", period, {"USD": price})])
        for name, (period, price) in PLANS.items()
    ]
    tried = Plan(
        "tried",
        [Phase("TRIAL", fixed={}, days=30), Phase("EVERGREEN", "MONTHLY", {"USD": "25"})],
    )
    made.catalog(catalog(*plans, tried))
    for name in PLANS:
        subscribe(made, name, name)
    subscribe(made, "several", "quarterly")
    made.event("several", "QUANTITY_UPDATE", "2024-03-01T10:00:00", quantity=3)
    subscribe(made, "paused", "monthly")
    pause(made, "paused", "2024-04-10T10:00:00", "2024-05-20T10:00:00")
    # Access ends at once, and what is paid is billed.
    subscribe(made, "leaving", "monthly")
    made.event("leaving", "CANCEL", "2024-05-01T10:00:00")
    made.add(
        "blocking_states",
        **blocking("leaving", "ENT_CANCELLED", "2024-04-20T10:00:00", blocked=False),
    )
    subscribe(made, "billed", "monthly")
    for start, end in (("2024-03-01", "2024-04-01"), ("2024-04-01", "2024-05-01")):
        made.item("billed", "monthly-evergreen", start, end, "27", account="account-billed")
    subscribe(made, "missing", "monthly", "2024-05-15")
    subscribe(made, "doubled", "monthly")
    subscribe(made, "expired", "monthly")
    made.event("expired", "EXPIRED", "2024-05-10T10:00:00")
    made.account("account-tried")
    made.subscription("tried", "account-tried")
    made.event("tried", "CREATE", "2024-03-01T10:00:00", "tried", "trial")
    made.event("tried", "PHASE", "2024-03-31T10:00:00", phase="tried-evergreen")
    return made


def blocking(subscription: str, state: str, at: str, *, blocked: bool) -> dict[str, Any]:
    return {
        "blockable_id": subscription,
        "type": "SUBSCRIPTION",
        "state": state,
        "service": "entitlement-service",
        "block_change": True,
        "block_entitlement": True,
        "block_billing": blocked,
        "effective_date": instant(at),
        "is_active": True,
        "tenant_record_id": 1,
    }


def pause(made: Books, subscription: str, start: str, end: str) -> None:
    made.add("blocking_states", **blocking(subscription, "ENT_BLOCKED", start, blocked=True))
    made.add("blocking_states", **blocking(subscription, "ENT_CLEAR", end, blocked=False))


def agreeing() -> Plugin:
    """What the plugin keeps of what it counts as Tidemill does."""
    plugin = Plugin()
    for name in ("monthly", "annual", "quarterly"):
        plugin.runs(name, name, "2024-03-01")
    return plugin


def differing() -> Plugin:
    """And of all the rest."""
    plugin = agreeing()
    for name in ("weekly", "days", "four"):
        plugin.runs(name, name, "2024-03-01")
    plugin.runs("several", "quarterly", "2024-03-01")
    # A pause has what was before.
    plugin.runs("paused", "monthly", "2024-03-01", "2024-04-10")
    for event, start, end in (
        ("PAUSE_ENTITLEMENT_BASE", "2024-04-10", "2024-05-20"),
        ("RESUME_ENTITLEMENT_BASE", "2024-05-20", None),
    ):
        plugin.row("paused", event, start, end, "30", "MONTHLY")
    plugin.runs("leaving", "monthly", "2024-03-01", "2024-04-20")
    plugin.row("leaving", "STOP_ENTITLEMENT_BASE", "2024-04-20")
    plugin.runs("billed", "monthly", "2024-03-01")
    plugin.runs("doubled", "monthly", "2024-03-01")
    plugin.runs("doubled", "monthly", "2024-03-01")
    # It has not seen the expiry.
    plugin.runs("expired", "monthly", "2024-03-01")
    plugin.row("tried", "START_ENTITLEMENT_BASE", "2024-03-01", "2024-03-31")
    plugin.row("tried", "SYSTEM_CHANGE_BASE", "2024-03-31", None, "25", "MONTHLY")
    # What no report counts.
    plugin.row("tester", "START_ENTITLEMENT_BASE", "2024-03-01", None, "9", "MONTHLY",
               report_group="test")  # fmt: skip
    return plugin


@pytest.fixture(scope="module")
def dsn(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    made = new_database()
    with psycopg.connect(made) as connection:
        create_schema(connection)
        books().load(connection)
        differing().load(connection, "differing")
        agreeing().load(connection, "agreeing")
    with connect(resolve(ConnectionOptions(dsn=made), {}), "tests") as session:
        parse_catalogs(session, "tidemill_parsed", "public")
    project = InProcess(made, tmp_path_factory.mktemp("plugin"))
    project.build(
        *UNTESTED,
        *("--select", "+metric_mrr_movements", "+definitions"),
        variables={"tidemill_as_of": AS_OF, "tidemill_billing_sources": ["killbill"]},
    )
    return made


@pytest.fixture
def reconcile(tidemill: Tidemill, dsn: str) -> Callable[..., Result]:
    return lambda *words: tidemill("reconcile", "--dsn", dsn, *words)


def causes(result: Result, day: str) -> dict[str, tuple[int, Decimal]]:
    """What makes the difference at the end of the run of days that a day lies in."""
    assert result.exit_code == 1, result.stderr
    (row,) = [row for row in json.loads(result.stdout)["rows"] if row["from"] <= day <= row["to"]]
    found = {
        one["cause"]: (one["subscriptions"], Decimal(one["difference"])) for one in row["causes"]
    }
    assert sum(amount for _, amount in found.values()) == pytest.approx(
        Decimal(row["difference"]), abs=Decimal("0.001")
    )
    return found


PERIOD = "billing period that it takes for none"
PAUSED = "paused: it keeps the MRR"
QUANTITY = "quantity: it counts one"
ENDED = "cancelled at the entitlement's end"
ROUNDED = "rounding to four places"
BILLED = "billed at another price than the catalog's"
DOUBLED = "doubled service rows"
MISSING = "not in its table"
LEFT = "ended or left out here, and in force there"
# 12 a week, 30 for thirty days, and 40 for four months.
UNKNOWN = Decimal(12) * 52 / 12 + Decimal(30) * 365 / 12 / 30 + Decimal(10)


def test_every_difference_has_its_cause(reconcile: Callable[..., Result]) -> None:
    result = reconcile("--analytics-schema", "differing", "--json")

    march = causes(result, "2024-03-15")
    assert march.pop(PERIOD) == (3, pytest.approx(UNKNOWN, abs=Decimal("1e-8")))
    # Two of three at 100 a quarter; three of thirty were not billed; and one is there twice.
    assert march.pop(QUANTITY) == (1, pytest.approx(Decimal(200) / 3, abs=Decimal("1e-8")))
    # 33.3333 for a third of 100
    assert march.pop(ROUNDED) == (1, pytest.approx(Decimal(1) / 30_000, abs=Decimal("1e-8")))
    assert march == {BILLED: (1, -3), DOUBLED: (1, -30)}

    april = causes(result, "2024-04-25")
    assert april[PAUSED] == (1, -30)
    assert april[ENDED] == (1, 30)
    assert set(april) == {PERIOD, QUANTITY, ROUNDED, BILLED, DOUBLED, PAUSED, ENDED}

    may = causes(result, "2024-05-17")
    assert (may[MISSING], may[LEFT], may[PAUSED]) == ((1, 30), (1, -30), (1, -30))
    assert BILLED not in may, "no invoice of May"

    june = causes(result, "2024-06-14")
    assert set(june) == {PERIOD, QUANTITY, ROUNDED, DOUBLED, MISSING, LEFT}
    assert june[MISSING] == (1, 30)


def test_causes_are_shown_and_written(reconcile: Callable[..., Result]) -> None:
    shown = reconcile("--analytics-schema", "differing", "--from", "2024-03-15", "--to",
                      "2024-03-15")  # fmt: skip
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "on currency because subscriptions difference" in lines
    assert f"2024-03-15 USD {DOUBLED} 1 -30.00" in lines
    assert "from to currency ours Plugin rounding difference" in lines

    written = reconcile("--analytics-schema", "differing", "--csv")
    head, first, *_ = written.stdout.splitlines()
    assert head.endswith("ours,plugin,rounding,difference,subscriptions,causes")
    assert f"{DOUBLED}: -30.0000000000" in first


def test_options_that_are_not_as_the_plugin_counts_are_named(
    reconcile: Callable[..., Result],
) -> None:
    result = reconcile("--analytics-schema", "differing", "--json")

    named = {one["option"]: one["plugin"] for one in json.loads(result.stdout)["options"]}
    assert set(named) == {"churn_date", "mrr_paused", "mrr_price_source"}
    assert named["mrr_paused"] == "the plugin keeps the MRR of what is paused"
    assert "Options that the plugin's numbers are not made with" in result.stderr


def test_what_both_count_alike_agrees(reconcile: Callable[..., Result]) -> None:
    """Of 100 a quarter the plugin has 33.3333."""
    result = reconcile("--analytics-schema", "agreeing", "--json", "--subscriptions", "99")

    rows = json.loads(result.stdout)["rows"]
    differ = {one["subscription_id"] for row in rows for one in row["subscriptions"]}
    assert differ
    assert not differ & {"monthly", "annual", "quarterly"}
    assert {cause["cause"] for row in rows for cause in row["causes"]} >= {MISSING}


def test_a_database_without_the_plugin_is_said(reconcile: Callable[..., Result]) -> None:
    result = reconcile()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no public.analytics_subscription_transitions in database" in result.stderr


def test_a_source_that_was_not_built_is_said(reconcile: Callable[..., Result]) -> None:
    stripe = reconcile("--source", "stripe")
    other = reconcile("--source", "killbil")

    assert "the metrics are built without Stripe: run `tidemill run --vars " in stripe.stderr
    assert "there is no source killbil" in other.stderr
    assert (stripe.exit_code, other.exit_code) == (2, 2)


def test_a_user_who_may_not_read_it_is_told_how(tidemill: Tidemill, dsn: str, reader: str) -> None:
    with psycopg.connect(dsn) as connection:
        for schema in ("tidemill", "tidemill_core"):
            connection.execute(f"grant usage on schema {schema} to {reader}")
            connection.execute(f"grant select on all tables in schema {schema} to {reader}")
    result = tidemill(
        *("reconcile", "--dsn", make_conninfo(dsn, user=reader)),
        *("--analytics-schema", "agreeing"),
    )

    assert result.exit_code == 2
    assert f"user {reader} may not read agreeing.analytics_sub" in result.stderr
    assert "`grant usage on schema agreeing to " in result.stderr
