"""`tidemill reconcile`: is MRR what others say it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, emit_json, narrate
from tidemill_cli.errors import ExitCode, TidemillError
from tidemill_cli.periods import parse_span
from tidemill_cli.reconcile import Change, compare, deviations
from tidemill_cli.reconcile_output import Report, as_csv_text, document, explain, shown
from tidemill_cli.suggest import did_you_mean

if TYPE_CHECKING:
    from tidemill_cli.database.ledger import Ledger
    from tidemill_cli.database.oracle import Oracle
    from tidemill_cli.database.session import Session

_DAY = timedelta(days=1)


def reconcile(
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="First day or month (2026-03). [default: the first]"
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DATE",
            help="Last day or month, included. [default: the day before the metrics were built; "
            "for Sigma, which is a day late, the one before that]",
        ),
    ] = None,
    tolerance: Annotated[
        str,
        typer.Option(
            "--tolerance",
            metavar="AMOUNT",
            help="How much the sums of a day in one currency may differ, beyond what the other's "
            "rounding of each item explains: half a minor unit of Sigma's.",
        ),
    ] = "0.01",
    currency: Annotated[
        str | None, typer.Option("--currency", help="Only what is billed in this currency.")
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant.")] = None,
    subscriptions: Annotated[
        int, typer.Option("--subscriptions", min=0, help="How many to name for each difference.")
    ] = 3,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", help="stripe or killbill. [default: the one that the metrics are built of]"
        ),
    ] = None,
    analytics_schema: Annotated[
        str, typer.Option("--analytics-schema", help="Schema of Kill Bill's analytics plugin.")
    ] = "public",
    sigma_schema: Annotated[
        str, typer.Option("--sigma-schema", help="Schema that Stripe Sigma is landed in.")
    ] = "sigma",
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    schema: options.Schema = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
) -> None:
    """Compare MRR with the billing engine's own, day by day and currency by currency.

    Stripe's is what Sigma says, where the sync engine lands it; Kill Bill's is what the analytics
    plugin keeps, and each part of a difference from that has its cause. Days with one difference
    are one line, with the subscriptions that differ most at the end of them. Exit 1 when anything
    differs.
    """
    from tidemill_cli.database.comparison import Comparison
    from tidemill_cli.database.ledger import find_ledger, one_moment
    from tidemill_cli.database.session import connect

    if as_json and as_csv:
        raise TidemillError("--json and --csv exclude each other: pass one.")
    allowed = _amount(tolerance)
    first = parse_span(start, "--from")[0] if start else None
    stop = parse_span(end, "--to")[1] if end else None
    if first and stop and first >= stop:
        raise TidemillError(f"--from {start} is later than --to {end}: swap them.")

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill reconcile") as session, one_moment(session):
        ledger = find_ledger(session, connection.schema)
        schemas = {"stripe": sigma_schema, "killbill": analytics_schema}
        oracle = _oracle(session, ledger, source, schemas)
        comparison = Comparison(ledger, oracle.source, oracle.amounts, oracle.units)
        changes = _chosen(comparison.changes(), oracle, tenant, currency)
        first = first or min((change.day for change in changes), default=ledger.last_day)
        usual = ledger.last_day - oracle.days_late * _DAY
        stop = min(stop, ledger.last_day + _DAY) if stop else usual
        if first >= stop:
            late = f", and {oracle.name} is a day late" if oracle.days_late else ""
            raise TidemillError(
                f"there is no day to compare from {first} on: the metrics were built on "
                f"{ledger.last_day}{late}; pass an earlier --from or a later --to."
            )
        outcome = compare(changes, first, stop, allowed)
        report = Report(
            oracle.name,
            oracle.whose,
            oracle.relation,
            ledger.days,
            allowed,
            outcome,
            comparison.subscriptions(outcome.runs, subscriptions) if outcome.runs else [],
            comparison.in_other_currencies() if outcome.runs else 0,
            deviations(oracle.choices, ledger.options),
            comparison.causes(outcome.runs, oracle.causes) if oracle.causes else None,
        )
    explain(report)
    if as_json:
        emit_json(document(report))
    elif as_csv:
        emit(as_csv_text(report))
    else:
        emit(shown(report))
    if outcome.runs:
        raise typer.Exit(ExitCode.DIFFERS)


def _oracle(
    session: Session, ledger: Ledger, source: str | None, schemas: Mapping[str, str]
) -> Oracle:
    """Whom to compare with: the source that is asked for, else the one there is."""
    from tidemill_cli.database import analytics, catalog, sigma

    needed = {"stripe": (sigma.CURRENCIES,), "killbill": analytics.BUILT}
    finds = {"stripe": sigma.find_sigma, "killbill": analytics.find_analytics}
    found = catalog.readable_columns(
        session, ledger.schema, [name for names in needed.values() for name in names]
    )
    built = [name for name, relations in needed.items() if all(one in found for one in relations)]
    if source is not None and source not in needed:
        raise TidemillError(f"there is no source {source}: {did_you_mean(source, needed)}")
    asked = [source] if source else list(needed)
    there = [name for name in built if name in asked]
    if not there:
        words = {"stripe": "Stripe", "killbill": "Kill Bill"}
        named = " and ".join(words[name] for name in asked)
        raise TidemillError(
            f"the metrics are built without {named}: run `tidemill run --vars "
            f"'tidemill_billing_sources=[{asked[0]}]'` first."
        )
    if len(there) > 1:
        raise TidemillError(
            f"the metrics are built of {' and '.join(there)}: pass one of them as --source."
        )
    (name,) = there
    return finds[name](session, schemas[name], ledger)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise TidemillError(f"--tolerance {text} is not an amount: write it as 0.01.")
    return amount


def _chosen(
    changes: Sequence[Change], oracle: Oracle, tenant: str | None, currency: str | None
) -> list[Change]:
    """The changes to compare; what is named must exist, and the other must know the tenant."""
    tenants = {change.tenant for change in changes}
    if tenant and tenant not in tenants:
        raise TidemillError(f"there is no tenant {tenant}: {did_you_mean(tenant, tenants)}")
    asked = {tenant} if tenant else tenants
    unknown = sorted(asked - set(oracle.tenants))
    if unknown and asked == set(unknown):
        raise TidemillError(
            f"{oracle.name} holds no events of {', '.join(unknown)}: there is nothing to compare "
            "with."
        )
    for name in unknown:
        narrate(f"{oracle.name} holds no events of tenant {name}: it is not compared.")
    found = [change for change in changes if change.tenant in asked - set(unknown)]
    if currency:
        code, known = currency.upper(), {change.currency for change in found}
        if code not in known:
            raise TidemillError(f"there is no currency {code}: {did_you_mean(code, known)}")
        found = [change for change in found if change.currency == code]
    return found
