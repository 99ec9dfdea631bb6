"""Fixed charges (seats and the like): units and price through time (rules C)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .prices import Versions
from .rows import Row, Tables, grouped, instant, maybe_instant, maybe_text, number, text
from .segments import Segment


def charge_amount(model: str, properties: Mapping[str, Any], units: Decimal) -> Decimal:
    """The amount per period, in major units, of a number of units."""
    if units <= 0:
        return Decimal(0)
    if model == "graduated":
        return _graduated(properties["graduated_ranges"], units)
    if model == "volume":
        return _volume(properties["volume_ranges"], units)
    return number(properties.get("amount")) * units


def _graduated(ranges: list[Mapping[str, Any]], units: Decimal) -> Decimal:
    """Each range prices the units that fall into it; its flat amount counts once one does."""
    total, reached = Decimal(0), Decimal(0)
    for step in ranges:
        upper = units if step["to_value"] is None else min(units, number(step["to_value"]))
        inside = upper - reached
        if inside > 0:
            total += inside * number(step["per_unit_amount"]) + number(step["flat_amount"])
            reached = upper
    return total


def _volume(ranges: list[Mapping[str, Any]], units: Decimal) -> Decimal:
    """The one range that holds the total prices all units."""
    for step in ranges:
        if step["to_value"] is None or units <= number(step["to_value"]):
            return units * number(step["per_unit_amount"]) + number(step["flat_amount"])
    return Decimal(0)


class FixedCharge:
    """One fixed charge of one segment."""

    def __init__(
        self,
        segment: Segment,
        row: Row,
        events: list[Row],
        override: Row | None,
        versions: Versions,
    ) -> None:
        """Hold the charge's row, its unit events in order, and its captured versions."""
        self.id = text(row["id"])
        self.code = str(row["code"])
        monthly = segment.plan.fixed_charges_monthly and segment.plan.period in (
            ("year", 1),
            ("month", 6),
        )
        self.period = ("month", 1) if monthly else segment.plan.period
        self._deleted_at = maybe_instant(row.get("deleted_at"))
        self._row = row
        self._events = [(instant(e["timestamp"]), number(e["units"])) for e in events]
        self._first_units = number((override or row)["units"])
        self._versions = versions

    def exists_at(self, moment: datetime) -> bool:
        """Whether the charge is still part of the plan."""
        return self._deleted_at is None or moment < self._deleted_at

    def units_at(self, moment: datetime) -> Decimal:
        """The units the last event states, none before it; without events the agreed number."""
        units = Decimal(0) if self._events else self._first_units
        for timestamp, event_units in self._events:
            if timestamp <= moment:
                units = event_units
        return units

    def amount_at(self, moment: datetime) -> Decimal:
        """The amount per period in major units."""
        version = self._versions.at(self.id, moment) or self._row
        model = str(self._row.get("charge_model") or "standard")
        return charge_amount(model, version["properties"], self.units_at(moment))

    def instants(self) -> list[datetime]:
        """The instants at which the charge may change."""
        result = [timestamp for timestamp, _ in self._events] + self._versions.instants(self.id)
        return result + ([self._deleted_at] if self._deleted_at else [])


class FixedChargeReader:
    """Finds the fixed charges of a segment."""

    def __init__(self, raw: Tables, versions: Versions) -> None:
        """Index charges by plan, events and overrides by subscription row and charge."""
        self._versions = versions
        self._charges = grouped(raw.get("fixed_charges", ()), lambda row: text(row["plan_id"]))
        self._events = grouped(
            (e for e in raw.get("fixed_charge_events", ()) if _counts(e) and e["timestamp"]),
            _subscription_and_charge,
        )
        self._overrides = grouped(
            (o for o in raw.get("subscription_fixed_charge_units_overrides", ()) if _counts(o)),
            _subscription_and_charge,
        )

    def of(self, segment: Segment) -> list[FixedCharge]:
        """The fixed charges of the segment's plan, deleted ones included."""
        charges = []
        for row in self._charges.get(segment.plan.id, ()):
            # A derived plan's charge goes on from the events of the charge it was copied from.
            ids = [text(row["id"]), maybe_text(row.get("parent_id"))]
            keys = [(segment.id, charge_id) for charge_id in ids if charge_id]
            events = [event for key in keys for event in self._events.get(key, ())]
            events.sort(
                key=lambda e: (instant(e["timestamp"]), instant(e["created_at"]), text(e["id"]))
            )
            overrides = [o for key in keys for o in self._overrides.get(key, ())]
            override = overrides[0] if overrides else None
            charges.append(FixedCharge(segment, row, events, override, self._versions))
        return charges


def _counts(row: Row) -> bool:
    return row.get("deleted_at") is None


def _subscription_and_charge(row: Row) -> tuple[str, str]:
    return text(row["subscription_id"]), text(row["fixed_charge_id"])
