"""A PostgreSQL with libxml, which the embedded one was built without: Debian's, where it is."""

from __future__ import annotations

import os
from pathlib import Path

_INSTALLED = Path("/usr/lib/postgresql")


def find_server() -> Path | None:
    """The folder of the binaries of an installed server."""
    named = os.environ.get("TIDEMILL_LIBXML_POSTGRES")
    found = [Path(named)] if named else sorted(_INSTALLED.glob("*/bin"))
    return next((folder for folder in reversed(found) if (folder / "initdb").is_file()), None)
