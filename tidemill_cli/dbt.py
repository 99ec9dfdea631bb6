"""Run dbt in this process. The only module that imports dbt, and only when it is called."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tidemill_cli.dbt_messages import sentence

_PROFILE = "tidemill"
_TARGET = "run"
_PASSWORD_VARIABLE = (
    "DBT_ENV_SECRET_TIDEMILL_PASSWORD"  # dbt keeps DBT_ENV_SECRET_* out of its logs
)
_BUILD_SCHEMA_VARIABLE = "TIDEMILL_BUILD_SCHEMA"
_STARTED_AT_VARIABLE = "TIDEMILL_STARTED_AT"


@dataclass(frozen=True)
class Target:
    """Where dbt builds; `parameters` are dbt-postgres's profile keys without the password."""

    parameters: Mapping[str, str | int] = field(repr=False)
    password: str = field(repr=False)
    schema: str
    build_schema: str
    started_at: datetime  # what the run sees is dated with it
    threads: int


@dataclass(frozen=True)
class NodeResult:
    """How one model, test, seed or snapshot ended."""

    name: str
    kind: str
    status: str
    message: str
    failures: int | None = None
    breaks: tuple[str, ...] = ()
    rows: int = 0  # how many it wrote

    @property
    def is_test(self) -> bool:
        """Whether it checks rather than builds."""
        return self.kind == "test"


@dataclass(frozen=True)
class DbtResult:
    """What a dbt run came to."""

    nodes: list[NodeResult]
    error: str | None = None  # why it stopped before or between the nodes
    stopped_by: tuple[str, ...] = ()  # the macros that stopped it, innermost first

    @property
    def failed_tests(self) -> list[NodeResult]:
        """Tests that ran and found something."""
        return [node for node in self.nodes if node.is_test and node.status == "fail"]

    @property
    def errors(self) -> list[NodeResult]:
        """Nodes that could not be run."""
        return [node for node in self.nodes if node.status in ("error", "runtime error")]

    @property
    def warnings(self) -> list[NodeResult]:
        """Tests of severity warn that found something."""
        return [node for node in self.nodes if node.status == "warn"]

    @property
    def models(self) -> int:
        """How many relations were built."""
        built = ("model", "seed", "snapshot")
        return sum(node.kind in built and node.status == "success" for node in self.nodes)

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(node.rows for node in self.nodes if not node.is_test)

    @property
    def tests(self) -> int:
        """How many tests ran."""
        return sum(node.is_test and node.status in ("pass", "fail", "warn") for node in self.nodes)


def build(
    project: Path,
    target: Target,
    options: Mapping[str, Any],
    on_progress: Callable[[int, int, str], None],
) -> DbtResult:
    """`dbt build` of the whole project into the build schema."""
    from dbt.cli.main import dbtRunner

    counter = _Counter(on_progress)
    with _work_directory() as work, _profile(target) as profiles, _environment(target):
        arguments = [
            "build",
            *("--project-dir", str(project)),
            *("--profiles-dir", str(profiles)),
            *("--profile", _PROFILE),
            *("--target", _TARGET),
            *("--vars", json.dumps(dict(options))),
            *("--target-path", str(work / "target")),
            *("--log-path", str(work / "logs")),
            *("--log-level", "none"),
            # Unit tests prove the code, not the data: they belong to development.
            *("--exclude-resource-type", "unit_test"),
            "--no-print",
            "--no-send-anonymous-usage-stats",
            # The build schema is new every time; a partial parse would keep the last one's name.
            "--no-partial-parse",
        ]
        with _quiet_loggers():
            outcome = dbtRunner(callbacks=[counter.on_event]).invoke(arguments)
        if isinstance(outcome.exception, KeyboardInterrupt):
            raise KeyboardInterrupt
        return _result(outcome)


class _Counter:
    """Counts nodes as dbt reports them finished."""

    def __init__(self, on_progress: Callable[[int, int, str], None]) -> None:
        self._on_progress = on_progress
        self._done = 0
        self._total = 0

    def on_event(self, event: Any) -> None:  # noqa: ANN401 - dbt's events are protobufs
        """See dbt's event stream."""
        if event.info.name == "LogStartLine":
            self._total = max(self._total, event.data.total)
        elif event.info.name == "NodeFinished":
            self._done += 1
            self._on_progress(
                self._done, max(self._total, self._done), event.data.node_info.node_name
            )


def _result(outcome: Any) -> DbtResult:  # noqa: ANN401 - dbt's result objects carry no contract
    nodes = []
    for result in getattr(outcome.result, "results", None) or []:
        node = result.node
        meta = getattr(getattr(node, "config", None), "meta", None) or {}
        breaks = meta.get("breaks", ()) if isinstance(meta, dict) else ()
        nodes.append(
            NodeResult(
                name=node.name,
                kind=str(getattr(node.resource_type, "value", node.resource_type)),
                status=str(getattr(result.status, "value", result.status)),
                message=sentence(str(result.message or "")),
                failures=result.failures,
                breaks=(breaks,) if isinstance(breaks, str) else tuple(breaks),
                rows=max(0, (result.adapter_response or {}).get("rows_affected") or 0),
            )
        )
    error = sentence(str(outcome.exception)) if outcome.exception else None
    if (
        error is None
        and not outcome.success
        and not any(node.status in ("error", "runtime error", "fail") for node in nodes)
    ):
        error = "dbt stopped without saying why; see its log."
    stack = getattr(outcome.exception, "stack", ())
    return DbtResult(nodes, error, tuple(str(getattr(item, "name", "")) for item in stack))


@contextmanager
def _profile(target: Target) -> Iterator[Path]:
    """A profiles directory that only this user can read; the password stays out of it."""
    import yaml

    output: dict[str, Any] = {
        "type": "postgres",
        **target.parameters,
        "password": f"{{{{ env_var('{_PASSWORD_VARIABLE}', '') }}}}",
        "schema": target.schema,
        "threads": target.threads,
    }
    document = {_PROFILE: {"target": _TARGET, "outputs": {_TARGET: output}}}
    with tempfile.TemporaryDirectory(prefix="tidemill-profile-") as directory:  # mode 0700
        path = Path(directory)
        (path / "profiles.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
        yield path


@contextmanager
def _environment(target: Target) -> Iterator[None]:
    """The variables that the project and the profile read, restored afterwards."""
    wanted = {
        _PASSWORD_VARIABLE: target.password,
        _BUILD_SCHEMA_VARIABLE: target.build_schema,
        _STARTED_AT_VARIABLE: target.started_at.isoformat(),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _work_directory() -> Iterator[Path]:
    """Where dbt writes: under `.tidemill` to be looked at later, else a directory that goes away.

    Never in the project itself, which may be an installed package.
    """
    kept = Path(".tidemill").resolve() / "dbt"
    try:
        kept.mkdir(parents=True, exist_ok=True)
        writable = os.access(kept, os.W_OK)
    except OSError:
        writable = False
    if writable:
        shutil.rmtree(kept / "target", ignore_errors=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="tidemill-dbt-") as directory:
        yield Path(directory)


@contextmanager
def _quiet_loggers() -> Iterator[None]:
    """Keep libraries that dbt loads from writing to stderr; dbt's own log file has it all."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
