"""dbt in this process: the same commands, some seconds faster."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from project import ROOT, Project

# For builds that a test looks at itself.
UNTESTED = ("--exclude-resource-type", "test")


def part_of_the_project(root: Path, *files: str) -> Path:
    """A copy of the project with few of its models, since every command parses them all."""
    shutil.copy(ROOT / "dbt_project.yml", root)
    shutil.copytree(ROOT / "macros", root / "macros")
    for name in ("models/_groups.yml", "models/canonical/as_of.sql", *files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


@dataclass(frozen=True)
class InProcess(Project):
    """The project run by dbt's own Python entry point, one command after the other."""

    root: Path = ROOT

    def dbt(
        self, *arguments: str, variables: dict[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one dbt command and return what it said."""
        from dbt.cli.main import dbtRunner

        self._write_profile()
        said: list[str] = []
        command = [*arguments, "--no-use-colors"]
        command += ["--project-dir", str(self.root), "--profiles-dir", str(self.folder)]
        command += ["--target-path", str(self.folder / "target")]
        command += ["--log-level-file", "none"]
        command += ["--vars", json.dumps(variables or {})]
        with pytest.MonkeyPatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            done = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)]).invoke(command)
        return subprocess.CompletedProcess(
            command, 0 if done.success else 1, "\n".join(said), str(done.exception or "")
        )

    def build(self, *arguments: str, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Run `dbt build` without unit tests, which say the same on every database."""
        super().build(*arguments, "--exclude-resource-type", "unit_test", **options)
