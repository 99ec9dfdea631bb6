"""Hypothesis strategies: surfaces of a few customers of several engines, and what is loaded beside.

All instants of an example lie on a few days, so that things happen on the same day, within the same
hour and at the same instant; days lie in the past and, for what is scheduled, in the future.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as st

from reference.surface.builders import AS_OF

from .build import Rate, Row, Surface

Draw = Callable[[st.SearchStrategy[Any]], Any]

FIRST_DAY, LAST_DAY = -430, 100
# Midnights of several zones, hours and less apart.
MINUTES = (0, 12 * 60, 12 * 60 + 40, 13 * 60 + 20, 4 * 60, 5 * 60, 13 * 60 + 30, 23 * 60 + 59)
TENANTS = (("engine", "t1"), ("engine", "t2"), ("other", "t1"))
CURRENCIES = ("USD", "EUR", "GBP", "JPY")
PERIODS = (
    *(("month", 1), ("month", 1), ("year", 1), ("month", 3), ("week", 1), ("day", 1)),
    *(("month", 6), ("week", 2), ("year", 2), ("day", 30)),
)


def decimals(*texts: str) -> st.SearchStrategy[Decimal]:
    """One of some numbers."""
    return st.sampled_from([Decimal(text) for text in texts])


def mostly(usual: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """The same thing three times out of four."""
    return st.one_of(*[st.just(usual)] * 3, other)


# Amounts that divide badly, and some that make each other up.
AMOUNTS = decimals("50", "100", "0", "99.99", "33.3333333333", "0.01", "7", "12.34", "150")
DISCOUNTS = mostly(Decimal(0), decimals("10", "3.33", "50", "1000"))
QUANTITIES = decimals("1", "2", "3", "0", "1.5", "7")
PLANS = st.sampled_from(("basic", "pro", "free"))
COUNTRIES = st.sampled_from(("DE", "FR", "unknown"))
# What a segment may ask of a customer.
CONDITIONS: st.SearchStrategy[Row] = st.sampled_from(
    [
        {"field": field, "operator": operator, "operands": operands}
        for field, operator, operands in (
            ("plan", "in", ["basic", "free"]),
            ("plan", "contains", ["PR"]),
            ("plan", "empty", []),
            ("product", "in", ["seats"]),
            ("currency", "in", ["EUR"]),
            ("country", "in", ["DE", "unknown"]),
            ("billing_interval", "in", ["month"]),
            ("source", "in", ["engine"]),
            ("tenant", "in", ["t1"]),
            ("attribute.tier", "in", ["gold"]),
            ("attribute.tier", "less", ["1.5"]),
            ("attribute.tier", "greater", ["2", "20"]),
            ("attribute.tier", "empty", []),
        )
    ]
)
TIERS = st.sampled_from(({"tier": "gold"}, {"tier": 1}, {"tier": None}))
# What may change from one interval of an item to the next.
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "amount": AMOUNTS,
    "status": st.sampled_from(("active", "active", "past_due", "paused", "trialing")),
    "plan": PLANS,
    "quantity": QUANTITIES,
    "forever_discount": DISCOUNTS,
    "repeating_discount": DISCOUNTS,
    "once_discount": DISCOUNTS,
    "currency": st.sampled_from(CURRENCIES),
    "country": COUNTRIES,
    "period": st.sampled_from(PERIODS),
    "product": st.sampled_from(("basic", "seats")),
}
# What an adapter may get wrong about one row, by what is written over it.
DAMAGES: tuple[Row, ...] = (
    {"customer_id": "nobody"},
    {"quantity": -1},
    {"quantity": None},
    {"amount": Decimal("-5")},
    {"amount": Decimal("NaN")},
    {"amount": None},
    {"currency": "XXX"},
    {"currency": None},
    {"period_unit": None},
    {"period_unit": "fortnight"},
    {"period_count": 0},
    {"plan": None},
    {"product": None},
    {"country": None},
    {"valid_from": datetime.fromisoformat("1969-12-31T23:59:59+00:00")},
    {"valid_from": datetime.fromisoformat("2126-01-01T00:00:00+00:00")},
    {"valid_to": datetime.fromisoformat("2126-01-01T00:00:00+00:00")},
    {"valid_to": datetime.fromisoformat("2024-03-01T00:00:00+00:00")},
    {"valid_to": None},
    {"scheduled_end_at": datetime.fromisoformat("2126-01-01T00:00:00+00:00")},
)
RATES = decimals("1.1", "0.9", "1.0837", "160.55", "0.3333333333", "2")
FIXED_RATES = {"EUR": Decimal("1"), "USD": Decimal("1.0837"), "GBP": Decimal("0.85")}
FIRST_RATES: tuple[Rate, ...] = tuple(
    ((AS_OF + timedelta(days=FIRST_DAY - 2)).date(), currency, rate)
    for currency, rate in FIXED_RATES.items()
    if currency != "EUR"
)


@dataclass
class Example:
    """Everything that is loaded for one example; rates are to the euro."""

    surface: Surface
    rates: list[Rate] = field(default_factory=list)
    fixed_rates: dict[str, Decimal] = field(default_factory=dict)
    spend: list[Row] = field(default_factory=list)
    segments: list[Row] = field(default_factory=list)


class Calendar:
    """The few days of one example."""

    def __init__(self, days: Sequence[int]) -> None:
        """Take the days, counted from the one of `as_of`."""
        midnights = [AS_OF.replace(hour=0) + timedelta(days=day) for day in days]
        moments = [start + timedelta(minutes=m) for m in MINUTES for start in midnights]
        self.instants: st.SearchStrategy[datetime] = st.sampled_from(moments)
        self.maybe = mostly(None, self.instants)
        self.dates = st.sampled_from([moment.date() for moment in midnights])

    def ranges(self, most: int = 2) -> st.SearchStrategy[list[datetime]]:
        """Instants in order, two or more."""
        return st.lists(self.instants, min_size=2, max_size=most, unique=True).map(sorted)


@st.composite
def examples(draw: Draw, *, with_bad_rows: bool = True) -> Example:
    """A surface, exchange rates and spend."""
    days = draw(st.lists(st.integers(FIRST_DAY, LAST_DAY), min_size=2, max_size=6, unique=True))
    calendar = Calendar(days)
    surface: dict[str, list[Row]] = {
        "customers": [],
        "subscription_intervals": [],
        "trials": [],
        "invoice_lines": [],
    }
    numbers = count(1)
    for index in range(draw(st.integers(2, 4))):
        customer = draw(customers(calendar, index))
        if any(_unit(customer) == _unit(other) for other in surface["customers"]):
            continue
        surface["customers"].append(customer)
        for place in range(draw(st.integers(1, 2))):
            subscription = f"{customer['customer_id']}-{place}"
            owner = {**_unit(customer), "subscription_id": subscription}
            rows = draw(subscriptions(calendar, owner, numbers))
            surface["subscription_intervals"] += rows
            surface["trials"] += draw(
                st.lists(
                    trials(calendar, owner, numbers),
                    max_size=2,
                    unique_by=lambda trial: trial["started_at"],
                )
            )
            surface["invoice_lines"] += draw(bills(calendar, owner, rows[0], numbers))
    bad = st.lists(st.integers(0, 99), min_size=1, max_size=2)
    for index in draw(mostly([], bad)) if with_bad_rows else ():
        _damage(draw, surface["subscription_intervals"], index, numbers)
    rates = st.tuples(calendar.dates, st.sampled_from(("USD", "GBP", "JPY")), RATES)
    published = [
        *draw(mostly(FIRST_RATES, st.just(()))),
        *draw(st.lists(rates, max_size=6, unique_by=lambda rate: rate[:2])),
    ]
    return Example(
        surface,
        rates=published,
        fixed_rates=draw(mostly(FIXED_RATES, st.dictionaries(st.sampled_from(CURRENCIES), RATES))),
        spend=draw(st.lists(spends(calendar), max_size=2)),
        segments=draw(st.just([]) | segments()),
    )


@st.composite
def segments(draw: Draw) -> list[Row]:
    """A segment or two, each of a clause or two."""
    return [
        {
            "segment": f"s{segment}",
            "clause": clause,
            "condition": condition,
            **draw(CONDITIONS),
            "is_negated": draw(mostly(False, st.just(True))),
        }
        for segment in range(draw(st.integers(1, 2)))
        for clause in range(draw(mostly(1, st.just(2))))
        for condition in range(draw(mostly(1, st.just(2))))
    ]


@st.composite
def customers(draw: Draw, calendar: Calendar, index: int) -> Row:
    """A customer; two tenants may know one by the same id."""
    source, tenant = draw(st.sampled_from(TENANTS))
    return {
        "billing_source": source,
        "tenant_id": tenant,
        "customer_id": draw(mostly(f"c{index}", st.just("c0"))),
        "external_id": f"ext-{index}",
        "parent_customer_id": draw(mostly(None, st.sampled_from(("c0", "group")))),
        "country": draw(COUNTRIES),
        "created_at": draw(calendar.maybe),
        "is_excluded": draw(mostly(False, st.just(index > 0))),
        "attributes": draw(
            mostly(
                {}, st.sampled_from(({"tier": "gold"}, {"tier": 1}, {"tier": 10}, {"tier": None}))
            )
        ),
    }


@st.composite
def subscriptions(draw: Draw, calendar: Calendar, owner: Row, numbers: "count[int]") -> list[Row]:
    """The intervals of a subscription's items; what is known of its end is in all of them."""
    end = {
        "cancel_requested_at": draw(calendar.maybe),
        "cancel_effective_at": draw(calendar.maybe),
        "is_voluntary_cancel": draw(st.sampled_from((None, True, False))),
        "scheduled_end_at": draw(calendar.maybe),
    }
    rows: list[Row] = []
    for place in range(draw(mostly(1, st.just(2)))):
        item = {
            **owner,
            **end,
            "item_id": f"{owner['subscription_id']}:{place}",
            "charge_kind": draw(mostly("licensed", st.sampled_from(("commitment", "metered")))),
        }
        rows += draw(items(calendar, item, numbers))
    return rows


