"""`tidemill mrr`, `churn` and the other metrics: look one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions
from tidemill_cli.console import emit, emit_json, narrate
from tidemill_cli.errors import TidemillError
from tidemill_cli.lookup.metrics import DIMENSIONS, METRICS, MOVEMENTS, Metric
from tidemill_cli.periods import Grain

if TYPE_CHECKING:
    from tidemill_cli.client import Client
    from tidemill_cli.lookup.question import Question

_SPAN = "(2026-03-01, 2026-03, 2026-Q1, 2026, last-month or 12m)"


def _dimension_names() -> list[str]:
    return list(DIMENSIONS)


@dataclass(frozen=True)
class LookupOptions:
    """What to look up and how to show it; each field is an option of every look-up."""

    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="The period that holds this day; a month is taken at its end. [default: the "
            "latest day]",
            show_default=False,
        ),
    ] = None
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help=f"First day of a series {_SPAN}."),
    ] = None
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Last day of a series, included."),
    ] = None
    grain: Annotated[
        Grain | None, typer.Option("--grain", help="Length of the periods of a series.")
    ] = None
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="DIM[,DIM]",
            help=f"Split by {', '.join(DIMENSIONS)}.",
            autocompletion=_dimension_names,
        ),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="DIM=VALUE[,…]", help="Only these: plan=pro,country=DE."),
    ] = None
    currency: Annotated[
        str | None, typer.Option("--currency", help="Only what is billed in this currency.")
    ] = None
    source: Annotated[str | None, typer.Option("--source", help="Only what this engine bills.")] = (
        None
    )
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant.")] = None
    segment: Annotated[
        str | None,
        typer.Option("--segment", help="Only customers of this segment (tidemill segments)."),
    ] = None
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="SEGMENT,SEGMENT[,…]", help="Segments side by side."),
    ] = None
    show: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="COLUMN[,…]", help="Columns of the table; all: every one."),
    ] = None
    as_json: options.Json = False
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False
    as_sql: Annotated[
        bool, typer.Option("--sql", help="Print the statement that gives the rows, not the rows.")
    ] = False
    schema: options.Schema = None
    dsn: options.Dsn = None
    profiles_dir: options.ProfilesDir = None
    target: options.Target = None


@dataclass(frozen=True)
class MovementOptions(LookupOptions):
    """Also which movements to list."""

    as_list: Annotated[
        bool, typer.Option("--list", help="One by one, the latest first, with their ids.")
    ] = False
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="With --list: of this customer.")
    ] = None
    limit: Annotated[int, typer.Option("--limit", min=1, help="With --list: how many at most.")] = (
        50
    )


def lookup_command(name: str) -> Callable[..., None]:
    """The command that looks up the metric of this name."""
    metric = METRICS[name]

    def command(asked: LookupOptions) -> None:
        look_up(metric, asked)

    command.__doc__ = _HELP[name]
    return options.taking(MovementOptions if metric is MOVEMENTS else LookupOptions)(command)


def look_up(metric: Metric[Any], asked: LookupOptions) -> None:
    """Answer on stdout."""
    from tidemill_cli.client import Client
    from tidemill_cli.lookup import shown
    from tidemill_cli.lookup.question import Asked, conditions, listed, question

    if asked.as_json + asked.as_csv + asked.as_sql > 1:
        raise TidemillError("--json, --csv and --sql exclude each other: pass one.")
    all_columns = list(metric.units)
    columns = shown.chosen_columns(["all", *all_columns], listed(asked.show or ()))
    wanted = question(
        metric,
        Asked(
            by=listed(asked.by or ()),
            where=conditions(asked.where or ()),
            currency=asked.currency,
            source=asked.source,
            tenant=asked.tenant,
            segment=asked.segment,
            compare=listed(asked.compare or ()),
            grain=asked.grain,
            start=asked.start,
            end=asked.end,
            as_of=asked.as_of,
        ),
    )
    where = ConnectionOptions(
        dsn=asked.dsn,
        profiles_dir=asked.profiles_dir,
        target=asked.target,
        schema=asked.schema,
    )
    with Client(where, f"tidemill {metric.name}") as client:
        if isinstance(asked, MovementOptions) and (asked.as_list or asked.customer):
            _list(client, wanted, asked)
            return
        answer = client.answer(wanted)
    if answer.note:
        narrate(answer.note)
    if answer.adds_up_tenants:
        narrate("Added up over several tenants: --by tenant shows each.")
    if asked.as_sql:
        emit(f"{answer.sql};")
    elif asked.as_json:
        emit_json(shown.document(answer))
    elif asked.as_csv:
        emit(shown.csv_text(answer.columns, answer.values()))
    elif answer:
        if metric.is_level and not wanted.is_series:
            narrate(f"At the end of {shown.last_day(answer)}:")
        chosen = all_columns if "all" in columns else columns
        if wanted.compares:
            emit(shown.compared_text(answer, chosen or [metric.headline]))
        else:
            emit(shown.table_text(answer, chosen or metric.shown))


def _list(client: Client, wanted: Question, asked: MovementOptions) -> None:
    """Movements one by one."""
    from tidemill_cli.lookup import shown
    from tidemill_cli.lookup.movements import COLUMNS, as_rows

    movements, statement = client.list_movements(wanted, asked.customer, asked.limit)
    if len(movements) == asked.limit:
        narrate(f"These are the latest {asked.limit}; --limit takes more, --from and --to others.")
    if not movements:
        narrate("There is no movement there.")
    if asked.as_sql:
        emit(f"{statement};")
    elif asked.as_json:
        emit_json({"metric": "movements", "rows": shown.plain_rows(as_rows(movements))})
    elif asked.as_csv:
        emit(shown.csv_text(COLUMNS, as_rows(movements)))
    elif movements:
        emit(shown.movement_table(movements))


_HELP = {
    "mrr": """Monthly recurring revenue: one level, or a series with --grain or --from.

    Amounts are in the reporting currency. Where there is none, or no rate, an amount stays in the
    currency it is billed in: currencies are never added up, each has rows of its own.
    """,
    "arr": """Annual run rate, 12 x MRR: one level, or a series with --grain or --from.""",
    "movements": """What changed MRR, by type and reason; with --list, movement by movement.""",
    "waterfall": """How MRR got from the opening to the closing of each period.""",
    "churn": """Customers and MRR lost, of those who paid when the period began.""",
    "retention": """NRR, GRR and customer retention over windows of months.""",
    "cohorts": """What is left of those who began in one period, period by period.

    --show takes what the table is of: customer_retention, mrr_retention, customers or mrr.
    --from and --to are about when cohorts began.
    """,
    "arpa": """Average revenue per account, and the average price new customers come in at.""",
    "ltv": """Lifetime value: what a customer brings in until it leaves.""",
    "trials": """Trials that began in each period, what became of them, and conversion rates.""",
    "customers": """Paying customers and subscriptions; who came, returned and left.""",
    "usage": """Usage billed, by when it was used.""",
    "concentration": """Shares of the largest customers in MRR, and the Herfindahl index.""",
    "committed": """MRR in some days by what is scheduled already.""",
    "cac": """What a new customer costs, when it has paid that back, and LTV/CAC.""",
}
