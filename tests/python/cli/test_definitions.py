"""`tidemill definitions`: chosen for good, and switched together with the numbers they make."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.conftest import Tidemill
from cli.copying_project import amounts, create_billing, query
from cli.defining_project import OPTION, mrr, write_defining_project
from cli.watching import watched
from tidemill_cli import facade

IN_FORCE = (
    "select value from tidemill.metric_definitions"
    f" where option = '{OPTION}' and in_force_to is null"
)
SERVED_BY = """
    select distinct metric_definitions.value
    from tidemill.metric_mrr
    inner join tidemill.metric_definitions
        on metric_mrr.definitions_hash = metric_definitions.definitions_hash
    where metric_definitions.option = %s
"""
# All that a reader can see of the definitions and of what they make, in one statement.
SEEN = f"""
    select
        (select value from tidemill_inputs.definitions where option = '{OPTION}'),
        ({IN_FORCE}),
        (select array_agg(distinct mrr::int) from tidemill.metric_mrr),
        (
            select array_agg(distinct metric_definitions.value)
            from tidemill.metric_mrr
            inner join tidemill.metric_definitions
                on metric_mrr.definitions_hash = metric_definitions.definitions_hash
            where metric_definitions.option = '{OPTION}'
        )
"""


@pytest.fixture
def project(stub: Path) -> Path:
    return write_defining_project(stub)


@pytest.fixture
def words(database: str, project: Path) -> tuple[str, ...]:
    create_billing(database)
    return ("--dsn", database, "--project-dir", str(project))


@pytest.fixture
def published(tidemill: Tidemill, words: tuple[str, ...]) -> tuple[str, ...]:
    """The same words, after a good run."""
    result = tidemill("run", *words)
    assert result.exit_code == 0, result.stderr
    return words


def chosen(dsn: str) -> dict[str, str]:
    return dict(query(dsn, "select option, value from tidemill_inputs.definitions"))


def values(dsn: str) -> list[tuple[str, bool]]:
    """The values of the option that numbers were published under, and whether one is in force."""
    return query(
        dsn,
        "select value, in_force_to is null from tidemill.metric_definitions"
        f" where option = '{OPTION}' order by in_force_from",
    )


def builds(dsn: str) -> list[str]:
    return [
        status
        for (status,) in query(dsn, "select status from tidemill.tidemill_builds order by build")
    ]


def listed(tidemill: Tidemill, words: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole document, and the part of the option."""
    document = json.loads(tidemill("definitions", *words, "--json").stdout)
    return document, next(one for one in document["definitions"] if one["option"] == OPTION)


