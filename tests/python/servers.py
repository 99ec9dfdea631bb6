"""Servers of a test's own, of any PostgreSQL that is installed: to be stopped, and to be killed."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from tidemill_cli.embedded import load_package

# Names a major to test on: 15, 16, 18.
MAJOR_VARIABLE = "TIDEMILL_TEST_POSTGRES"
_DEBIAN = Path("/usr/lib/postgresql")


def installed() -> dict[int, Path]:
    """The folder of the binaries of each major that is here: Debian's, and the embedded ones."""
    package = Path(str(load_package().__file__)).parent
    folders = [
        *sorted(_DEBIAN.glob("*/bin")),
        package / "pginstall/bin",
        package / "pginstall18/bin",
    ]
    return {major: folder for folder in folders if (major := _major(folder))}


def chosen() -> Path:
    """The binaries of the major that the variable names, or else of the newest one."""
    found = installed()
    major = int(os.environ.get(MAJOR_VARIABLE) or max(found))
    assert major in found, f"there is no PostgreSQL {major} here, only {sorted(found)}"
    return found[major]


def _major(folder: Path) -> int | None:
    if not (folder / "initdb").is_file():
        return None
    told = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return int(told.stdout.split()[2].split(".")[0])


@dataclass
class Server:
    """A server with its data in a folder."""

    binaries: Path
    folder: Path
    settings: tuple[str, ...] = ()
    _user: pwd.struct_passwd | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Make the data; PostgreSQL refuses to run as root."""
        if os.geteuid() == 0:
            self._user = pwd.getpwnam("postgres" if _exists("postgres") else "pgserver")
        self.own(self.folder)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C", "-N")

    @property
    def dsn(self) -> str:
        return make_conninfo(host=str(self.folder), port="5432", user="postgres", dbname="postgres")

    def own(self, folder: Path) -> None:
        """Give a folder to the user that the server runs as."""
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def start(self) -> None:
        settings = "".join(f" -c {setting}" for setting in self.settings)
        options = f"-k {self.folder} -c listen_addresses=''{settings}"
        # After a kill what the last server began may take a moment to notice.
        for attempt in range(10):
            try:
                self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")
            except subprocess.CalledProcessError:
                if attempt == 9:
                    raise
                time.sleep(1)
            else:
                return

    def stop(self) -> None:
        if self._answers():
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """As when the machine's memory runs out: the server is gone, without a word."""
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.folder / "data", *arguments],
            check=True,
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def running(binaries: Path, *settings: str) -> Iterator[Server]:
    """Start a server of its own, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="tidemill-own-", ignore_cleanup_errors=True) as name:
        server = Server(binaries, Path(name), settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
