"""What numbers are made by: the project's files and every option."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidemill_cli import __version__
from tidemill_cli.parsed import files_read


def fingerprint(project: Path, settings: Mapping[str, Any]) -> str:
    """The same for two builds that differ in nothing but the rows they have read."""
    digest = hashlib.sha256(__version__.encode())
    for name in sorted(files_read(project)):
        digest.update(os.path.relpath(name, project).encode())
        try:
            digest.update(Path(name).read_bytes())
        except OSError:  # gone meanwhile
            continue
    digest.update(json.dumps(dict(settings), sort_keys=True, default=str).encode())
    return digest.hexdigest()