# words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["set", "netin=month"], "there is no definition 'netin'; did you mean netting?"),
        (["set", "tidemill_as_of=2026-01-01"], "there is no definition 'tidemill_as_of'"),
        (["set", "netting"], "netting cannot be read: write it as KEY=VALUE."),
        (["set", "netting=day", "tidemill_netting=month"], "netting is set twice: name it once."),
        (["set", "cohort_grains=[week"], "the value cannot be read as YAML"),
        (["set", "netting=fortnight"], "tidemill_netting is 'fortnight': set it to one of day,"),
        (["set", "reporting_timezone=Mars/Olympus"], "is 'Mars/Olympus': set it to an IANA zone"),
        (["set", "fx_mode=fixed"], "nothing is converted; name a currency"),
        (
            ["set", "free_to_paid=expansion", "movement_level=plan"],
            "a plan is either free or paid; change one of them.",
        ),
        (["set", "netting=month", "--vars", "tidemill_netting=day"], "netting is named twice"),
        (["unset", "churndate"], "there is no definition 'churndate'; did you mean churn_date"),
        (["set", "netting=month", "--snapshot-limit", "soon"], "write it as 90s, 15m, 2h or 1d"),
    ],
)
def test_a_wrong_word_is_one_sentence_before_anything_is_built(
    tidemill: Tidemill, words: tuple[str, ...], change: list[str], sentence: str
) -> None:
    result = tidemill("definitions", *change, *words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr
    assert query(words[1], "select to_regclass('tidemill.tidemill_builds')") == [(None,)]


def test_a_project_without_definitions_says_so(
    tidemill: Tidemill, project: Path, words: tuple[str, ...]
) -> None:
    (project / "macros" / "options" / "option_catalogue.sql").unlink()

    result = tidemill("definitions", "set", "netting=month", *words)

    assert result.exit_code == 2
    assert "this project has no definitions to choose from" in result.stderr


def test_who_may_not_read_definitions_is_told_what_to_grant(
    tidemill: Tidemill, words: tuple[str, ...], reader: str
) -> None:
    dsn = f"{words[1]} user={reader}"
    with psycopg.connect(words[1], autocommit=True) as session:
        session.execute(
            "create schema tidemill_inputs; create table tidemill_inputs.definitions (option text)"
        )

    result = tidemill("definitions", "--dsn", dsn, *words[2:])

    assert result.exit_code == 2
    assert f"grant select on tidemill_inputs.definitions to {reader}`" in result.stderr


# set and unset ----------------------------------------------------------------------------------


def test_what_is_set_is_shown_published_kept_and_built_with_by_later_runs(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    before, option = listed(tidemill, published)
    assert (option["value"], option["default"], option["served"]) == ("6", "6", "6")
    assert not option["is_stored"]
    assert before["served"]["is_in_force"]

    result = tidemill("definitions", "set", f"tidemill_{OPTION}=12", "netting=month", *published)

    assert result.exit_code == 0, result.stderr
    assert f"  {OPTION}: 6 -> 12" in result.stderr
    assert "  netting: day -> month" in result.stderr
    row = result.stdout.splitlines()[2].split()
    assert row[:7] == ["metric_mrr", "8", "0", "0", "8", "mrr", "+6"]
    assert amounts(dsn) == mrr(12)
    assert chosen(dsn) == {OPTION: "12", "netting": "month"}
    assert values(dsn) == [("6", False), ("12", True)]
    after, option = listed(tidemill, published)
    assert (option["value"], option["default"], option["served"]) == ("12", "6", "12")
    assert (option["is_stored"], option["set_by"]) == (True, "postgres")
    assert after["served"]["is_in_force"]
    assert after["definitions_hash"] != before["definitions_hash"]

    assert tidemill("run", *published).exit_code == 0
    assert amounts(dsn) == mrr(12)
    assert values(dsn) == [("6", False), ("12", True)], "the set did not change"
    lines = tidemill("definitions", *published).stdout.splitlines()
    (line,) = (line for line in lines if line.startswith(f"{OPTION} "))
    assert re.fullmatch(rf"{OPTION} +12 +6 +20[-\d: ]+ UTC by postgres", line)


@pytest.mark.slow
def test_what_is_unset_goes_back_to_the_project(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    words = (f"{OPTION}=12", "gross_margin=0.80", *published)
    assert tidemill("definitions", "set", *words).exit_code == 0

    result = tidemill("definitions", "unset", OPTION, *published, "--json")

    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["difference"]["definitions"] == [
        {"option": OPTION, "before": "12", "after": "6"}
    ]
    (metric,) = document["difference"]["metrics"]
    assert (metric["metric"], metric["changed"]) == ("metric_mrr", 8)
    assert amounts(dsn) == mrr()
    assert chosen(dsn) == {"gross_margin": "0.80"}
    assert values(dsn) == [("6", False), ("12", False), ("6", True)]


@pytest.mark.parametrize("change", [["set", f"{OPTION}=6"], ["unset", OPTION]])
def test_what_is_in_force_and_served_is_not_built_again(
    tidemill: Tidemill, published: tuple[str, ...], change: list[str]
) -> None:
    result = tidemill("definitions", *change, *published)

    assert result.exit_code == 0
    assert f"{OPTION} is 6 already, and what is served was built so" in result.stderr
    assert builds(published[1]) == ["published"]


@pytest.mark.slow
def test_a_command_line_comes_first_for_one_run(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    assert tidemill("definitions", "set", f"{OPTION}=12", *published).exit_code == 0

    once = tidemill("run", *published, "--vars", f"tidemill_{OPTION}=24")

    assert f"tidemill_{OPTION} is 24 in this run, as the command line says; the database says 12."
    assert once.exit_code == 0, once.stderr
    assert "the database says 12" in once.stderr
    assert amounts(dsn) == mrr(24)
    assert chosen(dsn) == {OPTION: "12"}
    told = tidemill("definitions", *published).stderr
    assert f"What is served was built with {OPTION} 24" in told
    # In force is not yet served, so it is built.
    assert tidemill("definitions", "set", f"{OPTION}=12", *published).exit_code == 0
    assert amounts(dsn) == mrr(12)


def test_what_is_not_to_be_switched_to_is_left_beside(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]

    result = tidemill("definitions", "set", f"{OPTION}=12", "--no-switch", *published)

    assert result.exit_code == 0, result.stderr
    assert "mrr +6" in result.stdout
    build = re.search(r"Build (\w+) is left beside what is served", result.stderr)
    assert build
    assert amounts(dsn) == mrr()
    assert chosen(dsn) == {}
    assert values(dsn) == [("6", True)]
    assert builds(dsn) == ["published", "built"]
    assert query(dsn, f"select distinct mrr::int from {build[1]}.metric_mrr") == [(12,)]
    back = tidemill("rollback", build[1], "--dsn", dsn)
    assert back.exit_code == 2
    assert "is not among those that were published" in back.stderr


@pytest.mark.slow
def test_a_set_that_fails_its_tests_changes_nothing(
    tidemill: Tidemill, project: Path, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    (project / "checks" / "is_little.sql").write_text(
        "select * from {{ ref('metric_mrr') }} where mrr > 10"
    )

    result = tidemill("definitions", "set", f"{OPTION}=12", *published)

    assert result.exit_code == 1
    assert "test is_little failed on 8 rows" in result.stderr
    assert "The definitions stay as they were, too." in result.stderr
    assert amounts(dsn) == mrr()
    assert chosen(dsn) == {}
    assert values(dsn) == [("6", True)]
    assert tidemill("run", *published).exit_code == 0


# readers ----------------------------------------------------------------------------------------


def test_a_reader_sees_the_old_of_everything_or_the_new_of_everything(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    with watched(dsn, SEEN) as states:
        result = tidemill("definitions", "set", f"{OPTION}=12", *published)
        assert result.exit_code == 0, result.stderr
    with watched(dsn, SEEN) as states_since:
        assert tidemill("rollback", "--dsn", dsn).exit_code == 0

    old, new = (None, "6", [6], ["6"]), ("12", "12", [12], ["12"])
    assert states == [old, new]
    assert states_since == [new, old]


@pytest.mark.slow
def test_readers_that_do_not_let_go_keep_all_of_the_old(
    tidemill: Tidemill, published: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = published[1]
    monkeypatch.setattr(facade, "_ONLY_TOGETHER_SECONDS", 1.0)
    monkeypatch.setattr(facade, "_TOGETHER_SECONDS", 1.0)
    with psycopg.connect(dsn) as reader:
        reader.execute("select count(*) from tidemill.metric_definitions")

        result = tidemill("definitions", "set", f"{OPTION}=12", *published)

    assert result.exit_code == 2
    assert "all of them are switched at once or none: end the long queries" in result.stderr
    assert amounts(dsn) == mrr()
    assert chosen(dsn) == {}
    assert values(dsn) == [("6", True)]


# rollback ---------------------------------------------------------------------------------------


def test_definitions_go_back_with_the_build_and_no_run_brings_the_others_again(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    assert tidemill("definitions", "set", f"{OPTION}=12", *published).exit_code == 0
    ((newer,),) = query(dsn, "select max(build) from tidemill.tidemill_builds")

    back = tidemill("rollback", "--dsn", dsn)

    assert f"Definition {OPTION} is left to dbt_project.yml again; it was 12." in back.stderr
    assert amounts(dsn) == mrr()
    assert chosen(dsn) == {}
    assert values(dsn) == [("6", False), ("12", False), ("6", True)]
    assert tidemill("run", *published).exit_code == 0
    assert amounts(dsn) == mrr()

    forward = tidemill("rollback", newer, "--dsn", dsn)

    assert f"Definition {OPTION} is 12 again; it was not chosen." in forward.stderr
    assert amounts(dsn) == mrr(12)
    assert chosen(dsn) == {OPTION: "12"}
    assert values(dsn)[-1] == ("12", True)


@pytest.mark.slow
def test_rows_find_their_set_in_every_build(tidemill: Tidemill, published: tuple[str, ...]) -> None:
    dsn = published[1]
    for value in (12, 24):
        assert tidemill("definitions", "set", f"{OPTION}={value}", *published).exit_code == 0
        with psycopg.connect(dsn) as session:
            assert session.execute(SERVED_BY, (OPTION,)).fetchall() == [(str(value),)]
    for (build,) in query(
        dsn, "select build from tidemill.tidemill_builds where pruned_at is null"
    ):
        unknown = (
            f"select from {build}.metric_mrr where definitions_hash not in"
            " (select definitions_hash from tidemill.metric_definitions)"
        )
        assert query(dsn, unknown) == []


# rebuild ----------------------------------------------------------------------------------------


def test_a_rebuild_makes_all_anew_but_the_history(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    assert tidemill("definitions", "set", f"{OPTION}=12", *published).exit_code == 0
    parsed = "select 'tidemill_parsed.parsed'::regclass::oid, count(*) from tidemill_parsed.parsed"
    captured = (
        "select 'tidemill_history.captured'::regclass::oid, plan, mrr, dbt_valid_from"
        " from tidemill_history.captured order by 2, 4"
    )
    parsed_before, captured_before = query(dsn, parsed), query(dsn, captured)

    result = tidemill("rebuild", *published)

    assert result.exit_code == 0, result.stderr
    assert "No number differs from what was served." in result.stderr
    assert result.stdout.splitlines()[2].split() == ["metric_mrr", "8", "0", "0", "0"]
    assert amounts(dsn) == mrr(12)
    assert chosen(dsn) == {OPTION: "12"}
    parsed_after = query(dsn, parsed)
    assert parsed_after[0][0] != parsed_before[0][0]
    assert parsed_after[0][1] == parsed_before[0][1]
    assert query(dsn, captured) == captured_before


@pytest.mark.slow
def test_a_rebuild_shows_what_has_changed_since(
    tidemill: Tidemill, published: tuple[str, ...]
) -> None:
    dsn = published[1]
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("update t3 set amount = 5")

    beside = tidemill("rebuild", "--no-switch", *published)
    assert amounts(dsn) == mrr()
    after = tidemill("rebuild", *published, "--json")

    assert "mrr +24" in beside.stdout
    (metric,) = json.loads(after.stdout)["difference"]["metrics"]
    assert metric["changed"] == 1
    assert sorted(amounts(dsn)) == [*mrr()[1:], 30]


@pytest.mark.slow
def test_the_first_build_of_all_has_nothing_to_compare_with(
    tidemill: Tidemill, words: tuple[str, ...]
) -> None:
    result = tidemill("definitions", "set", f"{OPTION}=12", *words)

    assert result.exit_code == 0, result.stderr
    assert "there is nothing to compare with" in result.stderr
    assert amounts(words[1]) == mrr(12)
    assert chosen(words[1]) == {OPTION: "12"}
