"""`tidemill fx load`: what a file says is in the table, or one sentence says why not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill

Load = Callable[..., Result]

# As the ECB publishes them: every line ends with a comma, the newest day comes first.
HISTORY = """Date,USD,JPY,ISK,
2026-11-20,1.1621,181.27,146.80,
2026-11-19,1.1590,180.97,N/A,
1999-01-04,1.1789,133.73,N/A,
"""
ONE_DAY = "Date, USD, JPY, \n21 November 2026, 1.1650, 181.50, \n"
LONG = """date,currency,rate,base_currency
2026-11-20,EUR,0.8605,USD
2026-11-20,JPY,155.9846828,USD
2026-11-20,USD,1,USD
"""


@pytest.fixture
def load(tidemill: Tidemill, database: str, tmp_path: Path) -> Load:
    """Runs `tidemill fx load` on a file of this text."""

    def run(text: str | bytes, *words: str, name: str = "rates.csv") -> Result:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return tidemill("fx", "load", str(path), "--dsn", database, *words)

    return run


def rates(dsn: str) -> dict[tuple[str, str, str], Decimal]:
    with psycopg.connect(dsn) as session:
        rows = session.execute(
            "select base_currency, currency, rate_date::text, rate from tidemill_inputs.fx_rates"
        ).fetchall()
    return {(base, currency, day): rate for base, currency, day, rate in rows}


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_the_ecbs_history_is_loaded_as_it_is(load: Load, database: str) -> None:
    result = load(HISTORY)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr == (
        "Loaded 7 rates of 3 currencies for 1 EUR into tidemill_inputs.fx_rates, from 1999-01-04 "
        "to 2026-11-20: 7 new, 0 replaced.\n"
    )
    found = rates(database)
    assert found["EUR", "JPY", "1999-01-04"] == Decimal("133.73")
    assert found["EUR", "ISK", "2026-11-20"] == Decimal("146.80")
    assert ("EUR", "ISK", "2026-11-19") not in found, "N/A is no rate"


def test_the_ecbs_file_of_one_day_is_loaded_as_it_is(load: Load, database: str) -> None:
    assert load(ONE_DAY).exit_code == 0
    assert rates(database) == {
        ("EUR", "USD", "2026-11-21"): Decimal("1.1650"),
        ("EUR", "JPY", "2026-11-21"): Decimal("181.50"),
    }


def test_a_zip_may_hold_the_file(load: Load, tmp_path: Path, database: str) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("eurofxref-hist.csv", HISTORY)

    assert load((tmp_path / "made.zip").read_bytes(), name="eurofxref-hist.zip").exit_code == 0
    assert len(rates(database)) == 7


def test_a_long_file_names_its_base(load: Load, database: str) -> None:
    assert document(load(LONG, "--json")) == {
        "table": "tidemill_inputs.fx_rates",
        "base_currency": "USD",
        "currencies": ["EUR", "JPY"],
        "first_day": "2026-11-20",
        "last_day": "2026-11-20",
        "rows": 2,
        "new": 2,
        "replaced": 0,
    }
    assert rates(database)["USD", "JPY", "2026-11-20"] == Decimal("155.9846828")


def test_the_base_may_be_named(load: Load, database: str) -> None:
    assert load("Rate,Date,Currency\n1.25,2026-01-01,USD", "--base", "GBP").exit_code == 0
    assert rates(database) == {("GBP", "USD", "2026-01-01"): Decimal("1.25")}


def test_a_second_load_replaces_what_changed_and_keeps_the_rest(load: Load, database: str) -> None:
    load(HISTORY)
    again = document(load("date,currency,rate\n2026-11-20,USD,2\n2026-11-21,USD,3\n", "--json"))

    assert (again["new"], again["replaced"]) == (1, 1)
    found = rates(database)
    assert found["EUR", "USD", "2026-11-20"] == 2
    assert found["EUR", "USD", "2026-11-21"] == 3
    assert len(found) == 8
    same = document(load(HISTORY.replace("1.1621", "2"), "--json"))
    assert (same["new"], same["replaced"]) == (0, 0)


def test_every_digit_is_kept(load: Load, database: str) -> None:
    load("date,currency,rate\n2026-11-20,XAU,0.000123456789012345\n2026-11-20,VND,30541.10\n")

    assert sorted(rates(database).values()) == [
        Decimal("0.000123456789012345"),
        Decimal("30541.10"),
    ]


def test_rates_of_another_base_are_refused(load: Load, database: str) -> None:
    load(HISTORY)
    result = load(LONG)

    assert result.exit_code == 2
    assert "tidemill_inputs.fx_rates holds rates of base currency EUR, and these are of USD" in (
        result.stderr
    )
    assert len(rates(database)) == 7


LINE_3 = "date,currency,rate\n2026-11-20,USD,1.1\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LINE_3 + "2026-11-20,JPY,\n", "rates.csv line 3: rate '' is not a number"),
        (LINE_3 + "2026-11-20,JPY,0\n", "rates.csv line 3: the rate of JPY is 0"),
        (LINE_3 + "2026-11-20,JPY,-181\n", "rates.csv line 3: the rate of JPY is -181"),
        (LINE_3 + "2026-11-20,JPY,NaN\n", "rates.csv line 3: rate 'NaN' is not a number"),
        (LINE_3 + "2026-11-20,JPY,1e9\n", "rates.csv line 3: rate '1e9' is not a number"),
        (LINE_3 + '2026-11-20,JPY,"1,081"\n', "rates.csv line 3: rate '1,081' is not a number"),
        (LINE_3 + "2026-11-20,JPY,181,27\n", "rates.csv line 3: it has 4 cells under 3 columns"),
        (LINE_3 + "2026-11-20,JPY\n", "rates.csv line 3: it has 2 cells under 3 columns"),
        (LINE_3 + "2026-11-20,yen,181\n", "rates.csv line 3: currency 'yen' is not a currency"),
        (LINE_3 + "2026-11-31,JPY,181\n", "rates.csv line 3: date '2026-11-31' is not a date"),
        (LINE_3 + "20.11.2026,JPY,181\n", "rates.csv line 3: date '20.11.2026' is not a date"),
        (LINE_3 + "2026-11-20,EUR,1.1\n", "rates.csv line 3: the rate of EUR is 1.1, but EUR is"),
        (LINE_3 + "\n2026-11-20,USD,1.2\n", "line 4: USD on 2026-11-20 is in line 2, too"),
        ("Date,USD,Yen\n", "rates.csv line 1: column 'Yen' is not a currency code"),
        ("Date,USD,USD\n", "rates.csv line 1: there are two columns 'USD'"),
        ("Date,USD\n2026-11-20,n.a.\n", "rates.csv line 2: USD 'n.a.' is not a number"),
        ("Date,USD\n2026-11-20,N/A\n", "rates.csv holds no rates"),
        ("date;currency;rate\n", "rates.csv line 1: the columns are date;currency;rate: they must"),
        ("date,currency,price\n", "rates.csv line 1: the columns are date, currency, price: they"),
        ("", "rates.csv is empty"),
        ("date,currency,rate\n", "rates.csv holds no rates"),
        ('date,currency,rate\n"2026\n', "rates.csv line 2 is not CSV"),
        ("date,currency,rate\n".encode("utf-16"), "rates.csv is not text in UTF-8"),
        (
            LONG + "2026-11-21,JPY,181,EUR\n",
            "rates.csv line 5: base_currency is EUR, and the lines before have USD",
        ),
    ],
)
def test_a_wrong_file_is_one_sentence_and_loads_nothing(
    load: Load, database: str, text: str | bytes, sentence: str
) -> None:
    result = load(text)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr
    with psycopg.connect(database) as session:
        assert session.execute("select to_regclass('tidemill_inputs.fx_rates')").fetchone() == (
            None,
        )


@pytest.mark.parametrize(
    ("words", "name", "sentence"),
    [
        (["--base", "euro"], "rates.csv", "--base euro is not a currency code"),
        (["--base", "EUR"], "rates.csv", "line 2: base_currency is USD, and --base is EUR"),
        ([], "rates.zip", "rates.zip cannot be unpacked"),
    ],
)
def test_a_wrong_word_is_one_sentence(
    load: Load, words: list[str], name: str, sentence: str
) -> None:
    result = load(LONG, *words, name=name)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr


def test_a_file_that_is_not_there_is_one_sentence(tidemill: Tidemill) -> None:
    result = tidemill("fx", "load", "nowhere.csv", "--dsn", "host=unused")

    assert result.exit_code == 2
    assert result.stderr == "error: nowhere.csv cannot be read: No such file or directory.\n"


def test_the_group_alone_says_what_there_is(tidemill: Tidemill) -> None:
    assert "load" in tidemill("fx").output


def test_a_load_that_breaks_off_leaves_nothing_half_written(load: Load, database: str) -> None:
    load("date,currency,rate\n2026-11-20,USD,1.1\n")
    with psycopg.connect(database) as session:
        session.execute("alter table tidemill_inputs.fx_rates add check (currency <> 'ISK')")

    with pytest.raises(psycopg.errors.CheckViolation):
        load(HISTORY)

    assert rates(database) == {("EUR", "USD", "2026-11-20"): Decimal("1.1")}


def test_a_load_waits_for_no_reader(load: Load, database: str) -> None:
    load(HISTORY)
    with psycopg.connect(database) as reader:
        reader.execute("select count(*) from tidemill_inputs.fx_rates")
        assert load(ONE_DAY).exit_code == 0


def test_a_role_without_rights_is_told_the_grants(
    tidemill: Tidemill, load: Load, database: str, reader: str, tmp_path: Path
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(HISTORY)
    words = ["fx", "load", str(path), "--dsn", f"{database} user={reader}"]

    before = tidemill(*words)
    load(HISTORY)
    after = tidemill(*words)

    assert before.exit_code == after.exit_code == 2
    assert f"to {reader}`, or let `tidemill run` make them." in before.stderr
    assert (
        f"`grant usage on schema tidemill_inputs to {reader}; grant select, insert, update on "
        f"tidemill_inputs.fx_rates to {reader}`" in after.stderr
    )


def test_a_generation_of_daily_rates_loads_in_seconds(load: Load, database: str) -> None:
    first = date(1999, 1, 4).toordinal()
    currencies = [a + b + "X" for a in "ABCDEF" for b in "ABCDEFG"]
    lines = [",".join(["Date", *currencies, ""])]
    lines += [
        ",".join([date.fromordinal(first + day).isoformat(), *["1.2345"] * len(currencies), ""])
        for day in range(2000)
    ]

    assert document(load("\n".join(lines), "--json"))["new"] == 2000 * len(currencies)
