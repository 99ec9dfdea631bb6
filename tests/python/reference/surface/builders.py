"""Small surfaces written by hand: only the columns that bear on the case."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from .books import Books, Place, compute

AS_OF = datetime(2025, 7, 1, 12, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


def at(when: str) -> datetime:
    """An instant in UTC: `at("2025-02-10")` or `at("2025-02-10 09:30")`."""
    return datetime.fromisoformat(when).replace(tzinfo=UTC)


def maybe_at(when: str | None) -> datetime | None:
    """An instant in UTC, or None."""
    return at(when) if when else None


class SurfaceRows:
    """Rows of one tenant, added one by one; the first customer is acme, in Germany."""

    def __init__(self) -> None:
        """Start with one customer."""
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._ids = count(1)
        self.customer("acme")

    def add(self, relation: str, **columns: object) -> dict[str, Any]:
        """Add a row of any relation."""
        row = {"billing_source": "engine", "tenant_id": "t", **columns}
        self.rows.setdefault(relation, []).append(row)
        return row

    def customer(self, customer_id: str, **columns: object) -> dict[str, Any]:
        """Add a customer in Germany."""
        return self.add("customers", **{"customer_id": customer_id, "country": "DE", **columns})

    def item(
        self,
        start: str,
        end: str | None = None,
        amount: object = 50,
        *,
        plan: str | None = "basic",
        subscription: str = "s",
        **columns: object,
    ) -> dict[str, Any]:
        """Add an active item over [start, end), monthly in USD, by default one per subscription."""
        defaults = {
            "customer_id": "acme",
            "subscription_id": subscription,
            "item_id": f"{subscription}:base",
            "valid_from": at(start),
            "valid_to": maybe_at(end),
            "status": "active",
            "charge_kind": "licensed",
            "plan": plan,
            "product": plan,
            "quantity": 1,
            "amount": Decimal(str(amount)),
            "period_unit": "month",
            "period_count": 1,
            "currency": "USD",
            "country": "DE",
            "source_table": "intervals",
            "source_row_id": f"{next(self._ids):04d}",
        }
        return self.add("subscription_intervals", **{**defaults, **columns})

    def line(
        self, kind: str, amount: object, first: str, last: str, **columns: object
    ) -> dict[str, Any]:
        """Add a billed line for the service over [first, last), invoiced when that began."""
        defaults = {
            "customer_id": "acme",
            "subscription_id": "s",
            "invoice_id": f"{next(self._ids):04d}",
            "line_id": f"{next(self._ids):04d}",
            "kind": kind,
            "plan": "basic",
            "product": "basic",
            "currency": "USD",
            "service_from": at(first),
            "service_to": at(last),
            "period_unit": "month",
            "period_count": 1,
            "amount": Decimal(str(amount)),
            "discount": 0,
            "tax": 0,
            "invoiced_at": at(first),
            "paid_at": None,
            "refunded": 0,
        }
        return self.add("invoice_lines", **{**defaults, **columns})

    def trial(self, start: str, end: str, **columns: object) -> dict[str, Any]:
        """Add a trial over [start, end)."""
        defaults = {
            "customer_id": "acme",
            "subscription_id": "s",
            "plan": "basic",
            "started_at": at(start),
            "ends_at": at(end),
            "cancelled_at": None,
        }
        return self.add("trials", **{**defaults, **columns})

    def compute(
        self,
        as_of: datetime = AS_OF,
        rates: Iterable[tuple[str, str, object]] = (),
        fixed_rates: dict[str, Decimal] | None = None,
        base_currency: str = "EUR",
        **options: object,
    ) -> Books:
        """Compute under some options, and check what must hold under any."""
        variables = {f"tidemill_{name}": value for name, value in options.items()}
        published = [
            (date.fromisoformat(day), currency, Decimal(str(rate))) for day, currency, rate in rates
        ]
        books = compute(self.rows, variables, as_of, published, fixed_rates, base_currency)
        check(books)
        return books


def check(books: Books) -> None:
    """The ledger ends where the states do, on every day if days are netted; no row is empty."""
    for unit in books.units():
        day = books.first_day() if books.options.netting == "day" else books.last_day
        while day <= books.last_day:
            in_force: dict[Place, Decimal] = {}
            for item in books.states(unit, books.end_of(day, unit[1])):
                in_force[item.place] = in_force.get(item.place, Decimal(0)) + item.mrr
            assert books.level(unit, day) == {p: mrr for p, mrr in in_force.items() if mrr}, day
            day += ONE_DAY
    assert all(movement.amount for movement in books.movements)


def figures(*amounts: Decimal) -> str:
    """Amounts without trailing zeros, side by side."""
    return " ".join(f"{Decimal(amount).normalize():f}" for amount in amounts)


def moves(books: Books, *, reporting: bool = False) -> list[tuple[str, str, str]]:
    """Typed movements as (day, type, signed total), the reasons and places added up."""
    totals: dict[tuple[str, str, str], Decimal] = {}
    for m in books.movements:
        if m.type != "transfer":
            key = str(m.day), m.type, m.reporting_currency if reporting else m.place.currency
            amount = m.reporting_amount if reporting else m.amount
            totals[key] = totals.get(key, Decimal(0)) + amount
    return [(day, kind, figures(amount)) for (day, kind, _), amount in totals.items()]


def rows(books: Books) -> list[tuple[str, str, str, str, str]]:
    """Every movement as (day, type, reason, plan, amount)."""
    return [
        (str(m.day), m.type, m.reason, m.place.plan, figures(m.amount)) for m in books.movements
    ]


def total(books: Books, day: str) -> str:
    """Native MRR of all customers at the end of a day, to be read where there is one currency."""
    levels = [books.level(unit, date.fromisoformat(day)) for unit in books.units()]
    return figures(sum((amount for level in levels for amount in level.values()), Decimal(0)))
