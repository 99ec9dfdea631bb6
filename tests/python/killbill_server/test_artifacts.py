"""Fetching the server: only what was asked for is taken, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from .artifacts import Artifact, fetched, missing

# Its checksum is that of "right".
_SOMETHING = Artifact(
    "com.example",
    "something",
    "1.0",
    "zip",
    "27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9",
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds all commands, and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def _command(machine: Path, name: str, script: str) -> None:
    path = machine / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _maven(machine: Path, content: str) -> None:
    """A Maven that gives everything this content."""
    script = f"""for word; do case "$word" in -DoutputDirectory=*) folder=${{word#*=}};; esac; done
printf %s '{content}' > "$folder/something-1.0.zip" """
    _command(machine, "mvn", script)


def test_what_maven_gives_is_kept(machine: Path) -> None:
    _maven(machine, "right")
    first = fetched(_SOMETHING)
    (machine / "mvn").unlink()
    assert first.read_text() == "right"
    assert fetched(_SOMETHING) == first


def test_what_has_another_checksum_is_refused(machine: Path) -> None:
    _maven(machine, "wrong")
    with pytest.raises(RuntimeError, match=r"com\.example:something:1\.0:zip has the sha256"):
        fetched(_SOMETHING)


def test_a_kept_file_that_was_changed_is_fetched_again(machine: Path) -> None:
    _maven(machine, "right")
    fetched(_SOMETHING).write_text("changed")
    assert fetched(_SOMETHING).read_text() == "right"


def test_a_machine_without_java_is_told_so(machine: Path) -> None:
    assert missing() == "The real Kill Bill server needs Java 11 or newer."


def test_an_old_java_will_not_do(machine: Path) -> None:
    _command(machine, "java", """echo 'openjdk version "1.8.0_402"' >&2""")
    assert missing() == "The real Kill Bill server needs Java 11 or newer."


def test_a_machine_without_maven_is_told_so(machine: Path) -> None:
    _command(machine, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    assert missing() == "The real Kill Bill server is fetched with Maven, and there is no mvn."


def test_java_and_maven_are_all_it_takes(machine: Path) -> None:
    _command(machine, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    _maven(machine, "right")
    assert missing() is None
