"""Subscription metrics in the PostgreSQL that holds the billing data.

from tidemill_cli import connect

for row in connect().mrr(by="plan", last="12m"):
    print(row.period_start, row.plan, row.mrr)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill_cli.client import Client

__version__ = "0.1.0"


def connect(
    dsn: str | None = None,
    *,
    profiles_dir: str | Path | None = None,
    target: str | None = None,
    schema: str | None = None,
) -> Client:
    """Look metrics up in the database that is named, or else by TIDEMILL_DSN or a dbt profile.

    Raises TidemillError, with a sentence, where that cannot be done.
    """
    from tidemill_cli.client import Client
    from tidemill_cli.config import ConnectionOptions

    folder = Path(profiles_dir) if profiles_dir else None
    return Client(
        ConnectionOptions(dsn=dsn, profiles_dir=folder, target=target, schema=schema),
        "tidemill from Python",
    )
