"""Which database to use: flag, environment, dbt profile or the running demo, in this order."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tidemill_cli.errors import TidemillError

DEFAULT_SCHEMA = "tidemill"
DSN_VARIABLE = "TIDEMILL_DSN"
STATE_DIRECTORY = Path(".tidemill")

# Profile keys that libpq knows by the same name.
_LIBPQ_KEYS = (
    "host",
    "user",
    "port",
    "dbname",
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "connect_timeout",
    "keepalives_idle",
)
# The build schemas add 15 characters, plain dbt adds _history; PostgreSQL cuts names at 63 bytes.
_SCHEMA_PATTERN = re.compile(r"[a-z_][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Connection:
    """How to reach the database, and where it was found. Its text never shows a password."""

    source: str
    parameters: Mapping[str, str] = field(repr=False)
    schema: str = DEFAULT_SCHEMA
    threads: int = 4
    role: str | None = None

    @property
    def inputs_schema(self) -> str:
        """Where the tables are that people fill."""
        return f"{self.schema}_inputs"

    def with_parameters(self, **parameters: str) -> Connection:
        """The same connection with some libpq parameters replaced."""
        return replace(self, parameters={**self.parameters, **parameters})


@dataclass(frozen=True)
class ConnectionOptions:
    """What the command line says about the connection."""

    dsn: str | None = None
    profiles_dir: Path | None = None
    project_dir: Path | None = None
    target: str | None = None
    schema: str | None = None
    state_dir: Path = STATE_DIRECTORY


def resolve(options: ConnectionOptions, environ: Mapping[str, str] | None = None) -> Connection:
    """Find the database, in the documented order of precedence."""
    environ = os.environ if environ is None else environ
    connection = (
        _from_dsn(options.dsn, "--dsn")
        or _from_dsn(environ.get(DSN_VARIABLE), DSN_VARIABLE)
        or _from_profile(options, environ)
        or _from_demo(options.state_dir)
    )
    if connection is None:
        raise TidemillError(
            "no database is named: pass --dsn, set TIDEMILL_DSN, write a profile (copy "
            "profiles.example.yml to profiles.yml) or start the demo with `tidemill demo`."
        )
    if options.schema:
        connection = replace(connection, schema=options.schema)
    if not _SCHEMA_PATTERN.fullmatch(connection.schema):
        raise TidemillError(
            f"schema {connection.schema!r} cannot be used: take lower-case letters, digits and "
            "underscores, at most 40, not starting with a digit."
        )
    return connection


def _from_dsn(dsn: str | None, source: str) -> Connection | None:
    if not dsn:
        return None
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = conninfo_to_dict(dsn)
    except ProgrammingError:
        # libpq's own message quotes the text, password and all.
        raise TidemillError(
            f"{source} is not a PostgreSQL connection string: write it as "
            "postgresql://user@host:5432/database."
        ) from None
    return Connection(
        source, {key: str(value) for key, value in parameters.items() if value is not None}
    )


def _from_profile(options: ConnectionOptions, environ: Mapping[str, str]) -> Connection | None:
    from tidemill_cli.profiles import PROFILE, find_profile_file, read_output

    path = find_profile_file(_profile_directories(options, environ))
    if path is None:
        if options.target:
            raise TidemillError(
                f"--target {options.target} names a target of the dbt profile {PROFILE}, but no "
                "profiles.yml with that profile was found: pass --profiles-dir."
            )
        return None
    target, output = read_output(path, options.target, environ)
    output.setdefault("dbname", output.get("database"))
    parameters = {key: str(output[key]) for key in _LIBPQ_KEYS if output.get(key) not in (None, "")}
    password = output.get("password", output.get("pass"))
    if password not in (None, ""):
        parameters["password"] = str(password)
    return Connection(
        source=f"target {target} of profile {PROFILE} in {path}",
        parameters=parameters,
        schema=str(output.get("schema") or DEFAULT_SCHEMA),
        threads=_threads(output.get("threads", 4), path),
        role=str(output["role"]) if output.get("role") else None,
    )


def _threads(value: Any, path: Path) -> int:  # noqa: ANN401 - whatever the yaml holds
    try:
        return max(1, int(value))
    except (TypeError, ValueError):
        raise TidemillError(f"threads in {path} is {value!r}: set it to a number.") from None


def _profile_directories(
    options: ConnectionOptions, environ: Mapping[str, str]
) -> list[tuple[Path, bool]]:
    if options.profiles_dir:
        return [(options.profiles_dir, True)]
    if environ.get("DBT_PROFILES_DIR"):
        return [(Path(environ["DBT_PROFILES_DIR"]), True)]
    directories = [(options.project_dir or Path.cwd(), False)]
    home = environ.get("HOME")
    if home:
        directories.append((Path(home) / ".dbt", False))
    return directories


def _from_demo(state_dir: Path) -> Connection | None:
    if not (state_dir / "demo.json").is_file():
        return None
    from tidemill_cli.embedded import DemoServer

    server = DemoServer.load(state_dir)
    server.ensure_running()
    return Connection("the demo server", server.parameters())
