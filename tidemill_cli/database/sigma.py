"""Stripe's own MRR: the change events of subscription items, as Sigma has them."""

from __future__ import annotations

from datetime import datetime

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.ledger import Ledger
from tidemill_cli.database.oracle import Oracle
from tidemill_cli.database.session import Session, current_user, one_value
from tidemill_cli.errors import TidemillError
from tidemill_cli.stripe_mrr import CHOICES

SOURCE = "stripe"
CURRENCIES = "stripe_currencies"
TABLES = ("subscription_item_change_events", "subscription_item_change_events_v2_beta")
COLUMNS = (
    "_account_id",
    "customer_id",
    "subscription_id",
    "subscription_item_id",
    "currency",
    "event_timestamp",
    "mrr_change",
)
_FIX = (
    "let @stripe/sync-engine land Sigma (enableSigma), or name the schema that holds it with "
    "--sigma-schema"
)


def find_sigma(session: Session, schema: str, ledger: Ledger) -> Oracle:
    """The table to compare with, or why there is none.

    The sync engine makes both. It pages through the first by item, and after its first sync no
    longer sees what becomes of the items it knows: the one that knows more of late is taken.
    """
    found = catalog.readable_columns(session, schema, TABLES)
    if not found:
        database = session.info.dbname
        raise TidemillError(f"there is no {schema}.{TABLES[0]} in database {database}: {_FIX}.")
    usable = catalog.may_use_schema(session, schema)
    readable = [
        table
        for table in TABLES
        if usable and all(found.get(table, {}).get(column) for column in COLUMNS)
    ]
    if not readable:
        raise TidemillError(_why_unreadable(current_user(session), schema, found))
    latest = {table: _last_event(session, schema, table) for table in readable}
    known = {table: last for table, last in latest.items() if last is not None}
    if not known:
        raise TidemillError(f"{schema}.{readable[0]} holds no events: {_FIX}.")
    table = max(known, key=lambda name: known[name])
    tenants = session.execute(
        sql.SQL("select distinct _account_id from {}").format(sql.Identifier(schema, table))
    )
    return Oracle(
        name="Sigma",
        whose="Stripe's own",
        relation=f"{schema}.{table}",
        source=SOURCE,
        tenants=sorted(row[0] for row in tenants),
        amounts=_amounts(ledger, sql.Identifier(schema, table)),
        units=ledger.table(CURRENCIES),
        choices=CHOICES,
        days_late=1,
    )


def _amounts(ledger: Ledger, events: sql.Identifier) -> sql.Composed:
    """Signed changes in major units, dated as the ledger dates.

    MRR at the end of a day is the sum of all up to it.
    """
    return sql.SQL(
        """
        select
            events.tenant_id,
            events.customer_id,
            events.subscription_id,
            events.item_id,
            events.currency,
            {day} as day,
            events.mrr_change::numeric / coalesce(currencies.subunit_to_unit, 100) as amount
        from (
            select
                _account_id as tenant_id,
                customer_id,
                subscription_id,
                subscription_item_id as item_id,
                upper(coalesce(currency, '')) as currency,
                event_timestamp::timestamptz as event_timestamp,
                mrr_change
            from {events}
            where mrr_change <> 0
        ) as events
        left join {currencies} as currencies on events.currency = currencies.currency
        """
    ).format(
        day=ledger.local_day(sql.SQL("events.event_timestamp")),
        events=events,
        currencies=ledger.table(CURRENCIES),
    )


def _why_unreadable(user: str, schema: str, found: dict[str, dict[str, bool]]) -> str:
    table = next(table for table in TABLES if table in found)
    for column in COLUMNS:
        if column not in found[table]:
            return f"column {column} of {schema}.{table} is missing, which @stripe/sync-engine has."
    return (
        f"user {user} may not read {schema}.{table}: `grant usage on schema {schema} to {user}; "
        f"grant select on {schema}.{table} to {user}`."
    )


def _last_event(session: Session, schema: str, table: str) -> datetime | None:
    statement = sql.SQL("select max(event_timestamp::timestamptz) from {}")
    found = one_value(session, statement.format(sql.Identifier(schema, table)))
    return found if isinstance(found, datetime) else None