@st.composite
def items(draw: Draw, calendar: Calendar, item: Row, numbers: "count[int]") -> list[Row]:
    """The intervals of an item: from one to the next few facts change, and some are left out."""
    cuts: list[datetime | None] = [*draw(calendar.ranges(5))]
    if draw(st.booleans()):
        cuts.append(None)
    facts = {
        "status": "active",
        "currency": draw(st.sampled_from(("USD", "USD", "EUR", "GBP"))),
        "amount": draw(AMOUNTS),
        "plan": draw(PLANS),
        "product": "basic",
        "quantity": Decimal(1),
        "country": "DE",
        "period": ("month", 1),
        **draw(changes(3)),
    }
    rows: list[Row] = []
    for index, (start, end) in enumerate(pairwise(cuts)):
        if index > 0:
            facts = {**facts, **draw(changes(2))}
        if index == 0 or not draw(mostly(False, st.booleans())):
            columns = {name: value for name, value in facts.items() if name != "period"}
            unit, length = facts["period"]
            number = f"{next(numbers):04d}"
            rows.append(
                {
                    **item,
                    **columns,
                    "period_unit": unit,
                    "period_count": length,
                    "valid_from": start,
                    "valid_to": end,
                    "recorded_at": draw(mostly(start, st.none() | calendar.instants)),
                    "source_table": "intervals",
                    "source_row_id": number,
                }
            )
    return rows


