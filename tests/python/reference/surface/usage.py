"""Billed usage as recurring revenue of the time after it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .facts import ZERO, Line, interval_name, rounded
from .options import Options
from .prices import monthly_amount


@dataclass(frozen=True)
class UsageValue:
    """What one subscription's usage of one plan and currency counts in [start, end)."""

    item_id: str
    plan: str
    currency: str
    billing_interval: str
    amount: Decimal
    start: datetime
    end: datetime
    source_row: str


def usage_values(subscription_id: str, lines: list[Line], options: Options) -> list[UsageValue]:
    """The values of a subscription's usage lines, one per plan, currency and end of service.

    A value is the monthly amount billed for the service that ended, or the mean of it and those
    before it. It holds to the next one, but no longer than twice the service it was billed for.
    Lines that give no service period or billing period say nothing. Lines of one end of service
    with different billing periods are brought to a month one by one; the longest names them.
    Credits may lower a value to 0, not below.
    """
    series: dict[tuple[str, str], dict[datetime, list[Line]]] = defaultdict(dict)
    for line in lines:
        is_complete = line.service_from and line.service_to and line.period_unit
        if line.kind == "usage" and is_complete and line.period_count and line.service_to:
            billed = series[line.plan, line.currency].setdefault(line.service_to, [])
            billed.append(line)
    values = []
    for (plan, currency), by_end in series.items():
        ends = sorted(by_end)
        amounts = [_monthly(by_end[end], options) for end in ends]
        for index, start in enumerate(ends):
            recent = amounts[max(0, index + 1 - options.usage_periods) : index + 1]
            mean = rounded(sum(recent, ZERO) / len(recent))
            service_from = min(line.service_from for line in by_end[start] if line.service_from)
            following = ends[index + 1 : index + 2]
            longest = min(
                ((line.period_unit or "", line.period_count or 0) for line in by_end[start]),
                key=lambda period: monthly_amount(Decimal(1), period[0], period[1], options),
            )
            values.append(
                UsageValue(
                    item_id=f"{subscription_id}:usage:{plan}:{currency}",
                    plan=plan,
                    currency=currency,
                    billing_interval=interval_name(*longest),
                    amount=max(mean, ZERO),
                    start=start,
                    end=min([start + 2 * (start - service_from), *following]),
                    source_row=min(line.line_id for line in by_end[start]),
                )
            )
    return values


def _monthly(lines: list[Line], options: Options) -> Decimal:
    """The monthly amount of one end of service."""
    by_period: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for line in lines:
        by_period[line.period_unit or "", line.period_count or 0] += line.net
    return sum((monthly_amount(net, *period, options) for period, net in by_period.items()), ZERO)
