"""Prices: amounts in minor units, prices that change in time, prices per unit or by ranges.

Lago edits prices in place and keeps no history. The simulator knows every price by time, and writes
only the last one.
"""

import json
from bisect import bisect_right
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, Literal, TypeVar

from tidemill_cli.demo.lago.schema import subunits

Interval = Literal["weekly", "monthly", "quarterly", "semiannual", "yearly"]
BillingTime = Literal["calendar", "anniversary"]
ChargeModel = Literal["standard", "graduated", "volume"]
Amount = Decimal | int | str

T = TypeVar("T")


def to_minor(amount: Amount, currency: str) -> int:
    """Turn an amount in major units into the currency's smallest unit."""
    minor = Decimal(amount) * subunits()[currency]
    return int(minor.to_integral_value(ROUND_HALF_UP))


def round_half_up(value: Decimal) -> int:
    """Round to whole minor units as Lago does."""
    return int(value.to_integral_value(ROUND_HALF_UP))


class Timeline(Generic[T]):
    """A value that changes at instants; reading it at one instant gives the value then in force."""

    __slots__ = ("_since", "_values")

    def __init__(self, value: T) -> None:
        """Start with a value that holds from the beginning of time."""
        self._since: list[int] = []
        self._values = [value]

    def at(self, when: int) -> T:
        """Return the value in force at an instant."""
        if not self._since:
            return self._values[0]
        return self._values[bisect_right(self._since, when)]

    def change(self, when: int, value: T) -> None:
        """Set the value from an instant on; changes come in order of time."""
        if self._since and when < self._since[-1]:
            message = "a price changes forwards in time"
            raise ValueError(message)
        self._since.append(when)
        self._values.append(value)

    @property
    def last(self) -> T:
        """Return the final value."""
        return self._values[-1]

    def changes(self) -> list[tuple[int, T, T]]:
        """Return (instant, before, after) of every change."""
        return list(zip(self._since, self._values, self._values[1:], strict=False))


class Range(tuple[int, int | None, Decimal, Decimal]):
    """One range of a graduated or volume price: from, to, price per unit, flat amount."""

    __slots__ = ()


class UnitPrice:
    """The price of a fixed charge: one amount per unit, or ranges of units."""

    __slots__ = ("_known", "model", "properties", "ranges")

    def __init__(self, model: ChargeModel, amount: Amount, ranges: tuple[Range, ...]) -> None:
        """Take an amount in major units for `standard`, ranges for the other models."""
        self.model = model
        self.ranges = ranges or (Range((0, None, Decimal(amount), Decimal(0))),)
        self._known: dict[Decimal, Decimal] = {}
        if model == "standard":
            self.properties = json.dumps({"amount": str(amount)})
        else:
            self.properties = json.dumps(
                {
                    f"{model}_ranges": [
                        {
                            "from_value": first,
                            "to_value": last,
                            "per_unit_amount": str(per_unit),
                            "flat_amount": str(flat),
                        }
                        for first, last, per_unit, flat in self.ranges
                    ]
                }
            )

    def total(self, units: Decimal) -> Decimal:
        """Return the price of a quantity per billing period, in major units."""
        found = self._known.get(units)
        if found is None:
            found = self._known[units] = self._total(units)
        return found

    def _total(self, units: Decimal) -> Decimal:
        if self.model == "volume":
            for _, last, per_unit, flat in self.ranges:
                if last is None or units <= last:
                    return units * per_unit + flat if units else Decimal(0)
        total = Decimal(0)
        for first, last, per_unit, flat in self.ranges:
            # Ranges are written inclusively (0-10, 11-20): the second begins after ten units.
            below = max(first - 1, 0)
            inside = (units if last is None else min(units, Decimal(last))) - below
            if inside > 0:
                total += inside * per_unit + flat
        return total


@dataclass(frozen=True)
class FixedCharge:
    """A seat or add-on of a plan, as given to `LagoEngine.plan`; amounts in major units."""

    code: str
    amount: Amount = "0"
    units: Amount = 1
    charge_model: ChargeModel = "standard"
    ranges: tuple[tuple[int, int | None, Amount, Amount], ...] = ()
    pay_in_advance: bool = False
    prorated: bool = False

    def price(self) -> UnitPrice:
        """Return the price as charged."""
        ranges = tuple(
            Range((first, last, Decimal(per_unit), Decimal(flat)))
            for first, last, per_unit, flat in self.ranges
        )
        return UnitPrice(self.charge_model, self.amount, ranges)


@dataclass(frozen=True)
class UsageCharge:
    """A billable metric that a plan charges for in arrears; the price of a unit in major units."""

    code: str
    amount: Amount
    # Units a day that a customer uses on the average, beside those that are recorded.
    typical: int = 0
