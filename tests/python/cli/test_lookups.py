"""Looking up metrics that have a row per slice, against tables made by hand."""

from __future__ import annotations

import csv
import io
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
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.metrics import METRICS, Metric
from tidemill_cli.lookup.units import Unit

TYPES = {
    Unit.COUNT: "bigint",
    Unit.MONEY: "numeric(38, 22)",
    Unit.SHARE: "numeric(28, 10)",
    Unit.NUMBER: "numeric(28, 10)",
    Unit.NAME: "text",
}
MRR = """
create table tidemill.metric_mrr (grain text, period_start date);
insert into tidemill.metric_mrr values ('day', '2026-03-15');
create table tidemill.metric_segment_customers (segment text);
insert into tidemill.metric_segment_customers values ('small');
"""


def creation(metric: Metric[Any]) -> str:
    """An empty table with the columns of the relation."""
    days = ("_start", "_end", "_date")
    columns = [
        f"{name} {TYPES.get(unit) or ('date' if name.endswith(days) else 'integer')}"
        for name, unit in metric.units.items()
    ]
    owners = ["billing_source text", "tenant_id text", "dimension text", "dimension_value text"]
    periods = ["grain text", "period_start date", "period_end date", "is_complete boolean"]
    return (
        f"create table tidemill.{metric.relation} ("
        + ", ".join(
            [
                *(periods if metric.has_periods else []),
                *owners,
                *(["reporting_currency text"] if metric.has_money else []),
                *columns,
            ]
        )
        + ")"
    )


# grain, period, owner, dimension, value, currency; opening and churned customers, rate
CHURN = """
month 2026-01-01 2026-02-01 true  lago   acme total   all  USD 10 1 0.1
month 2026-01-01 2026-02-01 true  lago   acme plan    pro  USD 6  1 0.1666666667
month 2026-01-01 2026-02-01 true  lago   acme plan    lite USD 4  0 0
month 2026-01-01 2026-02-01 true  lago   acme country DE   USD 10 1 0.1
month 2026-02-01 2026-03-01 true  lago   acme total   all  USD 9  0 0
month 2026-02-01 2026-03-01 true  lago   bolt total   all  USD 5  5 1
month 2026-02-01 2026-03-01 true  lago   bolt plan    pro  USD 5  5 1
month 2026-02-01 2026-03-01 true  lago   all  source  lago USD 14 5 0.3571428571
month 2026-02-01 2026-03-01 true  all    all  overall all  USD 14 5 0.3571428571
month 2026-03-01 2026-04-01 false lago   acme total   all  USD 9  2 0.2222222222
month 2026-03-01 2026-04-01 false all    all  overall all  USD 9  2 0.2222222222
quarter 2026-01-01 2026-04-01 false lago acme total   all  USD 10 3 0.3
"""


