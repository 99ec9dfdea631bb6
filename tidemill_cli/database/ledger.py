"""The ledger behind the published metrics, and how its days are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.session import Session, current_user, one_value
from tidemill_cli.errors import TidemillError

MOVEMENTS = "mrr_movements"
ITEMS = "item_mrr"
_WANTED = {
    MOVEMENTS: ("billing_source", "tenant_id", "movement_date", "currency", "amount"),
    ITEMS: (
        "billing_source",
        "tenant_id",
        "customer_id",
        "subscription_id",
        "item_id",
        "from_window",
        "to_window",
        "currency",
        "mrr",
    ),
    "as_of": ("as_of_date",),
    "definitions": ("option", "value"),
}


@dataclass(frozen=True)
class Ledger:
    """The tables of the published build."""

    session: Session
    schema: str
    last_day: date  # the one that the build was made on
    options: dict[str, str]

    def sources(self) -> list[str]:
        """The billing sources that anything moved in."""
        rows = self.session.execute(
            sql.SQL("select distinct billing_source from {} order by 1").format(
                self.table(MOVEMENTS)
            )
        )
        return [name for (name,) in rows]

    def table(self, name: str) -> sql.Identifier:
        """A table of the build."""
        return sql.Identifier(self.schema, name)

    @property
    def timezone(self) -> str:
        """The zone of tenants without one of their own."""
        return self.options["reporting_timezone"]

    @property
    def tenant_timezones(self) -> dict[str, str]:
        """The zones of the others."""
        given = (str(text).rpartition("=") for text in json.loads(self.options["tenant_timezones"]))
        return {tenant: zone for tenant, _, zone in given}

    @property
    def days(self) -> str:
        """Where days are cut, in words."""
        return f"{self.timezone}, tenants in their own" if self.tenant_timezones else self.timezone

    def local_day(self, instant: sql.Composable) -> sql.Composed:
        """The day of an instant in the zone of the row's tenant; `bound` goes with it."""
        return sql.SQL(
            "({} at time zone coalesce(%(zones)s::jsonb ->> tenant_id, %(zone)s))::date"
        ).format(instant)

    @property
    def bound(self) -> dict[str, object]:
        """What statements with a local day bind."""
        return {"zone": self.timezone, "zones": json.dumps(self.tenant_timezones)}

    def monthly(self, relation: str) -> sql.Composed:
        """What an amount of a period is multiplied by for a month, as macro monthly_amount does."""
        weeks = {"52/12": "52", "4.33": "51.96", "4": "48"}[self.options["week_factor"]]
        return sql.SQL(
            "((case {relation}.period_unit when 'day' then 365 when 'week' then {weeks} "
            "when 'month' then 12 else 1 end)::numeric(38, 20) / (12 * {relation}.period_count))"
        ).format(relation=sql.Identifier(relation), weeks=sql.SQL(weeks))

    def window_day(self, window: str) -> sql.Composable:
        """The day that the ledger dates a netting window of items with."""
        types = {one.name: one.type for one in catalog.columns(self.session, self.schema, ITEMS)}
        column = sql.Identifier(window)
        return column if types[window] == "date" else self.local_day(column)


@contextmanager
def one_moment(session: Session) -> Iterator[None]:
    """Let several statements see the same build, even if another is published meanwhile."""
    with session.transaction():
        session.execute("set transaction isolation level repeatable read, read only")
        session.execute("set local time zone 'UTC'")
        yield


def find_ledger(session: Session, facade: str) -> Ledger:
    """The ledger of the build that the facade shows."""
    schema = catalog.schema_read(session, facade, "metric_mrr_movements")
    if schema is None:
        raise TidemillError(f"no metrics yet in schema {facade}: run `tidemill run` first.")
    found = catalog.readable_columns(session, schema, _WANTED)
    for table, columns in _WANTED.items():
        for column in columns:
            if column not in found.get(table, {}):
                raise TidemillError(
                    f"the build in schema {schema} has another shape than this command expects "
                    f"(there is no {table}.{column}): run `tidemill run` again."
                )
    user = current_user(session)
    readable = all(found[table][column] for table in _WANTED for column in _WANTED[table])
    if not readable or not catalog.may_use_schema(session, schema):
        raise TidemillError(
            f"user {user} may not read the ledger, which each run makes anew, now in schema "
            f"{schema}: reconcile as the user of `tidemill run`, or `grant usage on schema {schema}"
            f" to {user}; grant select on all tables in schema {schema} to {user}`."
        )
    last_day = one_value(
        session, sql.SQL("select as_of_date from {}").format(sql.Identifier(schema, "as_of"))
    )
    if not isinstance(last_day, date):
        raise TypeError(last_day)
    options = session.execute(
        sql.SQL("select option, value from {}").format(sql.Identifier(schema, "definitions"))
    )
    return Ledger(session, schema, last_day, dict(options.fetchall()))
