"""What dbt made of a project, kept until something it was made of has changed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PROJECT_FILE = "dbt_project.yml"
# Where dbt looks when dbt_project.yml does not say.
_FOLDERS = {
    "model-paths": ["models"],
    "macro-paths": ["macros"],
    "seed-paths": ["seeds"],
    "snapshot-paths": ["snapshots"],
    "analysis-paths": ["analyses"],
    "test-paths": ["tests"],
    "function-paths": ["functions"],
    "docs-paths": [],
    "packages-install-path": "dbt_packages",
}
_LOCK = "_lock"  # of a manifest, and no part of what was parsed
_READ = (".sql", ".yml", ".yaml", ".csv", ".md", ".py")


@dataclass
class KeptParse:
    """A parsed project for one build after another.

    Each build has a schema of its own, whose name the parsed nodes bear. All names of a facade's
    builds are of one length, so that one may be put for another wherever it stands in the pickle,
    and dbt gets a copy that no earlier run has written to.
    """

    _made_of: object = None
    _build: str = ""
    _pickle: bytes = field(default=b"", repr=False)

    def get(self, made_of: object, build: str) -> Any | None:  # noqa: ANN401 - dbt's manifest
        """What is kept, as if it had been parsed for this build; None if it must be parsed."""
        if not self._pickle or made_of != self._made_of or len(build) != len(self._build):
            return None
        kind, attributes = pickle.loads(self._pickle.replace(self._build.encode(), build.encode()))
        manifest = kind()
        vars(manifest).update(attributes)
        return manifest

    def keep(self, made_of: object, build: str, manifest: object) -> None:
        """Keep what was parsed; `made_of` was looked at before."""
        self._made_of = made_of
        self._build = build
        # Not the manifest itself: as it pickles itself (1.11) its look-ups change places.
        attributes = {name: value for name, value in vars(manifest).items() if name != _LOCK}
        self._pickle = pickle.dumps((type(manifest), attributes), protocol=5)


def state_of_files(project: Path) -> dict[str, tuple[int, ...]]:
    """When each file that dbt may read was last changed, and what else changes with it.

    The time of the inode's change cannot be set back, as copying tools do with the other one.
    """
    state: dict[str, tuple[int, ...]] = {}
    for path in files_read(project):
        try:
            found = os.stat(path)  # noqa: PTH116 - strings, since there are hundreds each time
        except OSError:  # gone meanwhile
            continue
        state[path] = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    return state


def files_read(project: Path) -> Iterator[str]:
    """The files that dbt may read."""
    for entry in os.scandir(project):
        if entry.name.endswith(_READ) or entry.name == ".dbtignore":
            yield entry.path
    for folder in _folders(project):
        # Packages in development are links.
        for directory, _, names in os.walk(folder, followlinks=True):
            for name in names:
                if name.endswith(_READ):
                    yield os.path.join(directory, name)  # noqa: PTH118


def _folders(project: Path) -> set[Path]:
    """Where dbt looks; the whole project if that is for dbt's templates to say."""
    import yaml

    try:
        document = yaml.safe_load((project / _PROJECT_FILE).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):  # being written; dbt will say
        return {project}
    settings = {**_FOLDERS, **{key: document[key] for key in _FOLDERS if document.get(key)}}
    named = [
        str(folder)
        for value in settings.values()
        for folder in (value if isinstance(value, list) else [value])
    ]
    return {project} if any("{" in folder for folder in named) else {project / n for n in named}
