"""The statements that look metrics up, over what is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from tidemill_cli.database.published import reading
from tidemill_cli.database.session import Session
from tidemill_cli.lookup.metrics import DIMENSIONS, OWNERS, Metric, Shape
from tidemill_cli.lookup.units import Unit

ADDS_UP_TENANTS = "adds_up_tenants"
MEMBERS = "metric_segment_customers"
_LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True)
class Selection:
    """Which rows of a metric: those of the periods that touch [first, stop)."""

    grain: str | None = None
    first: date | None = None
    stop: date | None = None
    of_periods: bool = False  # the days are of the periods, also where others are asked for
    by: Sequence[str] = ()
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookups:
    """Looks up what one facade schema publishes."""

    session: Session
    schema: str

    def latest_day(self) -> date | None:
        """The last day with MRR; None before there is one."""
        # Mostly it is one of the last, which an index finds: all days are many.
        for days in (sql.SQL("period_start > current_date - 7"), sql.SQL("true")):
            query = sql.SQL("select max(period_start) from {} where grain = 'day' and {}").format(
                self._relation("metric_mrr"), days
            )
            ((day,),) = self._fetch(query, {})[1]
            if isinstance(day, date):
                return day
        return None

    def rows(self, metric: Metric[Any], selection: Selection) -> tuple[list[dict[str, Any]], str]:
        """The rows by column, and the statement that gave them."""
        query, values = self._statement(metric, selection)
        names, rows = self._fetch(query, values)
        said = psycopg.ClientCursor(self.session).mogrify(query, values)
        return [dict(zip(names, row, strict=True)) for row in rows], said

    def movements(
        self, columns: Sequence[str], selection: Selection, customer: str | None, limit: int
    ) -> tuple[list[tuple[Any, ...]], str]:
        """Movements of [first, stop) with these columns, the latest first."""
        conditions: list[sql.Composable] = [
            sql.SQL("movement_date >= %(first)s and movement_date < %(stop)s")
        ]
        values: dict[str, Any] = {"first": selection.first, "stop": selection.stop, "limit": limit}
        for name, wanted in selection.where.items():
            if name == "segment":
                conditions.append(_is_member(self._relation(MEMBERS)))
            else:
                conditions.append(_is_one_of(DIMENSIONS[name], name))
            values[f"where_{name}"] = list(wanted)
        if customer is not None:
            conditions.append(sql.SQL("customer_id = %(customer)s"))
            values["customer"] = customer
        query = sql.SQL(
            "select {}\nfrom {}\nwhere {}\n"
            "order by movement_date desc, billing_source, tenant_id, customer_id, sequence\n"
            "limit %(limit)s"
        ).format(
            _list([_named(DIMENSIONS.get(name, name), name) for name in columns]),
            sql.SQL("{} as movements").format(self._relation("metric_mrr_movements")),
            _all(conditions),
        )
        rows = self._fetch(query, values)[1]
        return rows, psycopg.ClientCursor(self.session).mogrify(query, values)

    def values_of(self, metric: Metric[Any], dimension: str) -> list[str]:
        """Every value of a dimension that the metric has a row of."""
        column, relation = sql.Identifier(DIMENSIONS[dimension]), metric.relation
        if dimension == "segment":
            relation = MEMBERS
            query = sql.SQL("select distinct {0} from {1}")
        elif metric.shape is Shape.TUPLES or dimension in OWNERS:
            query = sql.SQL("select distinct {0} from {1} where {0} is not null")
        else:
            query = sql.SQL("select distinct dimension_value from {1} where dimension = {2}")
        rows = self._fetch(
            query.format(column, self._relation(relation), DIMENSIONS[dimension]), {}
        )[1]
        return sorted(str(value) for (value,) in rows)

    def _statement(
        self, metric: Metric[Any], selection: Selection
    ) -> tuple[sql.Composed, dict[str, Any]]:
        if metric.shape is Shape.SLICES:
            return _of_slices(metric, selection, self._relation(metric.relation))
        of_segments = None
        if "segment" in (*selection.by, *selection.where):
            of_segments = metric.of_segments
        relation = of_segments.relation if of_segments else metric.relation
        return _of_tuples(
            metric, selection, self._relation(relation), of_segments.columns if of_segments else {}
        )

    def _relation(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.schema, name)

    def _fetch(
        self, query: sql.Composed, values: Mapping[str, object]
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        with reading(self.session, self.schema):
            cursor = self.session.execute(query, values)
        return [column.name for column in cursor.description or ()], cursor.fetchall()


def _of_tuples(
    metric: Metric[Any],
    selection: Selection,
    relation: sql.Identifier,
    columns: Mapping[str, str],
) -> tuple[sql.Composed, dict[str, Any]]:
    """Amounts of all dimension tuples, added up to what is asked for."""
    conditions, values = _conditions(metric, selection)
    dimensions = [sql.Identifier(DIMENSIONS[name]) for name in selection.by]
    names = [sql.Identifier(name) for name in metric.columns_in(Unit.NAME)]
    unit = sql.Identifier("reporting_currency")
    grouped = [sql.SQL("period_start, period_end"), *dimensions, unit, *names]
    measures = {name: sql.Identifier(columns.get(name, name)) for name in metric.measures}
    headline = sql.SQL("sum({}) desc").format(measures[metric.headline])
    selected = [
        sql.SQL("period_start, period_end, bool_and(is_complete) as is_complete"),
        *(_named(DIMENSIONS[name], name) for name in selection.by),
        unit,
        *names,
        *(
            sql.SQL("sum({}) as {}").format(column, sql.Identifier(name))
            for name, column in measures.items()
        ),
        sql.SQL("min(tenant_id) <> max(tenant_id) as {}").format(sql.Identifier(ADDS_UP_TENANTS)),
    ]
    query = sql.SQL(
        "select {selected}\nfrom {relation}\nwhere {conditions}\ngroup by {grouped}\n"
        "order by {order}"
    ).format(
        selected=_list(selected),
        relation=relation,
        conditions=_all(conditions),
        grouped=_list(grouped),
        order=_list([sql.SQL("period_start"), unit, headline, *dimensions, *names]),
    )
    return query, values


def _of_slices(
    metric: Metric[Any], selection: Selection, relation: sql.Identifier
) -> tuple[sql.Composed, dict[str, Any]]:
    """Rows as they stand, of one dimension."""
    conditions, values = _conditions(metric, selection)
    asked = [name for name in (*selection.by, *selection.where) if name not in OWNERS]
    if asked:
        values["dimension"] = DIMENSIONS[asked[0]]
        conditions.append(sql.SQL("dimension = %(dimension)s"))
        if asked[0] == "segment":
            conditions.append(_of_widest_segments(selection, relation, conditions))
    else:
        # Over tenants where there are several: overall and source come before total.
        widest = sql.SQL("select min(dimension) from {} where {}").format(
            relation, _all([*conditions, sql.SQL("dimension = any(%(totals)s)")])
        )
        conditions.append(sql.SQL("dimension = ({})").format(widest))
        values["totals"] = _totals(selection)
    units = [sql.Identifier("reporting_currency")] if metric.has_money else []
    keys = [sql.Identifier(name) for name in metric.columns_in(Unit.KEY)]
    periods = [sql.SQL("period_start, period_end, is_complete")] if metric.has_periods else []
    selected = [
        *periods,
        sql.SQL("nullif(billing_source, 'all') as source, nullif(tenant_id, 'all') as tenant"),
        *(_named("dimension_value", name) for name in asked[:1]),
        *units,
        *(sql.Identifier(name) for name in metric.units),
    ]
    order = [
        *([sql.SQL("period_start")] if periods and metric.begins == "period_start" else []),
        *keys,
        *units,
        sql.SQL("billing_source, tenant_id"),
        sql.SQL("{} desc nulls last").format(sql.Identifier(metric.headline)),
        sql.SQL("dimension_value"),
    ]
    query = sql.SQL("select {}\nfrom {}\nwhere {}\norder by {}").format(
        _list(selected), relation, _all(conditions), _list(order)
    )
    return query, values


def _of_widest_segments(
    selection: Selection, relation: sql.Identifier, conditions: Sequence[sql.Composable]
) -> sql.Composable:
    """A segment stands for each tenant, and over all of them where there are several."""
    if {*OWNERS} & {*selection.by, *selection.where}:
        return sql.SQL("tenant_id <> 'all'")
    return sql.SQL(
        "(tenant_id = 'all') = exists (select from {} where {} and tenant_id = 'all')"
    ).format(relation, _all(conditions))


def _totals(selection: Selection) -> list[str]:
    """The dimensions that say everything of what is asked for, the widest among them."""
    asked = {*selection.by, *selection.where}
    if "tenant" in asked:
        return ["total"]
    return ["source", "total"] if "source" in asked else ["overall", "total"]


def _conditions(
    metric: Metric[Any], selection: Selection
) -> tuple[list[sql.Composable], dict[str, Any]]:
    """What a row must be like, and the values that are bound."""
    conditions: list[sql.Composable] = []
    values: dict[str, Any] = {}
    begins, ends = metric.begins, metric.ends
    if selection.of_periods:
        begins, ends = "period_start", "period_end"
    if metric.has_periods:
        conditions.append(sql.SQL("grain = %(grain)s"))
        values["grain"] = selection.grain
    if selection.first:
        conditions.append(sql.SQL("{} > %(first)s").format(sql.Identifier(ends)))
        values["first"] = selection.first
        if selection.grain:
            # Which follows from it, and has an index.
            conditions.append(sql.SQL("{} > %(earliest)s").format(sql.Identifier(begins)))
            values["earliest"] = selection.first - timedelta(days=_LONGEST[selection.grain])
    if selection.stop:
        conditions.append(sql.SQL("{} < %(stop)s").format(sql.Identifier(begins)))
        values["stop"] = selection.stop
    for name, wanted in selection.where.items():
        column = DIMENSIONS[name]
        if metric.shape is Shape.SLICES and name not in OWNERS:
            column = "dimension_value"
        conditions.append(_is_one_of(column, name))
        values[f"where_{name}"] = list(wanted)
    return conditions, values


def _is_member(members: sql.Identifier) -> sql.Composable:
    """Whether a movement is one of a segment's customers."""
    return sql.SQL(
        "exists (select from {} as members where members.customer_id = movements.customer_id"
        " and members.billing_source = movements.billing_source"
        " and members.tenant_id = movements.tenant_id and segment = any(%(where_segment)s))"
    ).format(members)


def _is_one_of(column: str, name: str) -> sql.Composable:
    return sql.SQL("{} = any({})").format(sql.Identifier(column), sql.Placeholder(f"where_{name}"))


def _named(column: str, name: str) -> sql.Composable:
    if column == name:
        return sql.Identifier(column)
    return sql.SQL("{} as {}").format(sql.Identifier(column), sql.Identifier(name))


def _list(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _all(conditions: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(" and ").join(conditions)
