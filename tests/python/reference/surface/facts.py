"""Rows of the surface as facts: the least interpretation that a column needs."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple, ParamSpec, TypeVar

Row = Mapping[str, Any]
Unit = tuple[str, str, str]
"""billing_source, tenant_id, customer_id."""

Given = ParamSpec("Given")
Result = TypeVar("Result")

ZERO = Decimal(0)
UNKNOWN = "unknown"
# Far more digits than any amount needs: only the roundings that are asked for take place.
DIGITS = 80
NAMED_PERIODS = {("month", 3): "quarter", ("month", 6): "half_year"}


class Place(NamedTuple):
    """Where money is: the dimension tuple within a customer."""

    plan: str
    product: str
    currency: str
    country: str
    billing_interval: str


@dataclass(frozen=True)
class CustomerFacts:
    """One customer; `is_excluded` by the engine's word or by the option `exclude_customers`."""

    unit: Unit
    external_id: str | None
    parent_customer_id: str | None
    country: str
    created_at: datetime | None
    attributes: Mapping[str, Any]
    is_excluded: bool

    def attribute(self, key: str) -> str | None:
        """An attribute as text, the way `attributes ->> key` gives it."""
        value = self.attributes.get(key)
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value)


@dataclass(frozen=True)
class Interval:
    """One item over [valid_from, valid_to) in which no fact changes."""

    unit: Unit
    subscription_id: str
    item_id: str
    valid_from: datetime
    valid_to: datetime | None
    status: str
    charge_kind: str
    plan: str | None
    product: str
    quantity: Decimal
    amount: Decimal
    period_unit: str | None
    period_count: int | None
    once_discount: Decimal
    repeating_discount: Decimal
    forever_discount: Decimal
    currency: str
    country: str
    scheduled_end_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_effective_at: datetime | None
    is_voluntary_cancel: bool | None
    recorded_at: datetime | None
    source_table: str
    source_row_id: str

    @property
    def item(self) -> tuple[str, str, str]:
        """What identifies the item: billing source, tenant and item id."""
        return (*self.unit[:2], self.item_id)

    @property
    def place(self) -> Place:
        """The dimension tuple the item's money is in."""
        return Place(
            self.plan or UNKNOWN,
            self.product,
            self.currency,
            self.country,
            interval_name(self.period_unit or "", self.period_count or 0),
        )


