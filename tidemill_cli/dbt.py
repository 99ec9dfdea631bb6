"""Run dbt in this process. The only module that imports dbt, and only when it is called."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tidemill_cli.database.reading import Snapshot
from tidemill_cli.dbt_messages import sentence
from tidemill_cli.parsed import KeptParse, state_of_files

_PROFILE = "tidemill"
_TARGET = "run"
_PASSWORD_VARIABLE = (
    "DBT_ENV_SECRET_TIDEMILL_PASSWORD"  # dbt keeps DBT_ENV_SECRET_* out of its logs
)
_BUILD_SCHEMA_VARIABLE = "TIDEMILL_BUILD_SCHEMA"
_STARTED_AT_VARIABLE = "TIDEMILL_STARTED_AT"
_SNAPSHOT_VARIABLE = "TIDEMILL_SNAPSHOT"
_NO_SPACE = "No space left on device"


@dataclass(frozen=True)
class Target:
    """Where dbt builds; `parameters` are dbt-postgres's profile keys without the password."""

    parameters: Mapping[str, str | int] = field(repr=False)
    password: str = field(repr=False)
    schema: str
    build_schema: str
    threads: int

    @property
    def application_name(self) -> str:
        """What dbt's sessions are called."""
        return f"tidemill {self.build_schema}"


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
    def has_failed(self) -> bool:
        """Whether something could not be run."""
        return bool(self.error or self.errors)

    @property
    def lacks_space(self) -> bool:
        """Whether a disk was full."""
        return any(_NO_SPACE in node.message for node in self.errors)

    def followed_by(self, other: DbtResult) -> DbtResult:
        """What two commands came to together."""
        return DbtResult(
            [*self.nodes, *other.nodes],
            self.error or other.error,
            self.stopped_by or other.stopped_by,
        )

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


@dataclass(frozen=True)
class Reads:
    """What a project reads of the billing engines."""

    models: frozenset[str]  # the ids of the models that copy a table
    tables: tuple[str, ...]  # their names, quoted


class Dbt:
    """dbt on one project and database; what one command parsed, the next ones use."""

    def __init__(
        self,
        project: Path,
        target: Target,
        options: Mapping[str, Any],
        kept: KeptParse | None = None,
    ) -> None:
        """Take them, and what an earlier run kept; use it as a context."""
        self._project = project
        self._target = target
        self._options = options
        self._kept = kept or KeptParse()
        self._manifest: Any = None
        self._context = ExitStack()

    def __enter__(self) -> Dbt:
        """Write the profile, and set the variables that it and the project read."""
        self._work = self._context.enter_context(_work_directory())
        self._profiles = self._context.enter_context(_profile(self._target))
        self._context.enter_context(_environment(self._target))
        self._context.enter_context(_quiet_loggers())
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of that behind."""
        self._context.close()

    def parse(self) -> DbtResult:
        """`dbt parse`, unless all is as it was: what is wrong with the project is found here."""
        build = self._target.build_schema
        made_of = (
            state_of_files(self._project),
            replace(self._target, build_schema="", password=""),
            dict(self._options),
        )
        self._manifest = self._kept.get(made_of, build)
        if self._manifest is not None:
            return DbtResult([])
        outcome = self._invoke("parse")
        self._manifest = outcome.result
        result = _result(outcome)
        if not result.has_failed:
            self._kept.keep(made_of, build, self._manifest)
        return result

    def reads(self, engines: Collection[str]) -> Reads:
        """The models that copy tables of these engines, and the tables; the project is parsed."""
        sources = {
            source.unique_id: source.relation_name
            for source in self._manifest.sources.values()
            if source.source_name in engines
        }
        read = {
            node.unique_id: found
            for node in self._manifest.nodes.values()
            if node.resource_type == "model"
            and (found := set(node.depends_on.nodes) & sources.keys())
        }
        tables = {sources[name] for names in read.values() for name in names}
        return Reads(frozenset(read), tuple(sorted(tables)))

    def seed(self) -> DbtResult:
        """`dbt seed` into the build schema."""
        return _result(self._invoke("seed"))

    def build(
        self,
        on_progress: Callable[[int, int, str], None],
        on_finished: Callable[[str], None],
        snapshot: Snapshot,
        options: Mapping[str, Any],
        *,
        is_anew: bool = False,
    ) -> DbtResult:
        """`dbt build` of all but the seeds; the billing tables are read at a snapshot."""
        counter = _Counter(on_progress, on_finished)
        _set_environment(
            {
                _SNAPSHOT_VARIABLE: snapshot.name,
                _STARTED_AT_VARIABLE: snapshot.taken_at.isoformat(),
            }
        )
        self._options = {**self._options, **options}
        outcome = self._invoke(
            "build",
            # Unit tests prove the code, not the data: they belong to development.
            *("--exclude-resource-type", "unit_test"),
            *("--exclude-resource-type", "seed"),
            # Of what lasts between runs all but the snapshots, which dbt never makes anew.
            *(("--full-refresh",) if is_anew else ()),
            on_event=counter.on_event,
        )
        return _result(outcome)

    def _invoke(
        self, command: str, *words: str, on_event: Callable[[Any], None] | None = None
    ) -> Any:  # noqa: ANN401 - dbt's result objects carry no contract
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(self._manifest, [on_event] if on_event else [])
        outcome = runner.invoke(
            [
                command,
                *("--project-dir", str(self._project)),
                *("--profiles-dir", str(self._profiles)),
                *("--profile", _PROFILE),
                *("--target", _TARGET),
                *("--vars", json.dumps(dict(self._options))),
                *("--target-path", str(self._work / "target")),
                *("--log-path", str(self._work / "logs")),
                *("--log-level", "none"),
                *words,
                "--no-print",
                "--no-send-anonymous-usage-stats",
                # The build schema is new every time; a partial parse would keep the last name.
                "--no-partial-parse",
            ]
        )
        if isinstance(outcome.exception, KeyboardInterrupt):
            raise KeyboardInterrupt
        return outcome


class _Counter:
    """Counts nodes as dbt reports them finished."""

    def __init__(
        self,
        on_progress: Callable[[int, int, str], None],
        on_finished: Callable[[str], None],
    ) -> None:
        self._on_progress = on_progress
        self._on_finished = on_finished
        self._done = 0
        self._total = 0

    def on_event(self, event: Any) -> None:  # noqa: ANN401 - dbt's events are protobufs
        """See dbt's event stream."""
        if event.info.name == "LogStartLine":
            self._total = max(self._total, event.data.total)
        elif event.info.name == "NodeFinished":
            self._done += 1
            node = event.data.node_info
            self._on_finished(node.unique_id)
            self._on_progress(self._done, max(self._total, self._done), node.node_name)


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
        "application_name": target.application_name,
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
        # Known when the tables are to be read.
        _STARTED_AT_VARIABLE: None,
        _SNAPSHOT_VARIABLE: None,
    }
    before = {name: os.environ.get(name) for name in wanted}
    _set_environment(wanted)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
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
