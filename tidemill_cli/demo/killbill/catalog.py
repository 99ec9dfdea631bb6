"""Catalogs: versions of plans, their phases and prices, and the XML that Kill Bill keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from xml.sax.saxutils import escape

Category = Literal["BASE", "ADD_ON", "STANDALONE"]
Mode = Literal["IN_ADVANCE", "IN_ARREAR"]
PhaseType = Literal["TRIAL", "DISCOUNT", "FIXEDTERM", "EVERGREEN"]
Unit = Literal["DAYS", "WEEKS", "MONTHS", "YEARS", "UNLIMITED"]
# By currency; none at all is nothing to pay in any.
Prices = Mapping[str, Decimal]


@dataclass(frozen=True)
class Usage:
    """What is billed for what was used, each month afterwards."""

    name: str
    unit: str
    prices: Prices


@dataclass(frozen=True)
class Phase:
    """One phase of a plan; without `period` nothing recurs, without `fixed` nothing is due once."""

    type: PhaseType
    unit: Unit = "UNLIMITED"
    number: int = 0
    period: str | None = None
    prices: Prices = field(default_factory=dict)
    fixed: Prices | None = None
    usage: Usage | None = None

    def price(self, currency: str) -> Decimal | None:
        """Return what recurs for one unit, if anything does."""
        return None if self.period is None else _of(self.prices, currency)

    def once(self, currency: str) -> Decimal | None:
        """Return what is due when the phase starts, if anything is."""
        return None if self.fixed is None else _of(self.fixed, currency)


@dataclass(frozen=True)
class Product:
    """What plans are sold of; a base product names the add-ons that may come with it."""

    name: str
    category: Category = "BASE"
    available: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A plan as one version of the catalog has it."""

    name: str
    product: str
    phases: tuple[Phase, ...]
    mode: Mode | None = None
    # When those who have it already get the prices of this version.
    existing_from: datetime | None = None

    def phase_name(self, number: int) -> str:
        """Return the name of a phase, which says its type."""
        return phase_name(self.name, self.phases[number].type)


@dataclass(frozen=True)
class Version:
    """One catalog a tenant has uploaded."""

    effective_at: datetime
    plans: tuple[Plan, ...]
    products: tuple[Product, ...]
    mode: Mode = "IN_ADVANCE"
    alignment: Literal["ACCOUNT", "SUBSCRIPTION"] = "ACCOUNT"
    name: str = "Demo"

    def plan(self, name: str) -> Plan | None:
        """Return a plan, if this version has it."""
        return next((plan for plan in self.plans if plan.name == name), None)

    def product(self, name: str) -> Product:
        """Return a product."""
        return next(product for product in self.products if product.name == name)


def phase_name(plan: str, phase_type: str) -> str:
    """Return the name of a phase of a plan."""
    return f"{plan}-{phase_type.lower()}"


def of_plan(
    versions: Sequence[Version], name: str, at: datetime, changed_at: datetime
) -> tuple[Version, Plan]:
    """Return the version whose prices a subscription has at an instant.

    The newest in force counts if the plan was taken since, or if it says that it is for those who
    have the plan already.
    """
    known = [(version, plan) for version in versions if (plan := version.plan(name)) is not None]
    if not known:
        message = f"no version of the catalog has the plan {name!r}"
        raise ValueError(message)
    known.sort(key=lambda entry: entry[0].effective_at)
    in_force = [entry for entry in known if entry[0].effective_at <= at] or known[:1]
    for version, plan in reversed(in_force):
        is_oldest = version is known[0][0]
        is_reached = plan.existing_from is not None and plan.existing_from <= at
        if is_oldest or changed_at >= version.effective_at or is_reached:
            return version, plan
    return in_force[0]