@dataclass(frozen=True)
class Trial:
    """One trial of a subscription."""

    unit: Unit
    subscription_id: str
    plan: str
    started_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One billed line of a real invoice; amounts in major units, before tax."""

    unit: Unit
    subscription_id: str | None
    invoice_id: str
    line_id: str
    kind: str
    plan: str
    product: str | None
    currency: str
    service_from: datetime | None
    service_to: datetime | None
    period_unit: str | None
    period_count: int | None
    amount: Decimal
    discount: Decimal
    tax: Decimal
    invoiced_at: datetime
    paid_at: datetime | None
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        """What was charged, without tax."""
        return self.amount - self.discount


def exact(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a function compute with digits to spare."""

    @functools.wraps(function)
    def with_digits(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with localcontext(prec=DIGITS):
            return function(*args, **kwargs)

    return with_digits


def interval_name(period_unit: str, period_count: int) -> str:
    """A billing period in words: month, quarter, half_year, year, `2 weeks`, ..."""
    if period_count == 1:
        return period_unit
    return NAMED_PERIODS.get((period_unit, period_count), f"{period_count} {period_unit}s")


def rounded(value: Decimal, places: int = 10) -> Decimal:
    """Round to some decimals, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def rounded_fraction(value: Fraction, places: int = 10) -> Decimal:
    """Round a fraction to some decimals, halves away from zero."""
    digits = int(abs(value) * 10**places + Fraction(1, 2))
    return Decimal(digits if value >= 0 else -digits).scaleb(-places)


def number(value: Any) -> Decimal:  # noqa: ANN401
    """A number or numeric text as an exact decimal; nothing is 0."""
    return ZERO if value is None else Decimal(str(value))


def instant(value: datetime | str | None) -> datetime | None:
    """An instant in UTC; without a zone it is UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def begin(value: datetime | str) -> datetime:
    """An instant that is always there."""
    moment = instant(value)
    assert moment is not None
    return moment


def unit_of(row: Row) -> Unit:
    """The customer that a row belongs to."""
    return str(row["billing_source"]), str(row["tenant_id"]), str(row["customer_id"])


def maybe_text(value: object) -> str | None:
    """A text, or None."""
    return None if value is None else str(value)


def read_customer(row: Row, excluded: tuple[str, ...] = ()) -> CustomerFacts:
    """A row of `customers`; excluded also if a text of the option names it.

    A text is a customer id, an external id, or `key=value` of an attribute.
    """
    attributes = row.get("attributes") or {}
    customer = CustomerFacts(
        unit=unit_of(row),
        external_id=maybe_text(row.get("external_id")),
        parent_customer_id=maybe_text(row.get("parent_customer_id")),
        country=row.get("country") or UNKNOWN,
        created_at=instant(row.get("created_at")),
        attributes=json.loads(attributes) if isinstance(attributes, str) else attributes,
        is_excluded=bool(row.get("is_excluded")),
    )
    names = {customer.unit[2], customer.external_id}
    pairs = {f"{key}={customer.attribute(key)}" for key in customer.attributes}
    is_named = any(text in names or text in pairs for text in excluded)
    return replace(customer, is_excluded=customer.is_excluded or is_named)


def read_interval(row: Row) -> Interval:
    """A row of `subscription_intervals`."""
    count = row.get("period_count")
    quantity = row.get("quantity")
    return Interval(
        unit=unit_of(row),
        subscription_id=str(row["subscription_id"]),
        item_id=str(row["item_id"]),
        valid_from=begin(row["valid_from"]),
        valid_to=instant(row.get("valid_to")),
        status=row["status"],
        charge_kind=row["charge_kind"],
        plan=maybe_text(row.get("plan")),
        product=str(row.get("product") or row.get("plan") or UNKNOWN),
        quantity=Decimal(1) if quantity is None else number(quantity),
        amount=number(row.get("amount")),
        period_unit=row.get("period_unit"),
        period_count=None if count is None else int(count),
        once_discount=number(row.get("once_discount")),
        repeating_discount=number(row.get("repeating_discount")),
        forever_discount=number(row.get("forever_discount")),
        currency=str(row.get("currency")),
        country=row.get("country") or UNKNOWN,
        scheduled_end_at=instant(row.get("scheduled_end_at")),
        cancel_requested_at=instant(row.get("cancel_requested_at")),
        cancel_effective_at=instant(row.get("cancel_effective_at")),
        is_voluntary_cancel=row.get("is_voluntary_cancel"),
        recorded_at=instant(row.get("recorded_at")),
        source_table=str(row.get("source_table")),
        source_row_id=str(row.get("source_row_id")),
    )


def read_trial(row: Row) -> Trial:
    """A row of `trials`."""
    return Trial(
        unit=unit_of(row),
        subscription_id=str(row["subscription_id"]),
        plan=row.get("plan") or UNKNOWN,
        started_at=begin(row["started_at"]),
        ends_at=begin(row["ends_at"]),
        cancelled_at=instant(row.get("cancelled_at")),
    )


def read_line(row: Row) -> Line:
    """A row of `invoice_lines`."""
    count = row.get("period_count")
    return Line(
        unit=unit_of(row),
        subscription_id=maybe_text(row.get("subscription_id")),
        invoice_id=str(row["invoice_id"]),
        line_id=str(row["line_id"]),
        kind=row["kind"],
        plan=row.get("plan") or UNKNOWN,
        product=maybe_text(row.get("product")),
        currency=str(row["currency"]),
        service_from=instant(row.get("service_from")),
        service_to=instant(row.get("service_to")),
        period_unit=row.get("period_unit"),
        period_count=None if count is None else int(count),
        amount=number(row.get("amount")),
        discount=number(row.get("discount")),
        tax=number(row.get("tax")),
        invoiced_at=begin(row["invoiced_at"]),
        paid_at=instant(row.get("paid_at")),
        refunded=number(row.get("refunded")),
    )
