"""`tidemill doctor`: what it notes besides what would stop a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from plain_dbt.in_process import UNTESTED, InProcess
from tidemill_cli import health
from tidemill_cli.demo.lago.load import generate_and_load

Doctor = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="module")
def built(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    dsn = new_database()
    with psycopg.connect(dsn) as session:
        generate_and_load(session, 10, 3, datetime(2026, 1, 1, tzinfo=UTC), 1)
    InProcess(dsn, tmp_path_factory.mktemp("doctor")).build(
        *UNTESTED,
        *("--select", "+metric_mrr", "+metric_mrr_movements", "+metric_definitions"),
        variables={"tidemill_as_of": "2026-01-01T00:00:00Z"},
    )
    return dsn


@pytest.fixture
def doctor(tidemill: Tidemill, built: str) -> Doctor:
    def findings(*words: str) -> list[dict[str, str]]:
        result: Result = tidemill("doctor", "--dsn", built, "--json", *words)
        assert result.exit_code == 0, result.output
        found: list[dict[str, str]] = json.loads(result.stdout)
        return found

    return findings


def sentences(found: list[dict[str, str]], area: str, level: str = "ok") -> list[str]:
    return [one["sentence"] for one in found if (one["area"], one["level"]) == (area, level)]


def test_sizes_and_history_are_told(doctor: Doctor) -> None:
    found = doctor()

    (sizes,) = sentences(found, "sizes")
    assert sizes.startswith("lago: ")
    assert "fees " in sizes
    history = sentences(found, "history")
    assert any(
        "lago: " in one and "intervals told by invoices, the first" in one for one in history
    )
    assert history[-1].startswith("what engines do not keep is captured since 20")


def test_another_zone_than_the_engine_bills_in_is_noted(doctor: Doctor, built: str) -> None:
    with psycopg.connect(built, autocommit=True) as session:
        session.execute("update billing_entities set timezone = 'Asia/Tokyo'")

    (note,) = sentences(doctor(), "time zone", "note")
    same = doctor("--vars", "tidemill_reporting_timezone=Asia/Tokyo")

    assert "public.billing_entities bills in Asia/Tokyo, and days are cut in UTC" in note
    assert not any("billing_entities bills" in one for one in sentences(same, "time zone", "note"))


def test_a_large_table_without_an_index_is_noted(
    doctor: Doctor, built: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_LARGE", 1)

    def noted() -> list[str]:
        return [one for one in sentences(doctor(), "indexes", "note") if one.startswith("fees (")]

    with psycopg.connect(built, autocommit=True) as session:
        lago_has = session.execute(
            "select indexname, indexdef from pg_indexes where tablename = 'fees' "
            "and indexdef like '%(invoice_id)'"
        ).fetchone()
        assert lago_has is not None
        before = noted()
        session.execute(f"drop index {lago_has[0]}")
        (note,) = noted()
        session.execute(lago_has[1])

    assert before == []
    assert "`create index concurrently on fees (invoice_id)`" in note


def test_what_a_refresh_may_not_see_is_noted(tidemill: Tidemill, built: str, reader: str) -> None:
    with psycopg.connect(built, autocommit=True) as session:
        columns = session.execute(
            "select table_name, string_agg(quote_ident(column_name), ', ') from "
            "information_schema.columns where table_schema = 'public' group by 1"
        ).fetchall()
        for table, names in columns:
            session.execute(f"grant select ({names}) on public.{table} to {reader}")

    result = tidemill("doctor", "--dsn", f"{built} user={reader}")

    assert f"Note: user {reader} may not read xmin and ctid of public.applied_coupons and" in (
        result.stdout
    )
    assert f"`tidemill init --role {reader} --apply`" in result.stdout
    assert result.exit_code == 2, "it may not create schemas either"


def test_old_numbers_are_noted(tidemill: Tidemill, levels: str, stub: Path) -> None:
    run = ("--dsn", levels, "--project-dir", str(stub))
    stubbed = ("--vars", "tidemill_billing_sources=[]")
    assert tidemill("run", *run).exit_code == 0
    fresh = tidemill("doctor", *run, *stubbed)
    with psycopg.connect(levels, autocommit=True) as session:
        session.execute("update tidemill.tidemill_builds set as_of = now() - interval '3 days'")

    old = tidemill("doctor", *run, *stubbed)

    assert "Note: the numbers are as of" not in fresh.stdout
    assert "the numbers are as of" in fresh.stdout
    assert "3 days ago: run `tidemill refresh`, or let `tidemill watch` go on." in old.stdout
