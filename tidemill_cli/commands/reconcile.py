"""`tidemill reconcile`: is MRR what others say it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
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


class Against(StrEnum):
    """Whose numbers MRR is compared with."""

    SIGMA = "sigma"
    PLUGIN = "plugin"
    INVOICES = "invoices"
    LEDGER = "ledger"


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
            "--source", help="Of which engine. [default: the one that the metrics are built of]"
        ),
    ] = None,
    against: Annotated[
        Against | None,
        typer.Option(
            "--against",
            help="sigma: Stripe's own. plugin: Kill Bill's. invoices: what recurring lines bill, "
            "of any engine. ledger: what is published with itself. [default: sigma or the plugin "
            "where the engine has one, else invoices]",
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
    plugin keeps; any engine's is what its invoices bill for each day. Each part of a difference
    from the last two has its cause, and what none explains is told as such. Days with one
    difference are one line, with the subscriptions that differ most at the end of them. With
    --against ledger the published numbers are compared with each other. Exit 1 when anything
    differs.
    """
    from tidemill_cli.database.comparison import Comparison
    from tidemill_cli.database.ledger import find_ledger, one_moment
    from tidemill_cli.database.session import connect

    if as_json and as_csv:
        raise TidemillError("--json and --csv exclude each other: pass one.")
    allowed = _amount(tolerance)
    _days(start, end, date.today())  # wrong words are wrong on any day

    connection = resolve(
        ConnectionOptions(dsn=dsn, profiles_dir=profiles_dir, target=target, schema=schema)
    )
    with connect(connection, "tidemill reconcile") as session, one_moment(session):
        if against is Against.LEDGER:
            _identities(session, connection.schema, allowed, as_json, as_csv)
            return
        ledger = find_ledger(session, connection.schema)
        first, stop = _days(start, end, ledger.last_day)
        schemas = {"stripe": sigma_schema, "killbill": analytics_schema}
        oracle = _oracle(session, ledger, source, against, schemas)
        comparison = Comparison(
            ledger, oracle.source, oracle.amounts, oracle.units, oracle.by_subscription
        )
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
        outcome = compare(changes, first, stop, allowed, only_month_ends=oracle.at_month_ends)
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


def _days(start: str | None, end: str | None, latest: date) -> tuple[date | None, date | None]:
    """The half-open days that are asked for, as far as they are."""
    first = parse_span(start, "--from", latest)[0] if start else None
    stop = parse_span(end, "--to", latest)[1] if end else None
    if first and stop and first >= stop:
        raise TidemillError(f"--from {start} is later than --to {end}: swap them.")
    return first, stop


def _identities(
    session: Session, schema: str, tolerance: Decimal, as_json: bool, as_csv: bool
) -> None:
    """Tell what must be equal among the published numbers; exit 1 where it is not."""
    from tidemill_cli.database.identities import identities
    from tidemill_cli.reconcile_output import identities_csv, identities_document, identities_table

    found = identities(session, schema, tolerance)
    if as_json:
        emit_json(identities_document(found))
    else:
        emit(identities_csv(found) if as_csv else identities_table(found))
    if any(one.differing for one in found):
        raise typer.Exit(ExitCode.DIFFERS)


def _oracle(
    session: Session,
    ledger: Ledger,
    source: str | None,
    against: Against | None,
    schemas: Mapping[str, str],
) -> Oracle:
    """Whom to compare with: what is asked for, else the one there is."""
    from tidemill_cli.database import analytics, catalog, invoiced, sigma

    finds = {"stripe": sigma.find_sigma, "killbill": analytics.find_analytics}
    engines = {Against.SIGMA: "stripe", Against.PLUGIN: "killbill"}
    needed = {"stripe": (sigma.CURRENCIES,), "killbill": analytics.BUILT}
    found = catalog.readable_columns(
        session, ledger.schema, [name for names in needed.values() for name in names]
    )
    built = ledger.sources()
    if source is not None and source not in built:
        words = {"stripe": "Stripe", "killbill": "Kill Bill"}
        if source in words:
            raise TidemillError(
                f"the metrics are built without {words[source]}: run `tidemill run --vars "
                f"'tidemill_billing_sources=[{source}]'` first."
            )
        raise TidemillError(f"there is no source {source}: {did_you_mean(source, built)}")
    with_own = [
        name
        for name in built
        if name in needed and all(relation in found for relation in needed[name])
    ]
    wanted = [name for name in built if source in (None, name)]
    if against in engines:
        wanted = [name for name in wanted if name == engines[against]]
        if not wanted:
            raise TidemillError(
                f"--against {against.value} is about {engines[against]}, of which the metrics are "
                f"not built: they are of {' and '.join(built) or 'nothing'}."
            )
    elif against is None and any(name in with_own for name in wanted):
        wanted = [name for name in wanted if name in with_own]
    if not wanted:
        raise TidemillError("the ledger is empty: there is nothing to compare.")
    if len(wanted) > 1:
        raise TidemillError(
            f"the metrics are built of {' and '.join(wanted)}: pass one of them as --source."
        )
    (name,) = wanted
    if against is Against.INVOICES or name not in with_own:
        return invoiced.find_invoiced(session, ledger, name)
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
