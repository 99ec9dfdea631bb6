"""Read what is published, and say in one sentence why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError


@contextmanager
def reading(session: Session, schema: str) -> Iterator[None]:
    """A block that reads the relations of a facade schema."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise TidemillError(
            f"no metrics yet in schema {schema}: run `tidemill run` first."
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        user = session.info.user
        raise TidemillError(
            f"user {user} may not read the metrics: `grant usage on schema {schema} to "
            f"{user}; grant select on all tables in schema {schema} to {user}`."
        ) from None
    except psycopg.errors.UndefinedColumn as error:
        raise TidemillError(
            f"the metrics in schema {schema} have another shape than this command "
            f"expects ({error.diag.message_primary}): run `tidemill run` again."
        ) from None
