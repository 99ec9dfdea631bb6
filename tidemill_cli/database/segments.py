"""Segments and attributes in the database: what is stored, and what the live build knows."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from tidemill_cli.database.inputs import SEGMENT_COLUMNS, SEGMENTS
from tidemill_cli.database.session import Session
from tidemill_cli.segments import Segment, stored_segments

_CUSTOMERS = "customers"


def segments(session: Session, schema: str) -> list[Segment]:
    """Those that are stored, by name; none where nothing was ever stored."""
    query = sql.SQL("select {} from {} order by segment, clause, condition").format(
        sql.SQL(", ").join(map(sql.Identifier, SEGMENT_COLUMNS)), sql.Identifier(schema, SEGMENTS)
    )
    try:
        return stored_segments(session.execute(query).fetchall())
    except psycopg.errors.UndefinedTable:
        return []


def members(session: Session, facade: str) -> dict[str, int]:
    """How many customers the live build has in each segment."""
    query = sql.SQL("select segment, count(*) from {} group by segment").format(
        sql.Identifier(facade, "metric_segment_customers")
    )
    try:
        return dict(session.execute(query).fetchall())
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return {}


def attribute_names(session: Session, build: str) -> set[str]:
    """The attributes that any customer of a build has."""
    query = sql.SQL("select distinct jsonb_object_keys(attributes) from {}").format(
        sql.Identifier(build, _CUSTOMERS)
    )
    return {name for (name,) in session.execute(query).fetchall()}


def without_customer(session: Session, build: str, ids: Iterable[str]) -> list[str]:
    """Which of these ids are of no customer of a build, neither the engine's id nor one's own."""
    query = sql.SQL(
        "select given.id from unnest(%(ids)s::text[]) as given (id) "
        "where not exists (select from {customers} where customer_id = given.id) "
        "and not exists (select from {customers} where external_id = given.id) order by given.id"
    ).format(customers=sql.Identifier(build, _CUSTOMERS))
    return [name for (name,) in session.execute(query, {"ids": list(ids)}).fetchall()]