def xml(version: Version) -> str:
    """Write a version as it is uploaded."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
        "<catalog>",
        f"  <effectiveDate>{_moment(version.effective_at)}</effectiveDate>",
        f"  <catalogName>{escape(version.name)}</catalogName>",
        f"  <recurringBillingMode>{version.mode}</recurringBillingMode>",
        "  <currencies>",
        *(f"    <currency>{code}</currency>" for code in _currencies(version)),
        "  </currencies>",
        "  <units>",
        *(f'    <unit name="{unit}"/>' for unit in _units(version)),
        "  </units>",
        "  <products>",
        *(line for product in version.products for line in _product(product)),
        "  </products>",
        "  <rules>",
        *_rules(version),
        "  </rules>",
        "  <plans>",
        *(line for plan in version.plans for line in _plan(plan)),
        "  </plans>",
        '  <priceLists>\n    <defaultPriceList name="DEFAULT">\n      <plans>',
        *(f"        <plan>{plan.name}</plan>" for plan in version.plans),
        "      </plans>\n    </defaultPriceList>\n  </priceLists>",
        "</catalog>",
    ]
    return "\n".join(lines) + "\n"


def _of(prices: Prices, currency: str) -> Decimal:
    return prices[currency] if prices else Decimal(0)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S+00:00}"


def _phases(version: Version) -> list[Phase]:
    return [phase for plan in version.plans for phase in plan.phases]


def _currencies(version: Version) -> list[str]:
    return sorted(
        {code for phase in _phases(version) for code in (*phase.prices, *(phase.fixed or ()))}
    )


def _units(version: Version) -> list[str]:
    return sorted({phase.usage.unit for phase in _phases(version) if phase.usage})


def _product(product: Product) -> list[str]:
    lines = [
        f'    <product name="{escape(product.name)}">',
        f"      <category>{product.category}</category>",
    ]
    if product.available:
        lines.append("      <available>")
        lines += [f"        <addonProduct>{name}</addonProduct>" for name in product.available]
        lines.append("      </available>")
    return [*lines, "    </product>"]


def _rules(version: Version) -> list[str]:
    return [
        "    <changePolicy><changePolicyCase><policy>IMMEDIATE</policy>"
        "</changePolicyCase></changePolicy>",
        "    <changeAlignment><changeAlignmentCase><alignment>START_OF_SUBSCRIPTION</alignment>"
        "</changeAlignmentCase></changeAlignment>",
        "    <cancelPolicy><cancelPolicyCase><policy>IMMEDIATE</policy>"
        "</cancelPolicyCase></cancelPolicy>",
        "    <createAlignment><createAlignmentCase><alignment>START_OF_SUBSCRIPTION</alignment>"
        "</createAlignmentCase></createAlignment>",
        "    <billingAlignment><billingAlignmentCase>"
        f"<alignment>{version.alignment}</alignment></billingAlignmentCase></billingAlignment>",
        "    <priceList><priceListCase><toPriceList>DEFAULT</toPriceList>"
        "</priceListCase></priceList>",
    ]


def _plan(plan: Plan) -> list[str]:
    lines = [f'    <plan name="{escape(plan.name)}">']
    if plan.existing_from is not None:
        since = _moment(plan.existing_from)
        lines.append(
            f"      <effectiveDateForExistingSubscriptions>{since}"
            "</effectiveDateForExistingSubscriptions>"
        )
    lines.append(f"      <product>{escape(plan.product)}</product>")
    if plan.mode is not None:
        lines.append(f"      <recurringBillingMode>{plan.mode}</recurringBillingMode>")
    *initial, final = plan.phases
    if initial:
        lines.append("      <initialPhases>")
        lines += [line for phase in initial for line in _phase(phase, "phase")]
        lines.append("      </initialPhases>")
    return [*lines, *_phase(final, "finalPhase"), "    </plan>"]


def _phase(phase: Phase, tag: str) -> list[str]:
    lines = [f'        <{tag} type="{phase.type}">', "          <duration>"]
    lines.append(f"            <unit>{phase.unit}</unit>")
    if phase.unit != "UNLIMITED":
        lines.append(f"            <number>{phase.number}</number>")
    lines.append("          </duration>")
    if phase.fixed is not None:
        lines += ["          <fixed>", *_prices("fixedPrice", phase.fixed), "          </fixed>"]
    if phase.period is not None:
        lines.append("          <recurring>")
        lines.append(f"            <billingPeriod>{phase.period}</billingPeriod>")
        lines += [*_prices("recurringPrice", phase.prices), "          </recurring>"]
    if phase.usage is not None:
        lines += _usage(phase.usage)
    return [*lines, f"        </{tag}>"]


def _prices(tag: str, prices: Prices) -> list[str]:
    if not prices:
        return [f"            <{tag}/>"]
    lines = [f"            <{tag}>"]
    for currency, value in prices.items():
        lines.append(
            f"              <price><currency>{currency}</currency><value>{value}</value></price>"
        )
    return [*lines, f"            </{tag}>"]


def _usage(usage: Usage) -> list[str]:
    return [
        "          <usages>",
        f'            <usage name="{usage.name}" billingMode="IN_ARREAR" usageType="CONSUMABLE">',
        "              <billingPeriod>MONTHLY</billingPeriod>",
        "              <tiers><tier><blocks><tieredBlock>",
        f"                <unit>{usage.unit}</unit><size>1</size>",
        *_prices("prices", usage.prices),
        "                <max>1000000000</max>",
        "              </tieredBlock></blocks></tier></tiers>",
        "            </usage>",
        "          </usages>",
    ]
