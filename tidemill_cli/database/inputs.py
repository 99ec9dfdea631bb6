"""Fill the tables that people fill: all of a file, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tidemill_cli.attributes import Attributes
from tidemill_cli.database import catalog
from tidemill_cli.database.session import Session, current_user, one_value
from tidemill_cli.errors import TidemillError
from tidemill_cli.rates import Rates
from tidemill_cli.segments import Segment
from tidemill_cli.spend import Spend

FX_RATES = "fx_rates"
SPEND = "spend"
TENANT_READERS = "tenant_readers"
DEFINITIONS = "definitions"
CUSTOMER_ATTRIBUTES = "customer_attributes"
SEGMENTS = "segments"
TABLES = (FX_RATES, SPEND, CUSTOMER_ATTRIBUTES, SEGMENTS, TENANT_READERS, DEFINITIONS)
SEGMENT_COLUMNS = (
    *("segment", "clause", "condition", "field", "operator", "operands", "is_negated"),
)
_LOADED = sql.Identifier("pg_temp", "tidemill_loaded")


@dataclass(frozen=True)
class Written:
    """How many rows of a table a load added and replaced."""

    new: int
    replaced: int


def create_inputs(session: Session, schema: str, statement: str) -> None:
    """Make the tables if one is missing, with the statement that the project's macro renders to."""
    if {*TABLES} <= {relation.name for relation in catalog.relations(session, schema)}:
        return
    try:
        session.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        user, database = current_user(session), session.info.dbname
        raise TidemillError(
            f"user {user} cannot make the tables to load into ({error.diag.message_primary}): "
            f"`grant create on database {database} to {user}`, or let `tidemill run` make them."
        ) from None


def write_rates(session: Session, schema: str, rates: Rates) -> Written:
    """Add rates, and replace those of the same day and currency."""
    table = sql.Identifier(schema, FX_RATES)
    rows = ((day, currency, rate) for (day, currency), rate in rates.by_day.items())
    with _loading(session, schema, FX_RATES, "select, insert, update"):
        _refuse_another_base(session, table, f"{schema}.{FX_RATES}", rates.base)
        _copy(session, table, ("rate_date", "currency", "rate"), rows)
        replaced = session.execute(
            sql.SQL(
                "update {table} set rate = loaded.rate from {loaded} as loaded "
                "where fx_rates.rate_date = loaded.rate_date "
                "and fx_rates.currency = loaded.currency and fx_rates.rate <> loaded.rate"
            ).format(table=table, loaded=_LOADED)
        ).rowcount
        new = session.execute(
            sql.SQL(
                "insert into {table} (rate_date, currency, rate, base_currency) "
                "select rate_date, currency, rate, %s from {loaded} on conflict do nothing"
            ).format(table=table, loaded=_LOADED),
            (rates.base,),
        ).rowcount
    return Written(new, replaced)


def write_spend(session: Session, schema: str, spend: Sequence[Spend]) -> Written:
    """Replace all spend of the file's months, tenant by tenant."""
    table = sql.Identifier(schema, SPEND)
    columns = ("spend_date", "tenant_id", "currency", "amount", "note")
    rows = ((one.day, one.tenant_id, one.currency, one.amount, one.note) for one in spend)
    with _loading(session, schema, SPEND, "select, insert, delete"):
        _copy(session, table, columns, rows)
        replaced = session.execute(
            sql.SQL(
                "delete from {table} where exists (select from {loaded} as loaded "
                "where date_trunc('month', loaded.spend_date) = date_trunc('month', "
                "spend.spend_date) and loaded.tenant_id is not distinct from spend.tenant_id)"
            ).format(table=table, loaded=_LOADED)
        ).rowcount
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        new = session.execute(
            sql.SQL("insert into {table} ({names}) select {names} from {loaded}").format(
                table=table, names=names, loaded=_LOADED
            )
        ).rowcount
    return Written(new, replaced)