@st.composite
def changes(draw: Draw, most: int) -> dict[str, Any]:
    """New values of some facts."""
    names = draw(st.lists(st.sampled_from(list(FACTS)), max_size=most, unique=True))
    return {name: draw(FACTS[name]) for name in names}


@st.composite
def trials(draw: Draw, calendar: Calendar, owner: Row, numbers: "count[int]") -> Row:
    """A trial of a subscription."""
    start, end = draw(calendar.ranges())
    return {
        **owner,
        "plan": draw(PLANS),
        "started_at": start,
        "ends_at": end,
        "cancelled_at": draw(calendar.maybe),
        "source_table": "trials",
        "source_row_id": f"{next(numbers):04d}",
    }


@st.composite
def bills(
    draw: Draw, calendar: Calendar, owner: Row, first: Row, numbers: "count[int]"
) -> list[Row]:
    """The lines of a subscription; mostly its first month is billed, and paid."""
    lines = draw(st.lists(invoice_lines(calendar, owner, numbers), max_size=3))
    if draw(mostly(True, st.just(False))):
        begin = first["valid_from"]
        bill = draw(invoice_lines(calendar, owner, numbers))
        month = {"service_from": begin, "service_to": begin + timedelta(days=30)}
        paid = {"subscription_id": owner["subscription_id"], "paid_at": begin, "discount": 0}
        lines.append({**bill, **month, **paid, "kind": "recurring", "amount": Decimal(50)})
    return lines


