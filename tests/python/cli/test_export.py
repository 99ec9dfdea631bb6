"""`tidemill export`: files, manifests, and going on where it stopped."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from tidemill_cli.database.catalog import Column
from tidemill_cli.export import exporting
from tidemill_cli.export.formats import Format, Rows

TABLES = """
create schema tidemill;
create schema tidemill_build;
create table tidemill_build.as_of as select timestamptz '2026-03-15 12:00Z' as as_of;
create table tidemill_build.movements (
    movement_id text, movement_date date, movement_at timestamptz, sequence bigint, plan text,
    amount numeric(28, 10), reporting_amount numeric(38, 22), is_voluntary boolean
);
create view tidemill.metric_mrr_movements as select * from tidemill_build.movements;
create table tidemill.metric_mrr (grain text, period_start date, mrr numeric(28, 10));
create table tidemill.metric_definitions (option text, value text);
insert into tidemill.metric_mrr values ('day', '2026-03-15', 1), ('month', '2026-03-01', 1);
insert into tidemill.metric_definitions values ('netting', 'day');
insert into tidemill_build.movements values
('a', '2026-01-31', '2026-01-31 23:00Z', 1, 'pro, "x"', 0.0000000001, 0.1, true),
('b', '2026-02-01', '2026-02-01 00:00Z', 1, 'ünï', -12345678901234.5, 0, false),
('c', '2026-02-28', null, 2, '', 7, null, null),
('d', '2026-03-01', null, 3, null, 8, null, null);
"""
Export = Callable[..., Result]


@pytest.fixture
def published(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(TABLES)
    return database


@pytest.fixture
def export(tidemill: Tidemill, published: str) -> Export:
    return lambda *words: tidemill("export", *words, "--dsn", published)


def manifest(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_csv_file_has_every_row_and_digit(export: Export, tmp_path: Path) -> None:
    result = export("ledger", "--to", str(tmp_path / "new" / "ledger.csv"))

    assert result.exit_code == 0, result.stderr
    assert "Wrote 4 rows of metric_mrr_movements in 1 file" in result.stderr
    with (tmp_path / "new" / "ledger.csv").open(newline="") as file:
        a, b, c, _ = csv.DictReader(file)
    assert (a["plan"], a["amount"], a["is_voluntary"]) == ('pro, "x"', "0.0000000001", "true")
    assert (b["plan"], b["amount"]) == ("ünï", "-12345678901234.5000000000")
    assert (c["movement_at"], c["reporting_amount"], c["is_voluntary"]) == ("", "", "")
    written = manifest(tmp_path / "new" / "ledger.csv.manifest.json")
    digest = hashlib.sha256((tmp_path / "new" / "ledger.csv").read_bytes()).hexdigest()
    assert written["rows"] == 4
    assert written["files"] == [{"file": "ledger.csv", "month": None, "rows": 4, "sha256": digest}]
    assert [*sorted(path.name for path in (tmp_path / "new").iterdir())] == [
        "ledger.csv",
        "ledger.csv.manifest.json",
    ]


def test_json_lines_keep_decimals_as_text(export: Export, tmp_path: Path) -> None:
    assert export("ledger", "--to", str(tmp_path / "ledger.jsonl")).exit_code == 0

    rows = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert rows[0]["amount"] == "0.0000000001"
    assert rows[0]["movement_at"] == "2026-01-31T23:00:00+00:00"
    assert rows[3]["plan"] is None


def test_parquet_has_types(export: Export, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="comes with the dev extra")
    assert export("ledger", "--to", str(tmp_path / "ledger.parquet")).exit_code == 0

    table = parquet.read_table(tmp_path / "ledger.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "movement_id": "string",
        "movement_date": "date32[day]",
        "movement_at": "timestamp[us, tz=UTC]",
        "sequence": "int64",
        "plan": "string",
        "amount": "decimal128(28, 10)",
        "reporting_amount": "decimal128(38, 22)",
        "is_voluntary": "bool",
    }
    assert table.column("amount").to_pylist()[0] == Decimal("0.0000000001")


def test_a_folder_has_a_file_per_month(export: Export, tmp_path: Path) -> None:
    assert export("ledger", "--to", f"{tmp_path}/out/").exit_code == 0

    written = manifest(tmp_path / "out" / "manifest.json")
    assert [(part["file"], part["rows"]) for part in written["files"]] == [
        ("2026-01.csv", 1),
        ("2026-02.csv", 2),
        ("2026-03.csv", 1),
    ]
    assert written["as_of"] == "2026-03-15 12:00:00+00:00"


def test_what_was_interrupted_goes_on_where_it_stopped(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    write = exporting.write
    written: list[str] = []

    def interrupted(path: Path, form: Format, columns: list[Column], rows: Rows) -> int:
        written.append(path.name)
        if "2026-02" in path.name and len(written) == 2:
            path.write_text("half")
            raise KeyboardInterrupt
        return write(path, form, columns, rows)

    monkeypatch.setattr(exporting, "write", interrupted)
    assert export("ledger", "--to", f"{folder}/").exit_code == 130
    assert sorted(path.name for path in folder.iterdir()) == ["2026-01.csv", "manifest.json"]

    assert export("ledger", "--to", f"{folder}/").exit_code == 0
    assert [name.split(".")[1] for name in written] == ["2026-01", "2026-02", "2026-02", "2026-03"]
    written.clear()
    assert export("ledger", "--to", f"{folder}/").exit_code == 0
    assert written == [], "all there"
    (folder / "2026-03.csv").write_text("spoilt")
    assert export("ledger", "--to", f"{folder}/").exit_code == 0
    assert [name.split(".")[1] for name in written] == ["2026-03"]


def test_other_numbers_are_written_anew(export: Export, published: str, tmp_path: Path) -> None:
    assert export("ledger", "--to", f"{tmp_path}/out/").exit_code == 0
    with psycopg.connect(published) as session:
        session.execute("update tidemill_build.as_of set as_of = '2026-03-16'")
        session.execute("delete from tidemill_build.movements where movement_id in ('a', 'b')")

    assert export("ledger", "--to", f"{tmp_path}/out/").exit_code == 0

    written = manifest(tmp_path / "out" / "manifest.json")
    assert [(part["file"], part["rows"]) for part in written["files"]] == [
        ("2026-02.csv", 1),
        ("2026-03.csv", 1),
    ]
    assert not (tmp_path / "out" / "2026-01.csv").exists()


def test_since_writes_the_months_from_then_on(
    export: Export, published: str, tmp_path: Path
) -> None:
    assert export("ledger", "--to", f"{tmp_path}/out/").exit_code == 0
    with psycopg.connect(published) as session:
        session.execute("update tidemill_build.as_of set as_of = '2026-03-16'")
        session.execute("update tidemill_build.movements set amount = 99")

    assert export("ledger", "--to", f"{tmp_path}/out/", "--since", "2026-02-15").exit_code == 0

    assert "99.0000000000" not in (tmp_path / "out" / "2026-01.csv").read_text()
    assert "99.0000000000" in (tmp_path / "out" / "2026-02.csv").read_text()
    assert manifest(tmp_path / "out" / "manifest.json")["rows"] == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ledgre", "--to", "x.csv"], "there is nothing published by the name of ledgre"),
        (["mrr_movemnts", "--to", "x.csv"], "did you mean metric_mrr_movements"),
        (["ledger", "--to", "x.xlsx"], "end it with .csv, .jsonl or .parquet"),
        (["ledger", "--to", "x.csv", "--since", "2026"], "end --to with /"),
        (["definitions", "--to", "x/"], "metric_definitions has no day to cut months by"),
        (["x'; drop table y; --", "--to", "x.csv"], "there is nothing published by the name of x'"),
    ],
)
def test_a_wrong_word_is_one_sentence(
    export: Export, clean_environment: Path, words: list[str], sentence: str
) -> None:
    result = export(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(clean_environment.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(export: Export, tmp_path: Path) -> None:
    assert export("ledger", "--to", f"{tmp_path}/out/").exit_code == 0
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir())

    other = export("mrr", "--to", f"{tmp_path}/out/")
    also = export("ledger", "--to", f"{tmp_path}/out/", "--format", "jsonl")

    assert "holds metric_mrr_movements as csv: name another folder for metric_mrr" in other.stderr
    assert also.exit_code == 2
    assert before == sorted((p.name, p.read_bytes()) for p in (tmp_path / "out").iterdir())
