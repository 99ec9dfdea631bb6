"""What is told of the published metrics besides the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from tidemill_cli.database.session import Session


@dataclass(frozen=True)
class DataIssues:
    """How many billing rows one kind of issue was found on."""

    severity: str
    issue: str
    rows: int


def data_issues(session: Session, schema: str) -> list[DataIssues]:
    """What is wrong with the data, errors first, the most frequent first."""
    statement = sql.SQL(
        "select severity, issue, count(*) from {relation} group by severity, issue "
        "order by array_position(array['error', 'warning', 'note'], severity), "
        "count(*) desc, issue"
    ).format(relation=sql.Identifier(schema, "data_issues"))
    return [DataIssues(*row) for row in session.execute(statement)]


def options_in_force(session: Session, schema: str) -> list[tuple[str, str, str]]:
    """The options that the published metrics were made with, their values and defaults.

    Those at their default are left out.
    """
    statement = sql.SQL(
        "select option, value, default_value from {} where in_force_to is null and not is_default"
        " order by option"
    ).format(sql.Identifier(schema, "metric_definitions"))
    return session.execute(statement).fetchall()