@st.composite
def invoice_lines(draw: Draw, calendar: Calendar, owner: Row, numbers: "count[int]") -> Row:
    """A billed line: with tax, paid, refunded in part or in full, or none of that."""
    kind = draw(st.sampled_from(("recurring", "usage", "usage", "one_off", "discount", "credit")))
    service = draw(calendar.ranges())
    if kind not in ("recurring", "usage"):
        service = draw(mostly([None, None], st.just(service)))
    unit, length = draw(st.sampled_from((("month", 1), *PERIODS, (None, None))))
    amount = draw(AMOUNTS)
    discount = draw(DISCOUNTS)
    number = f"{next(numbers):04d}"
    has_subscription = kind in ("recurring", "usage") or draw(st.booleans())
    return {
        **owner,
        "subscription_id": owner["subscription_id"] if has_subscription else None,
        "invoice_id": number,
        "line_id": number,
        "kind": kind,
        "plan": draw(PLANS | st.none()),
        "product": draw(st.sampled_from(("basic", "calls", None))),
        "currency": draw(st.sampled_from(("USD", "EUR", "GBP"))),
        "service_from": service[0],
        "service_to": service[1],
        "period_unit": unit,
        "period_count": length,
        "amount": -amount if kind in ("discount", "credit") else amount,
        "discount": discount,
        "tax": draw(decimals("0", "19", "1.23")),
        "invoiced_at": draw(calendar.instants),
        "paid_at": draw(calendar.instants | st.none()),
        "refunded": draw(st.sampled_from((Decimal(0), Decimal(5), max(amount - discount, 0)))),
        "source_table": "lines",
        "source_row_id": number,
    }


@st.composite
def spends(draw: Draw, calendar: Calendar) -> Row:
    """An amount spent, for one tenant or for all."""
    return {
        "spend_date": draw(calendar.dates),
        "tenant_id": draw(st.sampled_from((None, "t1", "t2"))),
        "currency": draw(st.sampled_from(CURRENCIES)),
        "amount": draw(AMOUNTS),
    }


def _damage(draw: Draw, rows: list[Row], index: int, numbers: "count[int]") -> None:
    """Put something wrong into one row, or put it in twice."""
    if not rows:
        return
    row = rows[index % len(rows)]
    if draw(st.booleans()):
        rows[index % len(rows)] = {**row, **draw(st.sampled_from(DAMAGES))}
    else:
        rows.append({**row, **draw(changes_of_a_copy), "source_row_id": f"{next(numbers):04d}"})


changes_of_a_copy = st.fixed_dictionaries({"amount": AMOUNTS, "plan": PLANS})


def _unit(customer: Row) -> Row:
    return {name: customer[name] for name in ("billing_source", "tenant_id", "customer_id")}
