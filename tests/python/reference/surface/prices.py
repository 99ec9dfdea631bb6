"""An amount per billing period as an amount per month."""

from decimal import Decimal

from .facts import rounded
from .options import Options

PER_YEAR = {"day": Decimal(365), "month": Decimal(12), "year": Decimal(1)}
WEEKS_PER_YEAR = {"52/12": Decimal(52), "4.33": Decimal("51.96"), "4": Decimal(48)}


def monthly_amount(
    amount: Decimal, period_unit: str, period_count: int, options: Options
) -> Decimal:
    """Periods in a year, by their amount, over twelve; ten decimals."""
    per_year = {**PER_YEAR, "week": WEEKS_PER_YEAR[options.week_factor]}[period_unit]
    return rounded(amount * per_year / (12 * period_count))
