"""Looking up metrics of segments, against tables made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from tidemill_cli.client import Client
from tidemill_cli.config import ConnectionOptions

# ruff: noqa: E501 - one row per line
LookUp = Callable[..., Result]

TABLES = """
create schema tidemill;
create table tidemill.metric_mrr (grain text, period_start date);
insert into tidemill.metric_mrr values ('day', '2026-03-15');

create table tidemill.metric_segment_mrr (
    segment text, grain text, period_start date, period_end date, is_complete boolean,
    billing_source text, tenant_id text, plan text, currency text, country text,
    reporting_currency text, closing_mrr numeric(28, 10), arr_run_rate numeric(28, 10)
);
insert into tidemill.metric_segment_mrr values
('small', 'day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 10, 120),
('small', 'day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'lite', 'USD', 'DE', 'USD', 5, 60),
('small', 'day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'lite', 'JPY', 'JP', 'JPY', 900, 10800),
('large', 'day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'pro', 'USD', 'FR', 'USD', 100, 1200),
('small', 'month', '2026-01-01', '2026-02-01', true, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 7, 84),
('large', 'month', '2026-01-01', '2026-02-01', true, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 90, 1080),
('large', 'month', '2026-02-01', '2026-03-01', true, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 80, 960),
('small', 'month', '2026-03-01', '2026-04-01', false, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 15, 180),
('large', 'month', '2026-03-01', '2026-04-01', false, 'lago', 'acme', 'pro', 'USD', 'DE', 'USD', 100, 1200);

create table tidemill.metric_customers (
    grain text, period_start date, period_end date, is_complete boolean,
    billing_source text, tenant_id text, dimension text, dimension_value text,
    opening_customers bigint, new_customers bigint, returned_customers bigint,
    lost_customers bigint, customers bigint, subscriptions bigint
);
insert into tidemill.metric_customers values
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'total', 'all', 6, 0, 0, 0, 6, 6),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'segment', 'small', 1, 0, 0, 0, 1, 1),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'bolt', 'segment', 'small', 2, 0, 0, 0, 2, 2),
('day', '2026-03-15', '2026-03-16', false, 'all', 'all', 'segment', 'small', 3, 0, 0, 0, 3, 3),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'segment', 'large', 4, 0, 0, 0, 4, 5),
('day', '2026-03-15', '2026-03-16', false, 'all', 'all', 'segment', 'large', 4, 0, 0, 0, 4, 5);

create table tidemill.metric_segment_customers (
    billing_source text, tenant_id text, customer_id text, segment text
);
insert into tidemill.metric_segment_customers values
('lago', 'acme', 'c1', 'small'), ('lago', 'bolt', 'c2', 'small'), ('lago', 'acme', 'c3', 'large');

