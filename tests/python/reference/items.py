"""A subscription item at one instant, and its monthly amount (rules F1 to F3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .rows import round_ten

INTERVAL_NAMES = {
    ("week", 1): "week",
    ("month", 1): "month",
    ("month", 3): "quarter",
    ("month", 6): "half_year",
    ("year", 1): "year",
}
MONTHS_IN_PERIOD = {("month", 1): 1, ("month", 3): 3, ("month", 6): 6, ("year", 1): 12}
Kind = Literal["base", "fixed_charge", "commitment"]
Status = Literal["active", "trialing"]


@dataclass(frozen=True)
class Options:
    """The definitions a user can choose; the defaults are the project's."""

    reporting_timezone: str = "UTC"
    mrr_discounts: Literal["none", "forever", "recurring", "all"] = "recurring"
    week_factor: Literal["52/12", "4.33", "4"] = "52/12"
    mrr_commitments: Literal["include", "exclude"] = "include"
    mrr_start_at: Literal["trial_end", "subscription_start"] = "trial_end"


@dataclass(frozen=True)
class Item:
    """What one item of a subscription costs per period at one instant."""

    id: str
    kind: Kind
    plan_id: str
    plan_root_id: str
    plan: str
    product: str
    currency: str
    period: tuple[str, int]
    anchor: tuple[object, ...]
    status: Status
    quantity: Decimal
    amount: Decimal
    history_source: str


COUNTED_DISCOUNTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "forever": ("forever",),
    "recurring": ("forever", "repeating"),
    "all": ("forever", "repeating", "once"),
}


def monthly_amount(item: Item, discounts: Mapping[str, Decimal], options: Options) -> Decimal:
    """The item's MRR: net of the chosen discounts, brought to a month."""
    if item.status == "trialing" and options.mrr_start_at == "trial_end":
        return Decimal(0)
    if item.kind == "commitment" and options.mrr_commitments == "exclude":
        return Decimal(0)
    net = item.amount
    for kind in COUNTED_DISCOUNTS[options.mrr_discounts]:
        net -= discounts.get(kind, Decimal(0))
    net = max(net, Decimal(0))
    if item.period != ("week", 1):
        return round_ten(net / MONTHS_IN_PERIOD[item.period])
    if options.week_factor == "52/12":
        return round_ten(net * 52 / 12)
    return round_ten(net * Decimal(options.week_factor))
