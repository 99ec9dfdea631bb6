"""Where the database address comes from, and that a password never shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from cli.conftest import Tidemill
from conftest import EmbeddedPostgres
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.errors import TidemillError

PROFILE = """
tidemill:
  target: prod
  outputs:
    prod:
      type: postgres
      host: "{{ env_var('TIDEMILL_HOST', 'from-profile') }}"
      port: "{{ env_var('TIDEMILL_PORT', '6543') | as_number }}"
      user: reader
      password: "{{ env_var('DBT_ENV_SECRET_TIDEMILL_PASSWORD') }}"
      dbname: billing
      schema: metrics
      threads: 2
      role: analyst
    other:
      type: postgres
      host: other-host
      user: reader
      password: plain
      dbname: billing
      schema: tidemill
"""
SECRET = "correct-horse"
ENVIRONMENT = {"DBT_ENV_SECRET_TIDEMILL_PASSWORD": SECRET}


def write_profile(directory: Path, text: str = PROFILE) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "profiles.yml").write_text(text)
    return directory


def test_a_flag_wins_over_the_environment_and_the_profile(tmp_path: Path) -> None:
    profiles = write_profile(tmp_path / "profiles")
    environment = {**ENVIRONMENT, "TIDEMILL_DSN": "host=from-environment"}
    options = ConnectionOptions(dsn="host=from-flag", profiles_dir=profiles)

    assert resolve(options, environment).parameters["host"] == "from-flag"


def test_the_environment_wins_over_the_profile(tmp_path: Path) -> None:
    profiles = write_profile(tmp_path / "profiles")
    environment = {**ENVIRONMENT, "TIDEMILL_DSN": "host=from-environment"}

    connection = resolve(ConnectionOptions(profiles_dir=profiles), environment)

    assert connection.parameters["host"] == "from-environment"


def test_the_profile_is_rendered_with_its_schema_threads_and_role(tmp_path: Path) -> None:
    profiles = write_profile(tmp_path / "profiles")

    connection = resolve(ConnectionOptions(profiles_dir=profiles), ENVIRONMENT)

    assert connection.parameters == {
        "host": "from-profile",
        "port": "6543",
        "user": "reader",
        "dbname": "billing",
        "password": SECRET,
    }
    assert (connection.schema, connection.threads, connection.role) == ("metrics", 2, "analyst")


def test_a_schema_flag_wins_over_the_profile_and_a_target_flag_picks_an_output(
    tmp_path: Path,
) -> None:
    profiles = write_profile(tmp_path / "profiles")

    connection = resolve(
        ConnectionOptions(profiles_dir=profiles, target="other", schema="elsewhere"), {}
    )

    assert connection.parameters["host"] == "other-host"
    assert connection.schema == "elsewhere"


@pytest.mark.parametrize("place", ["work", "home/.dbt", "named"])
def test_profiles_are_found_in_the_working_directory_the_home_and_dbts_variable(
    tmp_path: Path, place: str
) -> None:
    write_profile(tmp_path / place)
    environment = {**ENVIRONMENT, "HOME": str(tmp_path / "home")}
    if place == "named":
        environment["DBT_PROFILES_DIR"] = str(tmp_path / place)

    assert resolve(ConnectionOptions(), environment).parameters["host"] == "from-profile"


def test_a_profile_of_other_projects_in_the_home_is_passed_over(tmp_path: Path) -> None:
    write_profile(tmp_path / "home/.dbt", "other_project: {target: dev}")

    with pytest.raises(TidemillError, match="no database is named"):
        resolve(ConnectionOptions(), {"HOME": str(tmp_path / "home")})


def test_no_database_at_all_names_every_way_to_give_one() -> None:
    with pytest.raises(TidemillError) as raised:
        resolve(ConnectionOptions(), {})

    for way in ("--dsn", "TIDEMILL_DSN", "profiles.example.yml", "tidemill demo"):
        assert way in str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PROFILE, "asks for the environment variable DBT_ENV_SECRET_TIDEMILL_PASSWORD"),
        (PROFILE.replace("target: prod", "target: prdo"), "has no target prdo: did you mean prod?"),
        (PROFILE.replace("type: postgres", "type: duckdb"), "set type: postgres"),
        (PROFILE.replace("tidemill:", "tidal:", 1), "has no profile named tidemill"),
        ("tidemill: {password: hunter2", "cannot be read as YAML"),
        ("tidemill: {target: prod}", "has no outputs"),
    ],
)
def test_a_broken_profile_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    profiles = write_profile(tmp_path / "profiles", text)

    with pytest.raises(TidemillError, match=r"profiles\.yml") as raised:
        resolve(ConnectionOptions(profiles_dir=profiles), {})

    assert sentence in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_malformed_dsn_is_refused_without_showing_it() -> None:
    with pytest.raises(
        TidemillError, match="--dsn is not a PostgreSQL connection string"
    ) as raised:
        resolve(ConnectionOptions(dsn=f"host=x pasword={SECRET}"), {})

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("schema", ["Tide", "1st", "a b", 'x"; drop', "x" * 41, ""])
def test_a_schema_that_would_need_quoting_is_refused(schema: str) -> None:
    if not schema:
        assert resolve(ConnectionOptions(dsn="host=x", schema=schema), {}).schema == "tidemill"
        return
    with pytest.raises(TidemillError, match="lower-case letters"):
        resolve(ConnectionOptions(dsn="host=x", schema=schema), {})


def test_the_text_of_a_connection_holds_no_password() -> None:
    connection = resolve(ConnectionOptions(dsn=f"postgresql://u:{SECRET}@h/d"), {})

    assert SECRET not in repr(connection)
    assert SECRET not in str(connection)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dbname": "nowhere"}, "there is no database nowhere on"),
        ({"user": "nobody_here"}, "there is no user nobody_here on"),
        ({"host": "127.0.0.1", "port": "1"}, "nothing listens on 127.0.0.1 port 1"),
        ({"host": "/nowhere"}, "nothing listens on /nowhere port"),
        ({"host": "host.invalid"}, "host host.invalid is not known"),
    ],
)
@pytest.mark.parametrize("command", ["run", "mrr"])
def test_an_unreachable_database_is_one_sentence(
    pg: EmbeddedPostgres,
    tidemill: Tidemill,
    stub: Path,
    command: str,
    change: dict[str, str],
    sentence: str,
) -> None:
    dsn = make_conninfo(pg.dsn(), **change)
    words = ["--project-dir", str(stub)] if command == "run" else []

    result = tidemill(command, "--dsn", dsn, *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence in result.stderr
    assert "--dsn" in result.stderr


def test_a_wrong_password_is_one_sentence_that_does_not_show_it(
    pg: EmbeddedPostgres, locked_role: str, tidemill: Tidemill
) -> None:
    result = tidemill("mrr", "--dsn", pg.dsn(user=locked_role, password=SECRET))

    assert result.exit_code == 2
    assert f"refuses the password of user {locked_role}" in result.stderr
    assert SECRET not in result.stderr


def test_a_missing_password_is_one_sentence(
    pg: EmbeddedPostgres, locked_role: str, tidemill: Tidemill
) -> None:
    result = tidemill("mrr", "--dsn", pg.dsn(user=locked_role))

    assert result.exit_code == 2
    assert f"asks for a password of user {locked_role}" in result.stderr


def test_a_server_that_is_too_old_is_refused(
    pg: EmbeddedPostgres, tidemill: Tidemill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill_cli.database.session.MINIMUM_VERSION", 99)

    result = tidemill("mrr", "--dsn", pg.dsn())

    assert result.exit_code == 2
    assert "Tidemill needs 99 or newer" in result.stderr
