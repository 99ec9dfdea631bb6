"""`tidemill mrr` against a table made by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill

Mrr = Callable[..., Result]

TABLE = """
create schema tidemill;
create table tidemill.metric_mrr (
    grain text,
    period_start date,
    period_end date,
    is_complete boolean,
    billing_source text,
    tenant_id text,
    plan text,
    product text,
    currency text,
    country text,
    billing_interval text,
    reporting_currency text,
    mrr numeric(28, 10)
);
insert into tidemill.metric_mrr values
('day', '2026-03-14', '2026-03-15', true, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 80),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 1234.005),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'pro', 'pro', 'JPY', 'JP', 'month', 'JPY', 8333.3333333333),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'acme', 'o''neil', 'seats', 'USD', 'DE', 'year', 'USD', 0.125),
('day', '2026-03-15', '2026-03-16', false, 'lago', 'bolt', 'pro', 'pro', 'KWD', 'DE', 'month', 'KWD', 1.2345),
('month', '2026-01-01', '2026-02-01', true, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 60),
('month', '2026-02-01', '2026-03-01', true, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 70),
('month', '2026-03-01', '2026-04-01', false, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 1234.005),
('quarter', '2026-01-01', '2026-04-01', false, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 9);
"""  # noqa: E501 - one row per line


@pytest.fixture(scope="module")
def metrics(new_database: Callable[[], str]) -> str:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(TABLE)
    return dsn


@pytest.fixture
def mrr(tidemill: Tidemill, metrics: str) -> Mrr:
    return lambda *words: tidemill("mrr", "--dsn", metrics, *words)


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["rows"]
    assert isinstance(found, list)
    return found


def test_the_default_is_the_latest_day_by_currency_rounded_to_its_exponent(mrr: Mrr) -> None:
    result = mrr()

    assert result.exit_code == 0
    assert result.stdout == (
        "reporting_currency       mrr\n"
        "------------------  --------\n"
        "JPY                    8,333\n"
        "KWD                    1.235\n"
        "USD                 1,234.13\n"
    )
    assert "At the end of 2026-03-15" in result.stderr


def test_json_holds_full_precision_as_text(mrr: Mrr) -> None:
    by_currency = {row["reporting_currency"]: row["mrr"] for row in rows(mrr("--json"))}

    assert by_currency == {
        "JPY": "8333.3333333333",
        "KWD": "1.2345000000",
        "USD": "1234.1300000000",
    }


def test_csv_holds_full_precision_and_a_header(mrr: Mrr) -> None:
    result = mrr("--csv", "--by", "plan", "--currency", "usd")

    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["plan"], row["reporting_currency"], row["mrr"]) for row in found] == [
        ("pro", "USD", "1234.0050000000"),
        ("o'neil", "USD", "0.1250000000"),
    ]
    assert found[0]["period_start"] == "2026-03-15"
    assert found[0]["is_complete"] == "false"


def test_as_of_picks_a_day(mrr: Mrr) -> None:
    assert [row["mrr"] for row in rows(mrr("--as-of", "2026-03-14", "--json"))] == ["80.0000000000"]


def test_a_split_keeps_currencies_apart_and_names_its_columns(mrr: Mrr) -> None:
    found = rows(mrr("--by", "country,interval", "--json"))

    assert {(row["country"], row["interval"], row["reporting_currency"]) for row in found} == {
        ("US", "month", "USD"),
        ("JP", "month", "JPY"),
        ("DE", "year", "USD"),
        ("DE", "month", "KWD"),
    }


CONVERTED = """
insert into tidemill.metric_mrr values
('day', '2026-03-15', '2026-03-16', true, 'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'EUR', 80.5),
('day', '2026-03-15', '2026-03-16', true, 'lago', 'acme', 'pro', 'pro', 'EUR', 'DE', 'month', 'EUR', 20),
('day', '2026-03-15', '2026-03-16', true, 'lago', 'acme', 'pro', 'pro', 'XAU', 'DE', 'month', 'XAU', 3);
"""  # noqa: E501 - one row per line


def test_what_is_converted_is_added_up_in_the_reporting_currency(
    tidemill: Tidemill, database: str
) -> None:
    with psycopg.connect(database) as session:
        session.execute(TABLE.partition("insert")[0])
        session.execute(CONVERTED)

    def levels(*words: str) -> list[list[str]]:
        return [
            line.split() for line in tidemill("mrr", "--dsn", database, *words).stdout.splitlines()
        ]

    assert levels()[2:] == [["EUR", "100.50"], ["XAU", "3.00"]]
    split = levels("--by", "currency")
    assert split[0] == ["currency", "reporting_currency", "mrr"]
    assert split[2:] == [
        ["USD", "EUR", "80.50"],
        ["EUR", "EUR", "20.00"],
        ["XAU", "XAU", "3.00"],
    ]
    assert levels("--currency", "usd")[2:] == [["EUR", "80.50"]], "billed in, not shown in"
    (row,) = rows(tidemill("mrr", "--dsn", database, "--json", "--where", "currency=USD"))
    assert (row["reporting_currency"], row["mrr"]) == ("EUR", "80.5000000000")
    (row,) = rows(
        tidemill("mrr", "--dsn", database, "--json", "--currency", "XAU", "--by", "currency")
    )
    assert (row["currency"], row["reporting_currency"]) == ("XAU", "XAU")


def test_adding_up_tenants_is_said(mrr: Mrr, metrics: str) -> None:
    with psycopg.connect(metrics) as session:
        session.execute(
            "insert into tidemill.metric_mrr values ('day', '2026-03-13', '2026-03-14', true, "
            "'lago', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 1), ('day', '2026-03-13', "
            "'2026-03-14', true, 'lago', 'bolt', 'pro', 'pro', 'USD', 'US', 'month', 'USD', 2)"
        )
    together = mrr("--as-of", "2026-03-13")
    apart = mrr("--as-of", "2026-03-13", "--by", "tenant")

    assert "Added up over several tenants" in together.stderr
    assert "3.00" in together.stdout
    assert "Added up" not in apart.stderr
    assert [line.split() for line in apart.stdout.splitlines()[2:]] == [
        ["bolt", "USD", "2.00"],
        ["acme", "USD", "1.00"],
    ]


def test_a_series_marks_the_period_that_is_not_over(mrr: Mrr) -> None:
    result = mrr("--grain", "month")

    assert [line.split() for line in result.stdout.splitlines()] == [
        ["month", "reporting_currency", "mrr"],
        ["--------------", "------------------", "--------"],
        ["2026-01", "USD", "60.00"],
        ["2026-02", "USD", "70.00"],
        ["2026-03", "so", "far", "USD", "1,234.01"],
        [],
        ["mrr", "USD", "▁▁█", "60.00", "to", "1,234.01"],
    ]


@pytest.mark.parametrize(
    ("words", "months"),
    [
        (["--from", "2026-02"], ["2026-02-01", "2026-03-01"]),
        (["--from", "2026-01", "--to", "2026-02"], ["2026-01-01", "2026-02-01"]),
        (["--from", "2026-01-31", "--to", "2026-02-01"], ["2026-01-01", "2026-02-01"]),
        (["--to", "2026-01-31"], ["2026-01-01"]),
    ],
)
def test_a_series_holds_every_period_that_the_span_touches(
    mrr: Mrr, words: list[str], months: list[str]
) -> None:
    found = rows(mrr("--grain", "month", "--json", *words))

    assert [row["period_start"] for row in found] == months


def test_from_alone_means_months(mrr: Mrr) -> None:
    assert json.loads(mrr("--from", "2026-02", "--json").stdout)["grain"] == "month"


def test_where_narrows_and_several_values_of_a_dimension_are_alternatives(mrr: Mrr) -> None:
    one = rows(mrr("--where", "country=DE,currency=USD", "--json"))
    two = rows(mrr("--where", "country=DE,country=JP", "--json", "--by", "country"))

    assert [row["mrr"] for row in one] == ["0.1250000000"]
    assert {row["country"] for row in two} == {"DE", "JP"}


def test_a_value_with_a_quote_is_bound_not_pasted(mrr: Mrr) -> None:
    found = rows(mrr("--where", "plan=o'neil", "--json"))
    injected = mrr("--where", "plan=x' or true --")

    assert [row["mrr"] for row in found] == ["0.1250000000"]
    assert injected.exit_code == 2
    assert "there is no plan x' or true --" in injected.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--where", "plan=por"], "there is no plan por in the metrics: did you mean pro?"),
        (["--where", "country=us"], "there is no country us in the metrics: did you mean US?"),
        (
            ["--currency", "eur"],
            "there is no currency EUR in the metrics: there are JPY, KWD, USD.",
        ),
        (["--where", "paln=pro"], "--where paln: there is no such dimension; did you mean plan?"),
        (["--where", "plan"], "write it as plan=pro"),
        (["--by", "contry"], "--by contry: there is no such dimension; did you mean country?"),
        (["--as-of", "15.3.2026"], "--as-of 15.3.2026 is not a date"),
        (["--as-of", "2026-02-30"], "--as-of 2026-02-30 is not a date"),
        (["--from", "2026-13"], "--from 2026-13 is not a date"),
        (["--from", "2026-03", "--to", "2026-02"], "--from 2026-03 is later than --to 2026-02"),
        (["--as-of", "2026-03-15", "--grain", "month"], "--as-of asks for one level"),
        (["--json", "--csv"], "--json, --csv and --sql exclude each other"),
    ],
)
def test_a_wrong_option_is_one_sentence(mrr: Mrr, words: list[str], sentence: str) -> None:
    result = mrr(*words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


def test_an_unknown_grain_is_refused_with_the_choices(mrr: Mrr) -> None:
    result = mrr("--grain", "fortnight")

    assert result.exit_code == 2
    assert "quarter" in result.stderr


def test_nothing_found_is_an_empty_answer_and_says_what_there_is(mrr: Mrr) -> None:
    table = mrr("--as-of", "2019-01-01")
    document = mrr("--as-of", "2019-01-01", "--json")
    sheet = mrr("--as-of", "2019-01-01", "--csv")

    assert (table.exit_code, table.stdout) == (0, "")
    assert "the numbers run to 2026-03-15" in table.stderr
    assert rows(document) == []
    assert sheet.stdout == "period_start,period_end,is_complete,reporting_currency,mrr\n"


def test_no_metrics_yet_says_to_run_first(tidemill: Tidemill, database: str) -> None:
    result = tidemill("mrr", "--dsn", database)

    assert result.exit_code == 2
    assert "no metrics yet in schema tidemill: run `tidemill run` first." in result.stderr


def test_an_empty_metric_is_an_empty_answer(tidemill: Tidemill, database: str) -> None:
    with psycopg.connect(database) as session:
        session.execute(TABLE.partition("insert")[0])

    result = tidemill("mrr", "--dsn", database, "--json")

    assert rows(result) == []
    assert "There is no mrr in this database yet." in result.stderr


def test_metrics_in_another_schema_are_found(tidemill: Tidemill, database: str) -> None:
    with psycopg.connect(database) as session:
        session.execute(TABLE.replace("tidemill", "finance"))

    assert tidemill("mrr", "--dsn", database, "--schema", "finance").exit_code == 0


def test_a_reader_without_grants_is_told_which(
    tidemill: Tidemill, metrics: str, reader: str
) -> None:
    result = tidemill("mrr", "--dsn", f"{metrics} user={reader}")

    assert result.exit_code == 2
    assert f"grant usage on schema tidemill to {reader}" in result.stderr
