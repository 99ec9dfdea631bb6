"""Rows that cannot be used as they are: left out, or repaired and used."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from .facts import UNKNOWN, CustomerFacts, Interval, Unit

# ISO 4217: codes in use, then those withdrawn since 2010, which billing histories still hold.
CURRENCIES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD
FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS
KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
ANG BYR CLE CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL
"""
PERIOD_UNITS = ("day", "week", "month", "year")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Issue:
    """One thing wrong with the data, or left out of it; a quarantined row counts nowhere."""

    billing_source: str
    tenant_id: str
    customer_id: str | None
    issue: str
    severity: str
    is_quarantined: bool
    source_table: str | None
    source_row_id: str


def usable(
    intervals: list[Interval], customers: Collection[Unit], as_of: datetime
) -> tuple[list[Interval], list[Issue]]:
    """The intervals that can be used, repaired where they must be, and what was wrong.

    A row is quarantined for the first error found. Duplicates are looked for among the rows that
    no other error has taken out. An item belongs to its billing source and tenant.
    """
    horizon = _in_a_century(as_of)
    issues: list[Issue] = []
    kept: list[Interval] = []
    for interval in intervals:
        error = _error(interval, customers, horizon)
        if error is None:
            kept.append(interval)
        else:
            issues.append(_issue(interval, error, is_error=True))

    by_item: dict[tuple[str, str, str], list[Interval]] = {}
    taken = set()
    for interval in sorted(kept, key=lambda i: (i.source_table, i.source_row_id, i.amount)):
        if (interval.item, interval.valid_from) in taken:
            issues.append(_issue(interval, "duplicate_row", is_error=True))
        else:
            taken.add((interval.item, interval.valid_from))
            by_item.setdefault(interval.item, []).append(interval)

    repaired: list[Interval] = []
    for item_intervals in by_item.values():
        item_intervals.sort(key=lambda i: i.valid_from)
        followers = [later.valid_from for _, later in pairwise(item_intervals)]
        for interval, follower in zip(item_intervals, [*followers, None], strict=True):
            fixed = interval
            for warning, change in _repairs(interval, follower, horizon):
                issues.append(_issue(interval, warning, is_error=False))
                fixed = replace(fixed, **change)
            repaired.append(fixed)
    return repaired, issues


def left_out(customers: Iterable[CustomerFacts]) -> list[Issue]:
    """A note for each customer that counts nowhere."""
    return [
        Issue(*customer.unit, "customer_excluded", "note", True, None, customer.unit[-1])
        for customer in customers
        if customer.is_excluded
    ]


def _error(interval: Interval, customers: Collection[Unit], horizon: datetime) -> str | None:
    """The first reason why an interval cannot be used."""
    if interval.unit not in customers:
        return "customer_missing"
    if interval.quantity < 0:
        return "negative_quantity"
    if interval.amount.is_nan() or interval.amount < 0:
        return "negative_amount"
    if interval.valid_to is not None and interval.valid_to <= interval.valid_from:
        return "end_before_start"
    if interval.currency not in CURRENCIES.split():
        return "unknown_currency"
    if interval.period_unit not in PERIOD_UNITS or (interval.period_count or 0) < 1:
        return "unknown_period"
    if not EPOCH <= interval.valid_from <= horizon:
        return "implausible_start"
    return None


def _repairs(
    interval: Interval, follower: datetime | None, horizon: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is odd about an interval that can be used, and the columns that put it right."""
    if interval.plan is None:
        yield "missing_plan", {"plan": UNKNOWN}
    ends = {"valid_to": interval.valid_to, "scheduled_end_at": interval.scheduled_end_at}
    beyond: dict[str, Any] = {name: None for name, end in ends.items() if end and end > horizon}
    if beyond:
        yield "implausible_end", beyond
    if follower is not None and (interval.valid_to is None or interval.valid_to > follower):
        yield "overlapping_interval", {"valid_to": follower}


def _issue(interval: Interval, name: str, *, is_error: bool) -> Issue:
    severity = "error" if is_error else "warning"
    source = (interval.source_table, interval.source_row_id)
    return Issue(*interval.unit, name, severity, is_error, *source)


def _in_a_century(moment: datetime) -> datetime:
    """The same instant of the year, a hundred years later."""
    is_leap_day = (moment.month, moment.day) == (2, 29)
    day = 28 if is_leap_day and moment.year % 400 == 0 else moment.day
    return moment.replace(year=moment.year + 100, day=day)