def write_attributes(session: Session, schema: str, attributes: Attributes) -> Written:
    """Add attributes to what is known of customers; one that is None is known no longer."""
    table = sql.Identifier(schema, CUSTOMER_ATTRIBUTES)
    rows = ((customer, Jsonb(named)) for customer, named in attributes.items())
    with _loading(session, schema, CUSTOMER_ATTRIBUTES, "select, insert, update"):
        _copy(session, table, ("customer_id", "attributes"), rows)
        known = one_value(
            session,
            sql.SQL("select count(*) from {table} inner join {loaded} using (customer_id)").format(
                table=table, loaded=_LOADED
            ),
        )
        session.execute(
            sql.SQL(
                "update {table} as known "
                "set attributes = jsonb_strip_nulls(known.attributes || loaded.attributes) "
                "from {loaded} as loaded where known.customer_id = loaded.customer_id"
            ).format(table=table, loaded=_LOADED)
        )
        session.execute(
            sql.SQL(
                "insert into {table} select customer_id, jsonb_strip_nulls(attributes) "
                "from {loaded} on conflict (customer_id) do nothing"
            ).format(table=table, loaded=_LOADED)
        )
    return Written(len(attributes) - int(str(known)), int(str(known)))


def write_segments(session: Session, schema: str, segments: Sequence[Segment]) -> Written:
    """Put segments in the place of all that there are; counted are segments, not rows."""
    table = sql.Identifier(schema, SEGMENTS)
    rows = (row for segment in segments for row in segment.rows())
    with _loading(session, schema, SEGMENTS, "select, insert, delete"):
        before = one_value(session, sql.SQL("select count(distinct segment) from {}").format(table))
        _copy(session, table, SEGMENT_COLUMNS, rows)
        session.execute(sql.SQL("delete from {}").format(table))
        names = sql.SQL(", ").join(map(sql.Identifier, SEGMENT_COLUMNS))
        session.execute(
            sql.SQL("insert into {table} ({names}) select {names} from {loaded}").format(
                table=table, names=names, loaded=_LOADED
            )
        )
    return Written(len(segments), int(str(before)))


@contextmanager
def _loading(session: Session, schema: str, table: str, privileges: str) -> Iterator[None]:
    """One transaction, and one load of a table at a time; readers do not wait."""
    name = f"{schema}.{table}"
    try:
        with session.transaction():
            session.execute("set local lock_timeout = '10s'")
            session.execute(
                sql.SQL("lock table {} in share row exclusive mode").format(
                    sql.Identifier(schema, table)
                )
            )
            yield
    except psycopg.errors.LockNotAvailable:
        raise TidemillError(
            f"another session is writing in {name}: wait for it to end, and load again."
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        user = current_user(session)
        raise TidemillError(
            f"user {user} may not load {name} ({error.diag.message_primary}): `grant usage on "
            f"schema {schema} to {user}; grant {privileges} on {name} to {user}`."
        ) from None


def _copy(
    session: Session,
    table: sql.Identifier,
    columns: Sequence[str],
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Put rows into a temporary table of the same columns."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    session.execute(
        sql.SQL(
            "create temporary table tidemill_loaded on commit drop as "
            "select {names} from {table} with no data"
        ).format(names=names, table=table)
    )
    statement = sql.SQL("copy {loaded} ({names}) from stdin").format(loaded=_LOADED, names=names)
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    session.execute(sql.SQL("analyze {}").format(_LOADED))


def _refuse_another_base(session: Session, table: sql.Identifier, name: str, base: str) -> None:
    other = session.execute(
        sql.SQL("select base_currency from {} where base_currency <> %s limit 1").format(table),
        (base,),
    ).fetchone()
    if other:
        raise TidemillError(
            f"{name} holds rates of base currency {other[0]}, and these are of {base}: a database "
            f"has one base, so load rates of {other[0]}, or `delete from {name}` first."
        )