create table tidemill.metric_mrr_movements (
    movement_id text, movement_date date, billing_source text, tenant_id text, customer_id text,
    movement_type text, reason text, plan text, product text, currency text, country text,
    billing_interval text, amount numeric, mrr_before numeric, mrr_after numeric,
    reporting_currency text, reporting_amount numeric, is_voluntary boolean,
    subscription_ids text, source_rows text, sequence integer
);
insert into tidemill.metric_mrr_movements (
    movement_id, movement_date, billing_source, tenant_id, customer_id, currency, amount, mrr_after,
    movement_type, reason, plan, sequence
) values
('one', '2026-03-01', 'lago', 'acme', 'c1', 'USD', 10, 10, 'new', 'subscription', 'pro', 1),
('other tenant', '2026-03-01', 'lago', 'bolt', 'c1', 'USD', 10, 10, 'new', 'subscription', 'pro', 1),
('three', '2026-03-02', 'lago', 'acme', 'c3', 'USD', 10, 10, 'new', 'subscription', 'pro', 1);
"""


@pytest.fixture(scope="module")
def metrics(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(TABLES)
    return dsn


@pytest.fixture
def look_up(tidemill: Tidemill, metrics: str) -> LookUp:
    return lambda *words: tidemill(*words, "--dsn", metrics)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["rows"]
    return found


def test_mrr_of_a_segment_is_read_where_segments_are(look_up: LookUp) -> None:
    found = rows(look_up("mrr", "--segment", "small", "--json"))
    assert [(one["reporting_currency"], Decimal(one["mrr"])) for one in found] == [
        ("JPY", 900),
        ("USD", 15),
    ]
    (usd,) = rows(look_up("arr", "--segment", "small", "--where", "country=DE", "--json"))
    assert Decimal(usd["arr_run_rate"]) == 180
    by_plan = rows(look_up("mrr", "--segment", "small", "--by", "plan", "--json"))
    assert [(one["plan"], Decimal(one["mrr"])) for one in by_plan] == [
        ("lite", 900),
        ("pro", 10),
        ("lite", 5),
    ]


def test_segments_stand_side_by_side(look_up: LookUp) -> None:
    result = look_up("mrr", "--compare", "large,small", "--grain", "month", "--from", "2026-01")
    assert result.exit_code == 0, result.stderr
    table, _, series = result.stdout.partition("\n\n")
    assert [line.split() for line in table.splitlines()] == [
        ["mrr:"],
        ["month", "reporting_currency", "large", "small"],
        ["--------------", "------------------", "------", "-----"],
        ["2026-01", "USD", "90.00", "7.00"],
        ["2026-02", "USD", "80.00"],
        ["2026-03", "so", "far", "USD", "100.00", "15.00"],
    ]
    assert series.split()[:3] == ["mrr", "large", "USD"]


def test_all_columns_of_segments_are_told_apart(look_up: LookUp) -> None:
    result = look_up("customers", "--compare", "small,large", "--show", "customers,subscriptions")
    assert [line.split("  ") for line in result.stdout.splitlines() if line][:1] == [
        ["customers small", "customers large", "subscriptions small", "subscriptions large"]
    ]
    assert result.stdout.splitlines()[-1].split() == ["3", "4", "3", "5"]


def test_of_slices_a_segment_is_over_all_tenants_unless_one_is_asked_for(look_up: LookUp) -> None:
    (everywhere,) = rows(look_up("customers", "--segment", "small", "--json"))
    assert (everywhere["customers"], everywhere["tenant"]) == (3, None)
    (acme,) = rows(look_up("customers", "--segment", "small", "--tenant", "acme", "--json"))
    assert (acme["customers"], acme["tenant"]) == (1, "acme")
    both = rows(look_up("customers", "--by", "segment,tenant", "--json"))
    assert [(one["tenant"], one["segment"], one["customers"]) for one in both] == [
        ("acme", "large", 4),
        ("acme", "small", 1),
        ("bolt", "small", 2),
    ]


def test_movements_of_a_segment_are_those_of_its_customers(look_up: LookUp) -> None:
    result = look_up("movements", "--list", "--segment", "small", "--from", "2026-03", "--json")
    assert [one["movement_id"] for one in rows(result)] == ["one"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["mrr", "--segment", "smal"],
            "there is no segment smal in the metrics: did you mean small",
        ),
        (["churn", "--segment", "small", "--by", "plan"], "for plan and segment together"),
        (
            ["cac", "--segment", "small"],
            "--segment: cac is not split by segment, but by source, tenant.",
        ),
        (["mrr", "--compare", "small"], "--compare small names one segment: --segment shows one."),
        (["mrr", "--compare", "a,b", "--segment", "c"], "--compare names the segments to show"),
        (["mrr", "--where", "segment=a,segment=b"], "--compare a,b shows each."),
    ],
)
def test_what_makes_no_sense_is_said(look_up: LookUp, words: list[str], sentence: str) -> None:
    result = look_up(*words)

    assert result.exit_code == 2
    assert sentence in result.stderr


def test_python_compares_segments(metrics: str) -> None:
    with Client(ConnectionOptions(dsn=metrics), "a test") as client:
        found = client.mrr(compare=["large", "small"], by="country", currency="USD")
        assert [(row.country, row.segment) for row in found] == [("FR", "large"), ("DE", "small")]
        assert [row.mrr for row in client.mrr(segment="large")] == [100]
