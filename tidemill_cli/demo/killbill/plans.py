"""Plans in one line: what most catalogs are made of."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from tidemill_cli.demo.killbill.catalog import Mode, Phase, Plan, Prices, Unit, Usage

Amounts = Mapping[str, Decimal | int | str] | Decimal | int | str


def plan(
    name: str,
    product: str,
    amount: Amounts,
    period: str = "MONTHLY",
    *,
    trial_days: int = 0,
    discount: tuple[Amounts, int] | None = None,
    term: tuple[Unit, int] | None = None,
    setup: Amounts | None = None,
    usage: Usage | None = None,
    mode: Mode | None = None,
    existing_from: datetime | None = None,
) -> Plan:
    """Return a plan: perhaps a free trial, another amount for some months, and then its price.

    It ends after a `term`, if it has one; `setup` is due once when the price is first due.
    """
    phases = []
    if trial_days:
        phases.append(Phase("TRIAL", "DAYS", trial_days, fixed={}))
    if discount is not None:
        less, months = discount
        phases.append(Phase("DISCOUNT", "MONTHS", months, period, prices(less)))
    fixed = None if setup is None else prices(setup)
    if term is None:
        phases.append(
            Phase("EVERGREEN", "UNLIMITED", 0, period, prices(amount), fixed, usage),
        )
    else:
        phases.append(Phase("FIXEDTERM", *term, period, prices(amount), fixed, usage))
    return Plan(name, product, tuple(phases), mode, existing_from)


def prices(amount: Amounts) -> Prices:
    """Return prices by currency; one amount is in dollars, and nothing is nothing in any."""
    if isinstance(amount, Mapping):
        return {currency: Decimal(value) for currency, value in amount.items()}
    return {"USD": Decimal(amount)} if Decimal(amount) else {}
