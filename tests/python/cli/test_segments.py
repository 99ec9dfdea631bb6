"""`tidemill segments` and `tidemill attributes`: what is written, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import Result

from cli.conftest import Tidemill
from tidemill_cli.errors import TidemillError
from tidemill_cli.segments import Condition, Segment, read_segments

Load = Callable[..., Result]


@pytest.fixture
def load(tidemill: Tidemill, database: str, tmp_path: Path) -> Load:
    """Runs `tidemill segments load` (or attributes) on a file of this text."""

    def run(text: str, what: str = "segments", *words: str) -> Result:
        path = tmp_path / "given"
        path.write_text(text)
        return tidemill(what, "load", str(path), "--dsn", database, *words)

    return run


def read(tmp_path: Path, text: str) -> list[Segment]:
    path = tmp_path / "segments.yml"
    path.write_text(text)
    return read_segments(path)


def plan(*plans: str, negated: bool = False) -> Condition:
    return Condition("plan", "in", plans, negated)


A, B, C = plan("a"), plan("b"), plan("c")
NOT_A, NOT_B, NOT_C = (plan(name, negated=True) for name in "abc")


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("{plan: a}", [(A,)]),
        ("{plan: {equals: a}}", [(A,)]),
        ("{plan: [a, b]}", [(plan("a", "b"),)]),
        ("{all: [{plan: a}, {plan: b}]}", [(A, B)]),
        ("{any: [{plan: a}, {plan: b}]}", [(A,), (B,)]),
        ("{all: [{any: [{plan: a}, {plan: b}]}, {plan: c}]}", [(A, C), (B, C)]),
        ("{not: {any: [{plan: a}, {plan: b}]}}", [(NOT_A, NOT_B)]),
        ("{not: {all: [{plan: a}, {not: {plan: b}}]}}", [(NOT_A,), (B,)]),
        ("{plan: a, country: DE}", [(A, Condition("country", "in", ("DE",)))]),
        ("{not: {plan: a, any: [{plan: b}, {plan: c}]}}", [(NOT_A,), (NOT_B, NOT_C)]),
        ("{attribute.paid: true}", [(Condition("attribute.paid", "in", ("true",)),)]),
        ("{attribute.since: 2024-03-01}", [(Condition("attribute.since", "in", ("2024-03-01",)),)]),
        ("{attribute.n: {less: 1.5}}", [(Condition("attribute.n", "less", ("1.5",)),)]),
        ("{attribute.n: {empty: true}}", [(Condition("attribute.n", "empty"),)]),
        ("{attribute.n: {empty: false}}", [(Condition("attribute.n", "empty", (), True),)]),
    ],
)
def test_conditions_are_written_out(
    tmp_path: Path, text: str, clauses: list[tuple[Condition, ...]]
) -> None:
    (segment,) = read(tmp_path, f"segments: {{s: {text}}}")
    assert list(segment.clauses) == clauses


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("segments: {s: {pln: a}}", "there is no field pln; did you mean plan"),
        (
            "segments: {s: {employees: 5}}",
            "An attribute of customers is written attribute.employees",
        ),
        ("segments: {s: {segment: a}}", "there is no field segment"),
        (
            "segments: {s: {plan: {grater: 5}}}",
            "cannot be compared by grater; did you mean greater",
        ),
        ("segments: {s: {plan: {greater: pro}}}", "only numbers and days (2026-03-31)"),
        ("segments: {s: {plan: {empty: yes please}}}", "write true or false"),
        ("segments: {s: {plan: {in: a, contains: b}}}", "plan needs one comparison"),
        ("segments: {s: {plan: []}}", "plan needs a value"),
        ("segments: {s: {plan: }}", "plan needs a value"),
        ("segments: {s: {any: {plan: a}}}", "any needs a list of conditions"),
        ("segments: {s: {all: []}}", "all needs a list of conditions"),
        ("segments: {s: pro}", "'pro' is no condition"),
        ("segments: {s: {not: [{plan: a}]}}", "is no condition"),
        ("segments: {'a,b': {plan: a}}", "segment a,b: a name has letters"),
        ("segments: [a]", "must hold one key, segments"),
        ("segmnts: {}", "must hold one key, segments"),
        ("", "must hold one key, segments"),
        ("segments: {", "cannot be read as YAML at line 1"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(TidemillError) as error:
        read(tmp_path, text)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_too_many_alternatives_are_refused(tmp_path: Path) -> None:
    pairs = ", ".join(f"{{any: [{{plan: a{n}}}, {{plan: b{n}}}]}}" for n in range(40))
    with pytest.raises(TidemillError, match="use lists of values in place of any"):
        read(tmp_path, f"segments: {{s: {{all: [{pairs}]}}}}")


def stored(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as session:
        return session.execute(
            "select segment, clause, condition, field, operator, operands, is_negated "
            "from tidemill_inputs.segments order by segment, clause, condition"
        ).fetchall()


def test_a_file_takes_the_place_of_all_segments(
    load: Load, tidemill: Tidemill, database: str
) -> None:
    assert load("segments: {old: {plan: pro}}").exit_code == 0

    result = load(
        "segments:\n"
        "  it's: {any: [{interval: year}, {not: {attribute.a b: [x, \"y'; drop --\"]}}]}\n"
        "  small: {attribute.seats: {less: 5}}\n",
        "segments",
        "--json",
    )

    assert result.exit_code == 0, result.stderr
    assert "Loaded 2 segments into tidemill_inputs.segments, in place of 1;" in result.stderr
    assert json.loads(result.stdout)["segments"] == ["it's", "small"]
    assert stored(database) == [
        ("it's", 1, 1, "billing_interval", "in", ["year"], False),
        ("it's", 2, 1, "attribute.a b", "in", ["x", "y'; drop --"], True),
        ("small", 1, 1, "attribute.seats", "less", ["5"], False),
    ]
    listed = tidemill("segments", "--dsn", database)
    assert [line.split(maxsplit=1) for line in listed.stdout.splitlines()[2:]] == [
        ["it's", "interval is year, or not attribute.a b is x or y'; drop --"],
        ["small", "attribute.seats less 5"],
    ]


def test_a_file_that_is_wrong_changes_nothing(load: Load, database: str) -> None:
    load("segments: {old: {plan: pro}}")
    before = stored(database)

    result = load("segments: {new: {plan: pro}, wrong: {pln: pro}}")

    assert result.exit_code == 2
    assert stored(database) == before


def test_without_any_there_is_a_sentence(tidemill: Tidemill, database: str) -> None:
    result = tidemill("segments", "--dsn", database)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "There are no segments" in result.stderr


def attributes(dsn: str) -> dict[str, dict[str, str]]:
    with psycopg.connect(dsn) as session:
        return dict(
            session.execute(
                "select customer_id, attributes from tidemill_inputs.customer_attributes"
            ).fetchall()
        )


def test_attributes_are_added_to_those_there_are(load: Load, database: str) -> None:
    first = load("customer_id,size,industry\nacme,5,retail\nbolt,7,\n", "attributes")
    assert first.exit_code == 0, first.stderr
    assert "Loaded size, industry of 2 customers" in first.stderr

    result = load("Customer_ID,industry,note\nacme,,x\nnew,banks,\n", "attributes", "--json")

    assert json.loads(result.stdout) == {
        "table": "tidemill_inputs.customer_attributes",
        "attributes": ["industry", "note"],
        "new": 1,
        "known": 1,
        "without_customer": [],
    }
    assert attributes(database) == {
        "acme": {"size": "5", "note": "x"},
        "bolt": {"size": "7"},
        "new": {"industry": "banks"},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,size\na,1\n", "they must be customer_id and a column per attribute"),
        ("customer_id\na\n", "they must be customer_id and a column per attribute"),
        ("customer_id,size\n", "holds no customer"),
        ("customer_id,size\na,1\na,2\n", "line 3: customer a is there twice"),
        ("customer_id,size\n,1\n", "line 2: customer_id is empty"),
    ],
)
def test_a_file_without_customers_is_refused(load: Load, text: str, sentence: str) -> None:
    result = load(text, "attributes")

    assert result.exit_code == 2
    assert sentence in result.stderr
