"""What stands behind the numbers: items, movements, customers, and the engine's own rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tidemill_cli.database import catalog
from tidemill_cli.database.published import reading
from tidemill_cli.database.session import Session

Found: TypeAlias = dict[str, Any]
# Whose rows are meant: billing_source, tenant_id and customer_id, as far as they are said.
Whose: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Evidence:
    """Reads the relations of one facade schema, and where that is allowed the billing tables."""

    session: Session
    schema: str

    def customers(self, word: str, limit: int = 5) -> list[Found]:
        """The customers with this id, or where there is none some whose id holds the word."""
        exact = self._rows(
            "select distinct billing_source, tenant_id, customer_id from {metric_mrr_items} "
            "where customer_id = %(word)s order by 1, 2",
            {"word": word},
        )
        return exact or self._rows(
            "select distinct billing_source, tenant_id, customer_id from {metric_mrr_items} "
            "where position(lower(%(word)s) in lower(customer_id)) > 0 order by 3 limit %(limit)s",
            {"word": word, "limit": limit},
        )

    def items(self, whose: Whose, day: date) -> list[Found]:
        """The items that are worth something at the end of a day, with what they cost."""
        return self._rows(
            "select * from {metric_mrr_items} "
            "where from_date <= %(day)s and (to_date is null or to_date > %(day)s) and {whose} "
            "order by billing_source, tenant_id, currency, subscription_id, item_id",
            {"day": day},
            whose,
        )

    def balances(self, whose: Whose, day: date) -> list[Found]:
        """What all movements up to a day add up to, by currency."""
        return self._rows(
            "select currency, reporting_currency, count(*) as movements, sum(amount) as mrr, "
            "sum(reporting_amount) as reporting_mrr, max(movement_date) as last_date "
            "from {metric_mrr_movements} where movement_date <= %(day)s and {whose} "
            "group by currency, reporting_currency order by currency",
            {"day": day},
            whose,
        )

    def rates(self, day: date) -> dict[str, Any]:
        """What MRR of each currency was multiplied with at the end of a day."""
        found = self._rows(
            "select currency, round(sum(mrr) / sum(native_mrr), 12) as rate from {metric_mrr} "
            "where grain = 'day' and period_start = %(day)s group by currency",
            {"day": day},
        )
        return {row["currency"]: row["rate"] for row in found}

    def largest(self, whose: Whose, day: date, limit: int) -> list[Found]:
        """The customers with the largest MRR at the end of a day, by currency, and all of them."""
        return self._rows(
            "with customers as ("
            "select billing_source, tenant_id, customer_id, currency, sum(mrr) as mrr, "
            "count(*) as items from {metric_mrr_items} "
            "where from_date <= %(day)s and (to_date is null or to_date > %(day)s) and {whose} "
            "group by billing_source, tenant_id, customer_id, currency having sum(mrr) <> 0), "
            "ranked as (select *, row_number() over (partition by currency order by mrr desc, "
            "customer_id) as rank, sum(mrr) over (partition by currency) as total_mrr, "
            "count(*) over (partition by currency) as customers from customers) "
            "select * from ranked where rank <= %(limit)s order by currency, rank",
            {"day": day, "limit": limit},
            whose,
        )

    def levels(self, whose: Whose, day: date) -> list[Found]:
        """MRR at the end of a day as it is published, by the currency billed in."""
        return self._rows(
            "select currency, reporting_currency, sum(native_mrr) as native_mrr, sum(mrr) as mrr "
            "from {metric_mrr} where grain = 'day' and period_start = %(day)s and {whose} "
            "group by currency, reporting_currency order by currency",
            {"day": day},
            whose,
        )

    def movement(self, movement_id: str) -> Found | None:
        """The movement of this id."""
        source, _, rest = movement_id.partition(":")
        parts = rest.rsplit(":", 2)[0].split(":")
        # Neither tenant nor customer may hold a colon, but either could.
        customers = [":".join(parts[position:]) for position in range(1, len(parts))]
        found = self._rows(
            "select * from {metric_mrr_movements} where customer_id = any(%(customers)s) "
            "and movement_id = %(id)s and {whose}",
            {"customers": customers, "id": movement_id},
            {"billing_source": source},
        )
        return found[0] if found else None

    def movements(self, whose: Whose, first: date, stop: date) -> list[Found]:
        """The movements of the days of [first, stop)."""
        return self._rows(
            "select * from {metric_mrr_movements} "
            "where movement_date >= %(first)s and movement_date < %(stop)s and {whose} "
            "order by movement_date, sequence",
            {"first": first, "stop": stop},
            whose,
        )

    def item_changes(self, whose: Whose, day: date) -> list[Found]:
        """What became of a customer's items on a day."""
        return self._rows(
            "select * from {metric_mrr_item_changes} where movement_date = %(day)s and {whose} "
            "order by subscription_id, item_id, changed_at",
            {"day": day},
            whose,
        )

    def churn(self, whose: Whose, grain: str, start: date) -> list[Found]:
        """The totals of churn of a period, by reporting currency."""
        return self._rows(
            "select reporting_currency, sum(churned_customers) as churned_customers, "
            "sum(logo_churn_denominator) as logo_churn_denominator, "
            "sum(opening_mrr) as opening_mrr, sum(churned_mrr) as churned_mrr, "
            "sum(contraction_mrr) as contraction_mrr, sum(expansion_mrr) as expansion_mrr, "
            "sum(reactivation_mrr) as reactivation_mrr "
            "from {metric_churn} where grain = %(grain)s and period_start = %(start)s "
            "and dimension = 'total' and {whose} group by reporting_currency "
            "order by reporting_currency",
            {"grain": grain, "start": start},
            whose,
        )

    def churn_customers(self, whose: Whose, grain: str, start: date) -> list[Found]:
        """The customers behind them."""
        return self._rows(
            "select * from {metric_churn_customers} "
            "where grain = %(grain)s and period_start = %(start)s and {whose} "
            "order by reporting_currency, is_churned desc, "
            "churned_mrr + contraction_mrr desc nulls last, customer_id",
            {"grain": grain, "start": start},
            whose,
        )

    def options(self) -> dict[str, tuple[str, str]]:
        """Each option in force: its value, and what it decides."""
        found = self._rows(
            "select option, value, effect from {metric_definitions} where in_force_to is null", {}
        )
        return {row["option"]: (row["value"], row["effect"]) for row in found}

    def billing_rows(self, source: str, rows: Sequence[str]) -> list[tuple[str, str, Found]]:
        """The engine's rows that are named as table:id, with the columns that are read of them.

        And of tables that a row points to by id, such as its plan, the row it points to. Nothing
        where the tables may not be read.
        """
        build = catalog.schema_read(self.session, self.schema, "metric_mrr_movements")
        if build is None:
            return []
        try:
            with self.session.transaction():
                return self._billing_rows(build, source, rows)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable):
            return []

    def _billing_rows(
        self, build: str, source: str, rows: Sequence[str]
    ) -> list[tuple[str, str, Found]]:
        with self.session.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                sql.SQL(
                    "select name, (parse_ident(relation))[2:] as names, found_columns as columns, "
                    "concerns from {} where source = %s"
                ).format(sql.Identifier(build, "refresh_sources")),
                (source,),
            )
            tables = {row["name"]: row for row in cursor.fetchall()}
        found: list[tuple[str, str, Found]] = []
        for word in rows:
            table, _, row_id = word.partition(":")
            if table in tables:
                row = self._billing_row(tables[table], "id", row_id)
                if row:
                    found.append((table, row_id, row))
                    found += self._pointed_to(tables, table, row)
        return list(
            {(table, row_id): (table, row_id, row) for table, row_id, row in found}.values()
        )

    def _pointed_to(
        self, tables: Mapping[str, Found], table: str, row: Found
    ) -> list[tuple[str, str, Found]]:
        found = []
        for name, other in tables.items():
            # [column, reader, by]: rows of `other` are looked up by a column of the reader.
            by = [one[2] for one in other["concerns"] or () if one[:2] == ["id", table]]
            for value in (row[column] for column in by if row.get(column)):
                target = self._billing_row(other, "id", value)
                if target:
                    found.append((name, str(value), target))
        return found

    def _billing_row(self, table: Found, column: str, value: object) -> Found | None:
        if column not in (table["columns"] or ()):
            return None
        with self.session.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                sql.SQL("select {} from {} where {} = %s").format(
                    sql.SQL(", ").join(sql.Identifier(name) for name in sorted(table["columns"])),
                    sql.Identifier(*table["names"]),
                    sql.Identifier(column),
                ),
                (str(value),),
            )
            return cursor.fetchone()

    def _rows(
        self, statement: str, values: Mapping[str, object], whose: Whose | None = None
    ) -> list[Found]:
        conditions = [
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(f"whose_{name}"))
            for name in whose or ()
        ]
        query = sql.SQL(statement).format(
            whose=sql.SQL(" and ").join(conditions) if conditions else sql.SQL("true"),
            **{name: sql.Identifier(self.schema, name) for name in _RELATIONS},
        )
        bound = {**values, **{f"whose_{name}": value for name, value in (whose or {}).items()}}
        with (
            reading(self.session, self.schema),
            self.session.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query, bound).fetchall()


_RELATIONS = (
    *("metric_mrr", "metric_mrr_items", "metric_mrr_movements", "metric_mrr_item_changes"),
    *("metric_churn", "metric_churn_customers", "metric_definitions"),
)
