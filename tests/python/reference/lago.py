"""Raw Lago rows to customers: the items, discounts and MRR of each at any instant."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from .coupons import Coupon, discounts_at, read_coupons
from .fixed_charges import FixedChargeReader
from .items import INTERVAL_NAMES, Item, Options, monthly_amount
from .priced import PricedSegment
from .prices import BasePrice, Versions, read_observations
from .rows import Row, Tables, by_id, major, maybe_text, number, text
from .segments import read_plans, read_segments

Dimensions = tuple[str, str, str, str, str, str, str]
"""billing_source, tenant_id, plan, product, currency, country, billing_interval."""


@dataclass(frozen=True)
class Customer:
    """One customer's recurring items through time."""

    id: str
    tenant_id: str
    segments: list[PricedSegment]
    coupons: list[Coupon]
    current_country: str | None
    versions: Versions

    def items_at(self, moment: datetime) -> list[Item]:
        """All items alive at an instant."""
        return [
            item
            for priced in self.segments
            if priced.segment.covers(moment)
            for item in priced.items_at(moment)
        ]

    def country_at(self, moment: datetime) -> str:
        """The country in force at an instant, as far as it was captured."""
        version = self.versions.at(self.id, moment)
        country = self.current_country if version is None else version["country"]
        return country or "unknown"

    def mrr_at(self, moment: datetime, options: Options) -> dict[Dimensions, Decimal]:
        """MRR by dimension tuple at an instant; tuples without any are left out."""
        items = self.items_at(moment)
        discounts = discounts_at(items, self.coupons, moment)
        country = self.country_at(moment)
        result: dict[Dimensions, Decimal] = {}
        for item, item_discounts in zip(items, discounts, strict=True):
            dimensions = (
                "lago",
                self.tenant_id,
                item.plan,
                item.product,
                item.currency,
                country,
                INTERVAL_NAMES[item.period],
            )
            amount = monthly_amount(item, item_discounts, options)
            result[dimensions] = result.get(dimensions, Decimal(0)) + amount
        return {dimensions: amount for dimensions, amount in result.items() if amount}

    def instants(self) -> set[datetime]:
        """Every instant at which anything about the customer may change."""
        result = set(self.versions.instants(self.id))
        for priced in self.segments:
            result.update(priced.instants())
        for coupon in self.coupons:
            result.add(coupon.start)
            if coupon.end is not None:
                result.add(coupon.end)
        return result


def read_customers(raw: Tables, history: Tables, as_of: datetime) -> list[Customer]:
    """Every customer whose subscriptions count, partners left out."""
    rows = {
        customer_id: row
        for customer_id, row in by_id(raw.get("customers", ())).items()
        if text(row.get("account_type") or "customer") != "partner"
    }
    zones = _zones(raw, rows)
    plans = read_plans(raw)
    observations = read_observations(raw)
    coupons = read_coupons(raw)
    versions = {
        name: Versions(history.get(f"lago_{name}_history", ()))
        for name in ("plans", "subscriptions", "fixed_charges", "customers")
    }
    charges = FixedChargeReader(raw, versions["fixed_charges"])
    commitments = {
        text(row["plan_id"]): number(row["amount_cents"])
        for row in raw.get("commitments", ())
        if row["commitment_type"] == 0
    }
    customers = []
    for customer_id, segments in read_segments(raw, plans, zones, as_of).items():
        priced = []
        for segment in segments:
            commitment = commitments.get(segment.plan.id)
            price = BasePrice(
                segment,
                observations.get(segment.id, []),
                plans,
                versions["plans"],
                versions["subscriptions"],
            )
            priced.append(
                PricedSegment(
                    segment,
                    price,
                    charges.of(segment),
                    None if commitment is None else major(commitment, segment.plan.currency),
                    zones[customer_id],
                )
            )
        customers.append(
            Customer(
                customer_id,
                text(rows[customer_id]["organization_id"]),
                priced,
                coupons.get(customer_id, []),
                rows[customer_id].get("country"),
                versions["customers"],
            )
        )
    return customers


def _zones(raw: Tables, customers: dict[str, Row]) -> dict[str, ZoneInfo]:
    """The local zone of each customer: its own, else its billing entity's, else UTC."""
    entities = by_id(raw.get("billing_entities", ()))
    zones = {}
    for customer_id, row in customers.items():
        entity = entities.get(maybe_text(row.get("billing_entity_id")) or "", {})
        zones[customer_id] = ZoneInfo(row.get("timezone") or entity.get("timezone") or "UTC")
    return zones
