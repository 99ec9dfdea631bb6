"""Read the published metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError

# What people call a dimension, and its column.
DIMENSIONS = {
    "plan": "plan",
    "product": "product",
    "currency": "currency",
    "country": "country",
    "interval": "billing_interval",
    "source": "billing_source",
    "tenant": "tenant_id",
}
WATERFALL = (
    "opening_mrr",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churn_mrr",
    "reactivation_mrr",
    "discount_mrr",
    "transfer_mrr",
    "fx_mrr",
    "closing_mrr",
)


@dataclass(frozen=True)
class MrrRow:
    """MRR at the end of one period, for one combination of dimension values."""

    period_start: date
    period_end: date
    is_complete: bool
    dimensions: tuple[str | None, ...]
    reporting_currency: str
    mrr: Decimal
    several_tenants: bool = False  # whether the amount adds up more than one tenant


@dataclass(frozen=True)
class DataIssues:
    """How many billing rows one kind of issue was found on."""

    severity: str
    issue: str
    rows: int


@dataclass(frozen=True)
class MetricReader:
    """Reads metrics from one facade schema."""

    session: Session
    schema: str

    def days(self) -> tuple[date, date] | None:
        """The first and the last day there are numbers for."""
        rows = self._rows(
            sql.SQL(
                "select min(period_start), max(period_start) from {relation} where grain = 'day'"
            ).format(relation=sql.Identifier(self.schema, "metric_mrr"))
        )
        first, last = rows[0]
        return None if first is None else (first, last)

    def mrr(
        self,
        grain: str,
        first: date,
        end: date,
        by: Sequence[str] = (),
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[MrrRow]:
        """MRR of every period that touches [first, end), by reporting currency."""
        where = where or {}
        columns = [sql.Identifier(DIMENSIONS[name]) for name in by]
        filters = [
            sql.SQL("and {} = any({})").format(
                sql.Identifier(DIMENSIONS[name]), sql.Placeholder(f"where_{name}")
            )
            for name in where
        ]
        values = {f"where_{name}": list(wanted) for name, wanted in where.items()}
        unit = sql.Identifier("reporting_currency")
        grouping = [sql.Identifier("period_start"), sql.Identifier("period_end"), *columns, unit]
        rows = self._rows(
            sql.SQL(
                "select period_start, period_end, bool_and(is_complete), "
                "array[{columns}]::text[], {unit}, sum(mrr), min(tenant_id) <> max(tenant_id) "
                "from {relation} "
                "where grain = %(grain)s and period_start < %(end)s and period_end > %(first)s "
                "{filters} "
                "group by {grouping} "
                "order by period_start, {unit}, sum(mrr) desc, 4"
            ).format(
                columns=sql.SQL(", ").join(columns),
                unit=unit,
                relation=sql.Identifier(self.schema, "metric_mrr"),
                filters=sql.SQL(" ").join(filters),
                grouping=sql.SQL(", ").join(grouping),
            ),
            {"grain": grain, "first": first, "end": end, **values},
        )
        return [
            MrrRow(start, end, complete, tuple(values), unit, mrr, bool(several))
            for start, end, complete, values, unit, mrr, several in rows
        ]

    def dimension_values(self, name: str) -> list[str]:
        """Every value of a dimension that ever had MRR."""
        rows = self._rows(
            sql.SQL("select distinct {column} from {relation} where {column} is not null").format(
                column=sql.Identifier(DIMENSIONS[name]),
                relation=sql.Identifier(self.schema, "metric_mrr"),
            )
        )
        return sorted(str(row[0]) for row in rows)

    def mrr_on(self, day: date) -> list[tuple[str, Decimal]]:
        """MRR at the end of a day by reporting currency."""
        rows = self.mrr("day", day, day + timedelta(days=1))
        return [(row.reporting_currency, row.mrr) for row in rows]

    def waterfall(self, grain: str, start: date) -> list[tuple[str, dict[str, Decimal]]]:
        """Opening, movements and closing of one period, by reporting currency."""
        sums = sql.SQL(", ").join(
            sql.SQL("sum({})").format(sql.Identifier(column)) for column in WATERFALL
        )
        rows = self._rows(
            sql.SQL(
                "select reporting_currency, {sums} from {relation} "
                "where grain = %(grain)s and period_start = %(start)s "
                "group by reporting_currency order by reporting_currency"
            ).format(sums=sums, relation=sql.Identifier(self.schema, "metric_mrr_waterfall")),
            {"grain": grain, "start": start},
        )
        return [(row[0], dict(zip(WATERFALL, row[1:], strict=True))) for row in rows]

    def customers_by_currency(self, day: date) -> dict[str, int]:
        """Paying customers at the end of a day, by reporting currency."""
        rows = self._rows(
            sql.SQL(
                "select reporting_currency, sum(customers) from {relation} where grain = 'day' "
                "and period_start = %(day)s and dimension = 'total' group by reporting_currency"
            ).format(relation=sql.Identifier(self.schema, "metric_arpa")),
            {"day": day},
        )
        return {row[0]: int(row[1]) for row in rows}

    def customers(self, day: date) -> int:
        """Paying customers at the end of a day, each counted once."""
        rows = self._rows(
            sql.SQL(
                "select coalesce(sum(customers), 0) from {relation} where grain = 'day' "
                "and period_start = %(day)s and dimension = 'total'"
            ).format(relation=sql.Identifier(self.schema, "metric_customers")),
            {"day": day},
        )
        return int(rows[0][0])

    def arr_by_currency(self, day: date) -> dict[str, Decimal]:
        """Annual run rate at the end of a day, by reporting currency."""
        rows = self._rows(
            sql.SQL(
                "select reporting_currency, sum(arr_run_rate) from {relation} "
                "where grain = 'day' and period_start = %(day)s group by reporting_currency"
            ).format(relation=sql.Identifier(self.schema, "metric_arr")),
            {"day": day},
        )
        return {row[0]: row[1] for row in rows}

    def data_issues(self) -> list[DataIssues]:
        """What is wrong with the data, errors first, the most frequent first."""
        rows = self._rows(
            sql.SQL(
                "select severity, issue, count(*) from {relation} group by severity, issue "
                "order by array_position(array['error', 'warning', 'note'], severity), "
                "count(*) desc, issue"
            ).format(relation=sql.Identifier(self.schema, "data_issues"))
        )
        return [DataIssues(*row) for row in rows]

    def _rows(
        self, query: sql.Composed, parameters: Mapping[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        try:
            return self.session.execute(query, parameters).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise TidemillError(
                f"no metrics yet in schema {self.schema}: run `tidemill run` first."
            ) from None
        except psycopg.errors.InsufficientPrivilege:
            user = self.session.info.user
            raise TidemillError(
                f"user {user} may not read the metrics: `grant usage on schema {self.schema} to "
                f"{user}; grant select on all tables in schema {self.schema} to {user}`."
            ) from None
        except psycopg.errors.UndefinedColumn as error:
            raise TidemillError(
                f"the metrics in schema {self.schema} have another shape than this command "
                f"expects ({error.diag.message_primary}): run `tidemill run` again."
            ) from None


def options_in_force(session: Session, schema: str) -> list[tuple[str, str, str]]:
    """The options that the published metrics were made with, their values and defaults.

    Those at their default are left out.
    """
    statement = sql.SQL(
        "select option, value, default_value from {} where in_force_to is null and not is_default"
        " order by option"
    ).format(sql.Identifier(schema, "metric_definitions"))
    return session.execute(statement).fetchall()
