"""Catalogs as people write them for Kill Bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
Prices = Mapping[str, str] | None


@dataclass(frozen=True)
class Phase:
    """A phase; no prices at all leave the section out, an empty mapping leaves it empty."""

    type: str
    period: str | None = None
    recurring: Prices = None
    fixed: Prices = None
    days: int | None = None
    usage: bool = False

    def xml(self, tag: str) -> str:
        length = "<unit>UNLIMITED</unit>"
        if self.days is not None:
            length = f"<unit>DAYS</unit><number>{self.days}</number>"
        parts = [f'<{tag} type="{self.type}">', f"<duration>{length}</duration>"]
        if self.fixed is not None:
            parts.append(f"<fixed>{_prices('fixedPrice', self.fixed)}</fixed>")
        if self.recurring is not None:
            period = f"<billingPeriod>{self.period}</billingPeriod>"
            prices = _prices("recurringPrice", self.recurring)
            parts.append(f"<recurring>{period}{prices}</recurring>")
        if self.usage:
            parts.append(_USAGE)
        return "".join([*parts, f"</{tag}>"])


# A usage has prices of its own, which are none of the phase's.
_USAGE = (
    '<usages><usage name="calls" billingMode="IN_ARREAR" usageType="CONSUMABLE">'
    "<billingPeriod>MONTHLY</billingPeriod><tiers><tier><blocks><tieredBlock><unit>call</unit>"
    "<size>1</size><prices><price><currency>USD</currency><value>7</value></price></prices>"
    "<max>-1</max></tieredBlock></blocks></tier></tiers>"
    "<fixedPrice><price><currency>USD</currency><value>8</value></price></fixedPrice>"
    "<recurringPrice><price><currency>EUR</currency><value>9</value></price></recurringPrice>"
    "</usage></usages>"
)


def _prices(tag: str, prices: Mapping[str, str]) -> str:
    listed = "".join(
        f"<price><currency>{currency}</currency><value>{value}</value></price>"
        for currency, value in prices.items()
    )
    return f"<{tag}>{listed}</{tag}>"


@dataclass(frozen=True)
class Plan:
    """A plan of phases, the last of which is the final one."""

    name: str
    phases: Sequence[Phase]
    product: str = "Standard"
    existing: str | None = None
    mode: str | None = None

    def xml(self) -> str:
        *initial, final = self.phases
        optional = ""
        if self.existing:
            tag = "effectiveDateForExistingSubscriptions"
            optional += f"<{tag}>{self.existing}</{tag}>"
        optional += f"<product>{self.product}</product>"
        if self.mode:
            optional += f"<recurringBillingMode>{self.mode}</recurringBillingMode>"
        first = "".join(phase.xml("phase") for phase in initial)
        return (
            f'<plan name="{self.name}">{optional}<initialPhases>{first}</initialPhases>'
            f"{final.xml('finalPhase')}</plan>"
        )


def catalog(
    *plans: Plan,
    effective: str = "2024-01-01T00:00:00Z",
    header: str = HEADER,
    products: Mapping[str, str] | None = None,
) -> str:
    """A version of a catalog."""
    listed = "".join(
        f'<product name="{name}"><category>{category}</category></product>'
        for name, category in (products or {"Standard": "BASE"}).items()
    )
    return (
        f"{header}<catalog><effectiveDate>{effective}</effectiveDate>"
        "<catalogName>Test</catalogName><recurringBillingMode>IN_ADVANCE</recurringBillingMode>"
        "<currencies><currency>USD</currency><currency>EUR</currency></currencies>"
        f"<products>{listed}</products><plans>{''.join(plan.xml() for plan in plans)}</plans>"
        "<priceLists><defaultPriceList name='DEFAULT'><plans/></defaultPriceList></priceLists>"
        "</catalog>"
    )
