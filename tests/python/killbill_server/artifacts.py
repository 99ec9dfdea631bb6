"""What the server is made of, fetched by its Maven coordinates and kept outside the tree."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

# Later ones resolve an artifact's parents too, which a repository may not have.
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.10:copy"


@dataclass(frozen=True)
class Artifact:
    """A file of a Maven repository, and what it has to be."""

    group: str
    name: str
    version: str
    extension: str
    sha256: str

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.name}:{self.version}:{self.extension}"

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}.{self.extension}"


# The newest whose server is on Maven Central; its own PostgreSQL driver is in it.
KILL_BILL = Artifact(
    "org.kill-bill.billing",
    "killbill-profiles-killbill",
    "0.22.26",
    "war",
    "3a777ea29916900a62f5450f0805d33dbb8086bd33f2babad4fb7be2ef48917b",
)
TOMCAT = Artifact(
    "org.apache.tomcat",
    "tomcat",
    "9.0.117",
    "zip",
    "4447396fe8eef219c5e8c46ab63ce017a482ae018b6a81e97ff699ffebdd693b",
)


def missing() -> str | None:
    """What keeps the server from being started, as a sentence."""
    if _java_version() < 11:
        return "The real Kill Bill server needs Java 11 or newer."
    if all(_is_kept(artifact) for artifact in (KILL_BILL, TOMCAT)) or shutil.which("mvn"):
        return None
    return "The real Kill Bill server is fetched with Maven, and there is no mvn."


def fetched(artifact: Artifact) -> Path:
    """The file, downloaded if it was not before."""
    if not _is_kept(artifact):
        _fetch(artifact)
    return _place(artifact)


def unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "tidemill" / "killbill"


def _place(artifact: Artifact) -> Path:
    return _cache() / artifact.file_name


def _is_kept(artifact: Artifact) -> bool:
    path = _place(artifact)
    return path.is_file() and _sum(path) == artifact.sha256


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(artifact: Artifact) -> None:
    _cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_cache()) as folder:
        done = subprocess.run(
            [
                *("mvn", "-B", "-q", _COPY, f"-Dartifact={artifact.coordinates}"),
                *(f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true"),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        path = Path(folder) / artifact.file_name
        if done.returncode or not path.is_file():
            raise RuntimeError(f"Maven did not give {artifact.coordinates}: {done.stdout[-2000:]}")
        if (found := _sum(path)) != artifact.sha256:
            raise RuntimeError(f"{artifact.coordinates} has the sha256 {found}, which is not ours")
        path.replace(_place(artifact))


def java() -> str:
    """The command: of JAVA_HOME where that is set."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def _java_version() -> int:
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found[1]) if found else 0
