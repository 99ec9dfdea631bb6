"""Writes the versions that a history captured into the tables of the snapshots."""

from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from reference.rows import HISTORY_IDS, SUBUNITS

from .play import Played


def load_history(connection: psycopg.Connection[Any], played: Played) -> None:
    """Write captured versions as the snapshots would have."""
    currencies = {row["id"]: str(row["amount_currency"]) for row in played.rows.get("plans", ())}
    for name, rows in played.history.items():
        for row in rows:
            version = {HISTORY_IDS[name]: row["id"], "observed_at": row["observed_at"]}
            if name == "lago_plans_history":
                currency = currencies[row["id"]]
                version["currency"] = currency
                version["amount"] = Decimal(row["amount_cents"]) / SUBUNITS.get(currency, 100)
            for column in ("plan_id", "country", "properties"):
                if column in row and column not in version:
                    value = row[column]
                    version[column] = Jsonb(value) if column == "properties" else value
            connection.execute(
                sql.SQL("insert into tidemill_history.{} ({}) values ({})").format(
                    sql.Identifier(name),
                    sql.SQL(", ").join(map(sql.Identifier, version)),
                    sql.SQL(", ").join(map(sql.Placeholder, version)),
                ),
                version,
            )