@pytest.fixture(scope="module")
def slices(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("create schema tidemill")
        session.execute(MRR)
        for metric in METRICS.values():
            if metric.relation != "metric_mrr":
                session.execute(creation(metric))  # type: ignore[arg-type] - made above
        for line in CHURN.strip().splitlines():
            session.execute(
                "insert into tidemill.metric_churn (grain, period_start, period_end, is_complete, "
                "billing_source, tenant_id, dimension, dimension_value, reporting_currency, "
                "logo_churn_denominator, churned_customers, logo_churn_rate) "
                f"values ({', '.join(['%s'] * 12)})",
                line.split(),
            )
    return dsn


@pytest.fixture
def look_up(tidemill: Tidemill, slices: str) -> Callable[..., Result]:
    return lambda *words: tidemill(*words, "--dsn", slices)


@pytest.fixture
def churn(look_up: Callable[..., Result]) -> Callable[..., list[dict[str, Any]]]:
    def rows(*words: str) -> list[dict[str, Any]]:
        result = look_up("churn", "--json", *words)
        assert result.exit_code == 0, result.stderr
        found: list[dict[str, Any]] = json.loads(result.stdout)["rows"]
        return found

    return rows


Rows = Callable[..., list[dict[str, Any]]]


def churned(rows: list[dict[str, Any]]) -> list[tuple[str, str | None, int]]:
    return [(row["period_start"][:7], row["tenant"], row["churned_customers"]) for row in rows]


def test_over_several_tenants_there_is_one_row_for_all_of_them(churn: Rows) -> None:
    assert churned(churn("--from", "2026-02")) == [("2026-02", None, 5), ("2026-03", None, 2)]


def test_where_there_is_one_tenant_its_total_is_all_there_is(churn: Rows) -> None:
    assert churned(churn("--as-of", "2026-01")) == [("2026-01", "acme", 1)]


def test_tenants_and_engines_are_not_dimensions_of_a_slice(churn: Rows) -> None:
    assert churned(churn("--as-of", "2026-02", "--by", "tenant")) == [
        ("2026-02", "acme", 0),
        ("2026-02", "bolt", 5),
    ]
    assert churned(churn("--as-of", "2026-02", "--tenant", "acme")) == [("2026-02", "acme", 0)]
    (row,) = churn("--as-of", "2026-02", "--source", "lago")
    assert (row["source"], row["tenant"], row["churned_customers"]) == ("lago", None, 5)
    (row,) = churn("--as-of", "2026-02", "--by", "plan", "--tenant", "bolt")
    assert (row["tenant"], row["plan"]) == ("bolt", "pro")


def test_one_dimension_splits_or_filters(churn: Rows) -> None:
    split = churn("--as-of", "2026-01", "--by", "plan")
    assert [(row["plan"], row["churned_customers"]) for row in split] == [("pro", 1), ("lite", 0)]
    (only,) = churn("--as-of", "2026-01", "--where", "plan=lite")
    assert (only["plan"], only["logo_churn_rate"]) == ("lite", "0.0000000000")


def test_days_are_also_what_they_are_from_the_latest_one(churn: Rows) -> None:
    assert churned(churn("--as-of", "last-month")) == [("2026-02", None, 5)]
    assert [row["period_start"] for row in churn("--from", "1m")] == ["2026-02-01", "2026-03-01"]
    (quarter,) = churn("--grain", "quarter", "--as-of", "2026-02-03")
    assert quarter["churned_customers"] == 3


def test_a_table_shows_the_rate_with_what_it_is_of(look_up: Callable[..., Result]) -> None:
    words = ("churn", "--tenant", "acme", "--show")
    few = look_up(*words, "churned_customers,logo_churn_denominator,logo_churn_rate")
    assert few.stdout == (
        "month           reporting_currency  churned_customers  logo_churn_denominator  "
        "logo_churn_rate\n"
        "--------------  ------------------  -----------------  ----------------------  "
        "---------------\n"
        "2026-01         USD                                 1                      10  "
        "        10.00 %\n"
        "2026-02         USD                                 0                       9  "
        "         0.00 %\n"
        "2026-03 so far  USD                                 2                       9  "
        "        22.22 %\n"
        "\n"
        "logo_churn_rate USD  ▄▁█  10.00 % to 22.22 %\n"
    )
    assert "involuntary_mrr" in look_up(*words, "all").stdout


def test_csv_has_every_column(look_up: Callable[..., Result]) -> None:
    result = look_up("churn", "--csv", "--as-of", "2026-01", "--by", "plan")

    (pro, _) = csv.DictReader(io.StringIO(result.stdout))
    assert (pro["plan"], pro["logo_churn_rate"], pro["opening_mrr"]) == ("pro", "0.1666666667", "")
    assert list(pro)[3:7] == ["source", "tenant", "plan", "reporting_currency"]
    assert set(METRICS["churn"].units) < set(pro)


def test_the_statement_that_is_shown_gives_the_rows(
    look_up: Callable[..., Result], slices: str
) -> None:
    words = ("churn", "--where", "plan=pro,plan=o'neil", "--as-of", "2026-02")
    statement = look_up(*words, "--sql").stdout
    with psycopg.connect(slices) as session:
        rows = session.execute(statement).fetchall()  # type: ignore[arg-type] - what was printed
    assert "o''neil" in statement
    told = json.loads(look_up(*words, "--json").stdout)["rows"]
    assert [row[4] for row in rows] == [row["tenant"] for row in told] == ["bolt"]


def test_movements_are_also_listed_one_by_one(look_up: Callable[..., Result], slices: str) -> None:
    created = """
        create table if not exists tidemill.metric_mrr_movements (
            movement_id text, movement_date date, billing_source text, tenant_id text,
            customer_id text, movement_type text, reason text, plan text, product text,
            currency text, country text, billing_interval text, amount numeric(28, 10),
            mrr_before numeric(28, 10), mrr_after numeric(28, 10), reporting_currency text,
            reporting_amount numeric(38, 22), is_voluntary boolean, subscription_ids text,
            source_rows text, sequence bigint
        )
    """
    with psycopg.connect(slices, autocommit=True) as session:
        session.execute(created)
        for day, customer, amount in [("02", "a", 10), ("05", "b", 20), ("07", "a", -3)]:
            session.execute(
                "insert into tidemill.metric_mrr_movements (movement_id, movement_date, "
                "billing_source, tenant_id, customer_id, movement_type, reason, plan, currency, "
                "amount, mrr_after, sequence) values (%s, %s, 'lago', 'acme', %s, 'new', 'plan', "
                "'pro', 'JPY', %s, 7, 1)",
                [f"lago:acme:{customer}:{day}:1", f"2026-03-{day}", customer, amount],
            )

    def ids(*words: str) -> list[str]:
        result = look_up("movements", "--csv", *words)
        assert result.exit_code == 0, result.stderr
        return [row["movement_id"] for row in csv.DictReader(io.StringIO(result.stdout))]

    assert ids("--list") == ["lago:acme:a:07:1", "lago:acme:b:05:1", "lago:acme:a:02:1"]
    assert ids("--customer", "a", "--limit", "1") == ["lago:acme:a:07:1"]
    assert ids("--list", "--from", "2026-03-03", "--to", "2026-03-06") == ["lago:acme:b:05:1"]
    assert ids("--list", "--where", "plan=lite") == []
    (line,) = look_up("movements", "--customer", "b").stdout.splitlines()[2:]
    assert line.split() == [
        "2026-03-05",
        *["new", "plan", "pro", "JPY", "20", "7", "lago:acme:b:05:1"],
    ]
    assert "drop one" in look_up("movements", "--list", "--by", "plan").stderr


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_looked_up_where_there_is_nothing(
    look_up: Callable[..., Result], name: str
) -> None:
    if name != "mrr":
        result = look_up(name, "--as-of", "2026-01") if METRICS[name].grains else look_up(name)
        assert result.exit_code == 0, result.stderr
        assert name == "churn" or f"There is no {name} there" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["churn", "--by", "plan,country"],
            "at a time, not for plan and country",
        ),
        (["churn", "--by", "plan", "--where", "country=DE"], "for one dimension at a time"),
        (
            ["churn", "--where", "plan=por"],
            "there is no plan por in the metrics: did you mean pro?",
        ),
        (
            ["churn", "--tenant", "acne"],
            "there is no tenant acne in the metrics: did you mean acme?",
        ),
        (["churn", "--show", "logo_chrun_rate"], "did you mean logo_churn_rate"),
        (["churn", "--as-of", "2026", "--from", "2026"], "--as-of asks for one period"),
        (["ltv", "--grain", "day"], "ltv has no grain day: there are month."),
        (
            ["usage", "--by", "country"],
            "usage is not split by country, but by source, tenant",
        ),
        (["committed", "--from", "2026"], "committed looks ahead from the latest day only"),
        (["churn", "--from", "tomorrow"], "write it as 2026-03-01, or 2026-03 for a month"),
        (["churn", "--from", "2027"], "--from 2027 is later than the latest day, 2026-03-15."),
        (["churn", "--json", "--sql"], "--json, --csv and --sql exclude each other"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    look_up: Callable[..., Result], words: list[str], sentence: str
) -> None:
    result = look_up(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


WORDY = (
    *("--by", "--where", "--from", "--to", "--as-of", "--currency", "--source", "--tenant"),
    "--show",
)
INJECTIONS = ["x'; drop table tidemill.metric_churn; --", 'x"; select 1', "%(first)s", "{0}", "\\'"]


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize(
    "option",
    [
        "--by",
        "--where",
        "--from",
        "--to",
        "--as-of",
        "--currency",
        "--source",
        "--tenant",
        "--segment",
        "--compare",
        "--show",
    ],
)
@pytest.mark.parametrize("command", ["churn", "waterfall"])
def test_what_is_given_is_never_part_of_a_statement(
    look_up: Callable[..., Result], slices: str, command: str, option: str, injection: str
) -> None:
    wanted = {"--where": f"tenant={injection}", "--compare": f"{injection},small"}
    words = [wanted.get(option, injection)]

    result = look_up(command, option, *words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    with psycopg.connect(slices) as session:
        assert session.execute("select count(*) from tidemill.metric_churn").fetchone() == (12,)


def test_python_gives_typed_rows(slices: str) -> None:
    with Client(ConnectionOptions(dsn=slices), "a test") as client:
        answer = client.churn(by="plan", as_of="2026-01")
        pro, lite = answer
        assert (pro.plan, pro.churned_customers) == ("pro", 1)
        assert pro.logo_churn_rate == Decimal("0.1666666667")
        assert lite.opening_mrr is None
        assert answer.sql.startswith("select")
        assert [row.tenant for row in client.churn(last="2m", where={"tenant": "acme"})] == [
            "acme",
            "acme",
            "acme",
        ]
        with pytest.raises(TidemillError, match="there is no grain fortnight"):
            client.churn(grain="fortnight")
