"""`tidemill explain`: from a number to the billing rows behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json
from tidemill_cli.errors import ExitCode, TidemillError
from tidemill_cli.periods import parse_period, parse_span

if TYPE_CHECKING:
    from datetime import date

    from tidemill_cli.database.evidence import Evidence, Whose
    from tidemill_cli.explain.explanation import Explanation

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Source = Annotated[str | None, typer.Option("--source", help="Only what this engine bills.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Only this tenant.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many customers to name.")]


@app.callback()
def explain() -> None:
    """Follow a number down to the billing rows behind it; exit 1 where it does not add up."""


@app.command()
def mrr(
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="The end of this day. [default: the latest]"),
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Of this customer.")
    ] = None,
    source: Source = None,
    tenant: Tenant = None,
    limit: Limit = 10,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """How MRR comes about: customers, or one customer's items, prices, discounts and rows."""
    where = ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)

    def answer(evidence: Evidence, latest: date) -> Explanation:
        from tidemill_cli.explain.mrr import explain_customer, explain_total

        day = _last_day(as_of, latest)
        whose = _whose(source, tenant)
        if customer is None:
            return explain_total(evidence, whose, day, limit)
        return explain_customer(evidence, _customer(evidence, customer, whose), day)

    _tell(where, answer, as_json)


@app.command()
def movement(
    movement_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="As `tidemill movements --list` or metric_mrr_movements"),
    ],
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Why one movement is in the ledger: items before and after, its type, and the rows."""
    where = ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)

    def answer(evidence: Evidence, _latest: date) -> Explanation:
        from tidemill_cli.explain.movement import explain_movement

        return explain_movement(evidence, movement_id)

    _tell(where, answer, as_json)


@app.command()
def churn(
    period: Annotated[
        str,
        typer.Argument(metavar="PERIOD", help="A day, month, quarter or year: 2026-03, last-month"),
    ],
    source: Source = None,
    tenant: Tenant = None,
    limit: Limit = 20,
    as_json: options.Json = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Who left in a period or pays less, and that they add up to the rates of metric_churn."""
    where = ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)

    def answer(evidence: Evidence, latest: date) -> Explanation:
        from tidemill_cli.explain.churn import explain_churn

        grain, first, stop = parse_period(period, "PERIOD", latest)
        return explain_churn(evidence, _whose(source, tenant), grain.value, first, stop, limit)

    _tell(where, answer, as_json)


def _tell(
    where: ConnectionOptions, answer: Callable[[Evidence, date], Explanation], as_json: bool
) -> None:
    from tidemill_cli.database.evidence import Evidence
    from tidemill_cli.database.ledger import one_moment
    from tidemill_cli.database.lookups import Lookups
    from tidemill_cli.database.session import connect
    from tidemill_cli.explain.shown import document, text

    connection = resolve(where)
    with connect(connection, "tidemill explain") as session, one_moment(session):
        latest = Lookups(session, connection.schema).latest_day()
        if latest is None:
            raise TidemillError("there is no MRR in this database yet, and nothing to explain.")
        explanation = answer(Evidence(session, connection.schema), latest)
    if as_json:
        emit_json(document(explanation))
    else:
        emit(text(explanation))
    if not explanation.holds:
        raise typer.Exit(ExitCode.DIFFERS)


def _last_day(as_of: str | None, latest: date) -> date:
    from datetime import timedelta

    return parse_span(as_of, "--as-of", latest)[1] - timedelta(days=1) if as_of else latest


def _whose(source: str | None, tenant: str | None) -> dict[str, str]:
    given = {"billing_source": source, "tenant_id": tenant}
    return {name: value for name, value in given.items() if value}


def _customer(evidence: Evidence, customer: str, whose: Whose) -> Whose:
    """The one customer that is meant; two engines may have one id, and two tenants."""
    found = [
        row
        for row in evidence.customers(customer)
        if all(row[name] == value for name, value in whose.items())
    ]
    exact = [row for row in found if row["customer_id"] == customer]
    if len(exact) == 1:
        return exact[0]
    if exact:
        owners = " and ".join(f"{row['billing_source']} {row['tenant_id']}" for row in exact)
        raise TidemillError(
            f"there is a customer {customer} in {owners}: pass --source or --tenant."
        )
    near = " or ".join(row["customer_id"] for row in found)
    raise TidemillError(
        f"there is no customer {customer} with an item that ever counted"
        + (
            f": did you mean {near}?"
            if near
            else ": the id is the engine's own, as in metric_mrr_items."
        )
    )
