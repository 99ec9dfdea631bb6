"""A PostgreSQL with libxml, which the embedded one was built without: Debian's, where it is."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

_INSTALLED = Path("/usr/lib/postgresql")


def find_server() -> Path | None:
    """The folder of the binaries of an installed server."""
    named = os.environ.get("TIDEMILL_LIBXML_POSTGRES")
    found = [Path(named)] if named else sorted(_INSTALLED.glob("*/bin"))
    return next((folder for folder in reversed(found) if (folder / "initdb").is_file()), None)


@contextmanager
def run_server(binaries: Path) -> Iterator[str]:
    """Start a server of its own, and give the DSN of its first database."""
    with tempfile.TemporaryDirectory(prefix="tidemill-xml-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # PostgreSQL refuses to run as root.
        user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries / program, "-D", data, *arguments],
                check=True,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                cwd=folder,
                stdout=subprocess.DEVNULL,
            )

        run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C", "-N")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield make_conninfo(host=name, port="5432", user="postgres", dbname="postgres")
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
