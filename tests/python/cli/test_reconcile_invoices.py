"""`tidemill reconcile --against invoices` and `--against ledger`, on rows made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import Result

from cli.conftest import Tidemill
from project import ROOT

TABLES = """
create schema tidemill;
create schema build;
create table build.as_of as select date '2026-03-05' as as_of_date;
create table build.definitions (option text, value text);
insert into build.definitions values
('reporting_timezone', 'UTC'), ('tenant_timezones', '[]'), ('week_factor', '52/12'),
('mrr_discounts', 'recurring');
create table build.mrr_movements (
    billing_source text, tenant_id text, movement_date date, currency text, amount numeric(28, 10)
);
create view tidemill.metric_mrr_movements as select * from build.mrr_movements;
create table build.item_mrr (
    billing_source text, tenant_id text, customer_id text, subscription_id text, item_id text,
    from_window date, to_window date, currency text, list_mrr numeric(28, 10),
    mrr numeric(28, 10), is_usage boolean
);
create table build.known_intervals (
    billing_source text, tenant_id text, subscription_id text, valid_from timestamptz,
    valid_to timestamptz, status text, charge_kind text, quantity numeric, amount numeric(28, 10),
    period_unit text, period_count integer
);
create table build.customers (
    billing_source text, tenant_id text, customer_id text, is_excluded boolean
);
create table build.invoice_lines (
    billing_source text, tenant_id text, customer_id text, subscription_id text, kind text,
    plan text, currency text, service_from timestamptz, service_to timestamptz, period_unit text,
    period_count integer, amount numeric(28, 10), discount numeric(28, 10), tax numeric(28, 10),
    invoiced_at timestamptz
);
"""
# subscription, from, to, list, mrr
ITEMS = """
same      2026-01-10 -          100 100
discount  2026-01-10 -          100 90
ended     2026-01-10 2026-02-20 40  40
unbilled  2026-02-10 -          60  60
part      2026-02-15 -          70  70
repriced  2026-01-10 -          100 100
unknown   2026-01-10 -          100 100
rounded   2026-01-10 -          33.3333333333 33.3333333333
changed   2026-02-20 -          80  80
arrears   2026-01-10 -          45  45
"""
# subscription, from, to, status, amount
INTERVALS = """
same      2026-01-10 -          active   100
discount  2026-01-10 -          active   100
trial     2026-02-10 2026-03-10 trialing 50
paused    2026-02-01 -          paused   30
ended     2026-01-10 2026-02-20 active   40
unbilled  2026-02-10 -          active   60
part      2026-02-15 -          active   70
repriced  2025-01-10 2026-01-10 active   90
repriced  2026-01-10 -          active   100
unknown   2026-01-10 -          active   100
changed   2026-02-10 2026-02-20 active   50
changed   2026-02-20 -          active   80
arrears   2026-01-10 -          active   45
partner   2026-01-10 -          active   25
"""
# subscription, service, amount, discount, invoiced on
LINES = """
same      2026-02-10 2026-03-10 100   0  2026-02-10
discount  2026-02-10 2026-03-10 100   20 2026-02-10
trial     2026-02-10 2026-03-10 50    0  2026-02-10
paused    2026-02-10 2026-03-10 30    0  2026-02-10
ended     2026-02-10 2026-03-10 40    0  2026-02-10
part      2026-02-15 2026-03-01 35    0  2026-02-15
repriced  2026-02-10 2026-03-10 90    0  2026-02-10
unknown   2026-02-10 2026-03-10 77    0  2026-02-10
rounded   2026-02-10 2026-03-10 33.33 0  2026-02-10
changed   2026-02-10 2026-03-10 50    0  2026-02-10
arrears   2026-01-10 2026-02-10 45    0  2026-02-10
partner   2026-02-10 2026-03-10 25    0  2026-02-10
"""
CAUSES = {
    "discount: invoices have another": 10,  # 100 - 10 here, 100 - 20 there
    "trial: billed all the same": -50,
    "status: paused, and billed": -30,
    "timing: billed beyond the end": -40,
    "timing: nothing was invoiced yet": 60,
    "proration: a part of a period": 35,  # 14 of 28 days
    "price: one that it had at another time": 10,
    "unexplained": 23,
    "timing: changed within the period billed": 30,
    "timing: billed at the end of the period": 45,
    "left out: the customer counts nowhere": -25,
}
Reconcile = Callable[..., Result]


def fields(text: str) -> list[list[str | None]]:
    return [
        [None if word == "-" else word for word in line.split()]
        for line in text.strip().splitlines()
    ]


@pytest.fixture(scope="module")
def made(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("set timezone = 'UTC'")
        session.execute(TABLES)
        for name, start, end, list_mrr, mrr in fields(ITEMS):
            session.execute(
                "insert into build.item_mrr values "
                "('lago', 't', %s, %s, %s, %s, %s, 'USD', %s, %s, false)",
                [f"c_{name}", name, name, start, end, list_mrr, mrr],
            )
            for day, sign in ((start, 1), (end, -1)):
                if day:
                    session.execute(
                        "insert into build.mrr_movements values "
                        "('lago', 't', %s, 'USD', %s * %s::numeric)",
                        [day, sign, mrr],
                    )
        for name, start, end, status, amount in fields(INTERVALS):
            session.execute(
                "insert into build.known_intervals values "
                "('lago', 't', %s, %s, %s, %s, 'licensed', 1, %s, 'month', 1)",
                [name, start, end, status, amount],
            )
        for name, start, end, amount, discount, invoiced in fields(LINES):
            session.execute(
                "insert into build.customers values ('lago', 't', %s, %s)",
                [f"c_{name}", name == "partner"],
            )
            session.execute(
                "insert into build.invoice_lines values ('lago', 't', %s, %s, 'recurring', 'p', "
                "'USD', %s, %s, 'month', 1, %s, %s, 0, %s)",
                [f"c_{name}", name, start, end, amount, discount, invoiced],
            )
    return dsn


@pytest.fixture
def reconcile(tidemill: Tidemill, made: str) -> Reconcile:
    return lambda *words: tidemill("reconcile", "--dsn", made, *words)


FEBRUARY = ("--from", "2026-02", "--to", "2026-02")


def test_the_difference_from_the_invoices_is_told_by_cause(reconcile: Reconcile) -> None:
    result = reconcile(*FEBRUARY, "--json")

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    (run,) = document["rows"]
    assert (run["from"], run["to"]) == ("2026-02-28", "2026-02-28")
    told = {cause["cause"]: float(cause["difference"]) for cause in run["causes"]}
    assert told == CAUSES
    assert float(run["difference"]) == sum(CAUSES.values())
    assert float(run["rounding"]) == pytest.approx(0.0033333333)


def test_a_line_says_what_is_compared_and_which_options_differ(reconcile: Reconcile) -> None:
    result = reconcile(*FEBRUARY)

    assert "MRR at the end of each month from 2026-02-01 to 2026-02-28" in result.stderr
    assert "mrr_discounts is recurring: an invoice has every discount of its period." in (
        result.stderr
    )
    assert "unexplained" in result.stdout
    assert "1 month compared, 0 equal within 0.01" in result.stdout


def test_within_the_tolerance_it_is_equal(reconcile: Reconcile) -> None:
    assert reconcile(*FEBRUARY, "--tolerance", "68").exit_code == 0
    assert reconcile(*FEBRUARY, "--tolerance", "67.9").exit_code == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--against", "sigma"], "--against sigma is about stripe, of which the metrics are not"),
        (["--source", "lagoo"], "there is no source lagoo: did you mean lago?"),
    ],
)
def test_what_cannot_be_compared_is_said(
    reconcile: Reconcile, words: list[str], sentence: str
) -> None:
    result = reconcile(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr


RELATIONS = (
    *("metric_mrr", "metric_mrr_items", "metric_mrr_movements", "metric_mrr_waterfall"),
    *("metric_mrr_reasons", "metric_arpa", "metric_churn", "metric_churn_customers"),
    *("metric_segment_mrr", "metric_segment_customers"),
)
# They may overlap: here they are the same.
SEGMENTS = ("small", "all of them")
MONTH = {"grain": "month", "period_start": "2026-01-01", "period_end": "2026-02-01",
         "is_complete": True, "billing_source": "lago", "tenant_id": "t"}  # fmt: skip
DAY = {**MONTH, "grain": "day"}
USD = {"currency": "USD", "reporting_currency": "USD"}
ZEROS = dict.fromkeys(
    (
        *("opening_mrr", "expansion_mrr", "contraction_mrr", "churn_mrr", "reactivation_mrr"),
        *("discount_mrr", "transfer_mrr", "fx_mrr"),
    ),
    0,
)
PUBLISHED: dict[str, list[dict[str, Any]]] = {
    "metric_mrr": [{**MONTH, **USD, "mrr": 10}],
    "metric_mrr_items": [
        {"billing_source": "lago", "tenant_id": "t", "currency": "USD", "mrr": 10,
         "from_date": "2026-01-10"},
    ],
    "metric_mrr_movements": [
        {"billing_source": "lago", "tenant_id": "t", "customer_id": "c", "currency": "USD",
         "amount": 10, "movement_date": "2026-01-10"},
    ],
    "metric_mrr_waterfall": [
        {**MONTH, **USD, **ZEROS, "new_mrr": 10, "closing_mrr": 10, "net_new_mrr": 10},
    ],
    "metric_mrr_reasons": [{**MONTH, **USD, "amount": 10}],
    "metric_arpa": [
        {**MONTH, "reporting_currency": "USD", "dimension": name, "mrr": 10}
        for name in ("total", "plan")
    ] + [
        {**period, "reporting_currency": "USD", "dimension": "segment", "dimension_value": name,
         "mrr": 10}
        for name in SEGMENTS
        for period in (MONTH, DAY)
    ],
    "metric_segment_mrr": [
        {**period, **USD, "segment": name, "closing_mrr": 10, "native_mrr": 10}
        for name in SEGMENTS
        for period in (MONTH, DAY)
    ],
    "metric_segment_customers": [
        {"billing_source": "lago", "tenant_id": "t", "customer_id": "c", "segment": name}
        for name in SEGMENTS
    ],
    "metric_churn": [],
    "metric_churn_customers": [],
}  # fmt: skip


@pytest.fixture
def published(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("create schema tidemill")
        for path in sorted((ROOT / "models" / "metrics").glob("*.yml")):
            for model in yaml.safe_load(path.read_text())["models"]:
                if model["name"] in RELATIONS:
                    columns = ", ".join(
                        f"{one['name']} {one['data_type']}" for one in model["columns"]
                    )
                    session.execute(f"create table tidemill.{model['name']} ({columns})")  # type: ignore[arg-type]
        for relation, rows in PUBLISHED.items():
            for row in rows:
                names, places = ", ".join(row), ", ".join(["%s"] * len(row))
                session.execute(
                    f"insert into tidemill.{relation} ({names}) values ({places})",  # type: ignore[arg-type]
                    list(row.values()),
                )
    return database


def test_the_ledger_agrees_with_itself(tidemill: Tidemill, published: str) -> None:
    result = tidemill("reconcile", "--against", "ledger", "--dsn", published)

    assert result.exit_code == 0, result.output
    assert [line.split()[-2:] for line in result.stdout.splitlines()[2:8]] == [
        *([["1", "0"]] * 5),
        ["2", "0"],
    ]


@pytest.mark.parametrize(
    ("relation", "identity"),
    [
        ("metric_mrr_items", "items in force = movements so far"),
        ("metric_mrr", "closing of the waterfall = metric_mrr"),
        ("metric_mrr_reasons", "movements of a period = what the waterfall says"),
        ("metric_arpa", "every dimension adds up to metric_mrr"),
        ("metric_arpa", "a segment's slices = its tuples"),
        ("metric_segment_mrr", "movements of a segment's customers = its MRR"),
    ],
)
def test_what_does_not_agree_is_named(
    tidemill: Tidemill, published: str, relation: str, identity: str
) -> None:
    column = {"metric_mrr_reasons": "amount", "metric_segment_mrr": "native_mrr"}.get(
        relation, "mrr"
    )
    with psycopg.connect(published, autocommit=True) as session:
        session.execute(f"update tidemill.{relation} set {column} = {column} + 0.02")  # type: ignore[arg-type]

    result = tidemill("reconcile", "--against", "ledger", "--dsn", published, "--json")

    assert result.exit_code == 1
    found = {one["name"]: one for one in json.loads(result.stdout)["identities"]}
    assert found[identity]["differing"] >= 1
    assert "lago t" in found[identity]["where"]
    tolerant = ("--against", "ledger", "--dsn", published, "--tolerance", "0.02")
    assert tidemill("reconcile", *tolerant).exit_code == 0


def test_where_there_is_nothing_yet_that_is_said(tidemill: Tidemill, database: str) -> None:
    result = tidemill("reconcile", "--against", "ledger", "--dsn", database)
    assert result.exit_code == 2
    assert "no metrics yet in schema tidemill: run `tidemill run` first." in result.stderr
