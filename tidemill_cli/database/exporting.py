"""Read a published relation, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.catalog import Column
from tidemill_cli.database.published import reading
from tidemill_cli.database.session import Session, one_value
from tidemill_cli.errors import TidemillError
from tidemill_cli.suggest import did_you_mean

# The day that a row belongs to, of the relations that have one; the first found counts.
_DAYS = ("movement_date", "period_start", "from_date", "as_of_date")
_ROWS_AT_A_TIME = 20_000


@dataclass(frozen=True)
class Exported:
    """A published relation as it can be exported."""

    name: str
    columns: list[Column]
    day: str | None  # the column that says which month a row is of


@dataclass(frozen=True)
class Publication:
    """Which numbers are published: another build or a refresh makes other ones."""

    build: str
    as_of: str | None


def find_relation(session: Session, schema: str, name: str) -> Exported:
    """A relation by its name, with or without metric_; raises where there is none."""
    known = sorted(
        relation.name
        for relation in catalog.relations(session, schema)
        if relation.name.startswith("metric_") or relation.name == "data_issues"
    )
    if not known:
        raise TidemillError(f"no metrics yet in schema {schema}: run `tidemill run` first.")
    found = [one for one in (name, f"metric_{name}", _ALIASES.get(name, "")) if one in known]
    if not found:
        raise TidemillError(
            f"there is nothing published by the name of {name}: {did_you_mean(name, known, 40)}"
        )
    columns = catalog.columns(session, schema, found[0])
    names = [column.name for column in columns]
    return Exported(found[0], columns, next((day for day in _DAYS if day in names), None))


# What people call the ledger.
_ALIASES = {"ledger": "metric_mrr_movements", "movements": "metric_mrr_movements"}


def publication(session: Session, schema: str) -> Publication:
    """What is published now; `as_of` is None for who may not look into the build."""
    build = catalog.schema_read(session, schema, "metric_mrr_movements") or schema
    as_of = None
    if catalog.readable_columns(session, build, ["as_of"]).get("as_of", {}).get("as_of"):
        as_of = one_value(
            session, sql.SQL("select as_of from {}").format(sql.Identifier(build, "as_of"))
        )
    return Publication(build, str(as_of) if as_of else None)


def months(session: Session, schema: str, relation: Exported, since: date | None) -> list[date]:
    """The first days of the months that have a row, from one on."""
    if relation.day is None:
        raise TypeError(relation)
    rows = session.execute(
        sql.SQL(
            "select distinct date_trunc('month', {day})::date from {relation} "
            "where {day} >= %s order by 1"
        ).format(day=sql.Identifier(relation.day), relation=sql.Identifier(schema, relation.name)),
        (since or date.min,),
    )
    return [month for (month,) in rows]


def rows(
    session: Session, schema: str, relation: Exported, month: date | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows of a month, or all, in order and some at a time."""
    query, values = _query(schema, relation, month)
    with reading(session, schema), session.cursor("tidemill_export") as cursor:
        cursor.execute(query, values)
        while found := cursor.fetchmany(_ROWS_AT_A_TIME):
            yield found


def _query(
    schema: str, relation: Exported, month: date | None
) -> tuple[sql.Composed, dict[str, Any]]:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in relation.columns)
    condition: sql.Composable = sql.SQL("true")
    values: dict[str, Any] = {}
    if month is not None and relation.day is not None:
        condition = sql.SQL("{day} >= %(first)s and {day} < %(stop)s").format(
            day=sql.Identifier(relation.day)
        )
        following = (month + timedelta(days=31)).replace(day=1)
        values = {"first": month, "stop": following}
    query = sql.SQL("select {} from {} where {} order by {}").format(
        names,
        sql.Identifier(schema, relation.name),
        condition,
        names,  # the same rows make the same file
    )
    return query, values
