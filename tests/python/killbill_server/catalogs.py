"""The catalogs that the tests sell from, as the XML that Kill Bill takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

Prices = dict[str, str]


@dataclass(frozen=True)
class Phase:
    """A phase; without a number it goes on for ever."""

    type: str
    period: str | None = None
    prices: Prices = field(default_factory=dict)
    unit: str = "UNLIMITED"
    number: int | None = None
    fixed: Prices | None = None
    # The price of a call, in arrear.
    per_call: Prices | None = None


@dataclass(frozen=True)
class Plan:
    name: str
    product: str
    phases: Sequence[Phase]
    # From when on subscriptions that are there already have its prices.
    existing_from: datetime | None = None


BASE = ("Basic", "Pro", "Metered")
ADD_ON = ("Support",)

TRIAL = Phase("TRIAL", unit="DAYS", number=14, fixed={})


def _evergreen(period: str, usd: str, eur: str) -> Phase:
    return Phase("EVERGREEN", period, {"USD": usd, "EUR": eur})


BASIC = Plan("basic-monthly", "Basic", [TRIAL, _evergreen("MONTHLY", "20.00", "18.00")])
PRO = Plan("pro-monthly", "Pro", [_evergreen("MONTHLY", "50.00", "45.00")])
PRO_ANNUAL = Plan("pro-annual", "Pro", [_evergreen("ANNUAL", "480.00", "432.00")])
PRO_QUARTERLY = Plan("pro-quarterly", "Pro", [_evergreen("QUARTERLY", "135.00", "120.00")])
BASIC_WEEKLY = Plan("basic-weekly", "Basic", [_evergreen("WEEKLY", "7.00", "6.00")])
# Half price for three months.
PRO_LAUNCH = Plan(
    "pro-launch",
    "Pro",
    [
        Phase("DISCOUNT", "MONTHLY", {"USD": "25.00", "EUR": "22.50"}, "MONTHS", 3),
        _evergreen("MONTHLY", "50.00", "45.00"),
    ],
)
# Two months, and it is over.
BASIC_TERM = Plan(
    "basic-term",
    "Basic",
    [Phase("FIXEDTERM", "MONTHLY", {"USD": "30.00", "EUR": "27.00"}, "MONTHS", 2)],
)
SUPPORT = Plan("support-monthly", "Support", [_evergreen("MONTHLY", "15.00", "13.00")])
METERED = Plan(
    "metered-monthly",
    "Metered",
    [
        Phase(
            "EVERGREEN",
            "MONTHLY",
            {"USD": "10.00", "EUR": "9.00"},
            per_call={"USD": "0.50", "EUR": "0.45"},
        )
    ],
)

PLANS = (
    BASIC,
    PRO,
    PRO_ANNUAL,
    PRO_QUARTERLY,
    BASIC_WEEKLY,
    PRO_LAUNCH,
    BASIC_TERM,
    SUPPORT,
    METERED,
)


def _overdue(name: str, days: int, blocks: str) -> str:
    since = "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds"
    return f"""<state name="{name}">
    <condition><{since}><unit>DAYS</unit><number>{days}</number></{since}></condition>
    <externalMessage>{name}</externalMessage>
    <blockChanges>true</blockChanges>
    <disableEntitlementAndChangesBlocked>{blocks}</disableEntitlementAndChangesBlocked>
    <autoReevaluationInterval><unit>DAYS</unit><number>1</number></autoReevaluationInterval>
  </state>"""


# Who does not pay is late after ten days, and neither served nor billed after twenty.
DUNNING = f"""<overdueConfig><accountOverdueStates>
  <initialReevaluationInterval><unit>DAYS</unit><number>1</number></initialReevaluationInterval>
  {_overdue("BLOCKED", 20, "true")}
  {_overdue("LATE", 10, "false")}
</accountOverdueStates></overdueConfig>"""


def catalog(effective: datetime, plans: Sequence[Plan] = PLANS) -> str:
    """A version of the catalog."""
    listed = "".join(f"<plan>{plan.name}</plan>" for plan in plans)
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<catalog>
  <effectiveDate>{effective.isoformat()}</effectiveDate>
  <catalogName>Tests</catalogName>
  <recurringBillingMode>IN_ADVANCE</recurringBillingMode>
  <currencies><currency>USD</currency><currency>EUR</currency></currencies>
  <units><unit name="calls"/></units>
  <products>{"".join(map(_product, (*BASE, *ADD_ON)))}</products>
  <rules>
    <changePolicy><changePolicyCase><policy>IMMEDIATE</policy></changePolicyCase></changePolicy>
    <changeAlignment>
      <changeAlignmentCase><alignment>START_OF_BUNDLE</alignment></changeAlignmentCase>
    </changeAlignment>
    <cancelPolicy><cancelPolicyCase><policy>END_OF_TERM</policy></cancelPolicyCase></cancelPolicy>
    <createAlignment>
      <createAlignmentCase><alignment>START_OF_BUNDLE</alignment></createAlignmentCase>
    </createAlignment>
    <billingAlignment>
      <billingAlignmentCase><alignment>SUBSCRIPTION</alignment></billingAlignmentCase>
    </billingAlignment>
    <priceList>
      <priceListCase><toPriceList>DEFAULT</toPriceList></priceListCase>
    </priceList>
  </rules>
  <plans>{"".join(map(_plan, plans))}</plans>
  <priceLists>
    <defaultPriceList name="DEFAULT"><plans>{listed}</plans></defaultPriceList>
  </priceLists>
</catalog>
"""


def _product(name: str) -> str:
    category = "ADD_ON" if name in ADD_ON else "BASE"
    available = "".join(f"<addonProduct>{add_on}</addonProduct>" for add_on in ADD_ON)
    offered = f"<available>{available}</available>" if category == "BASE" else ""
    return f'<product name="{name}"><category>{category}</category>{offered}</product>'


def _plan(plan: Plan) -> str:
    existing = ""
    if plan.existing_from:
        instant = plan.existing_from.isoformat()
        existing = f"""
    <effectiveDateForExistingSubscriptions>{instant}</effectiveDateForExistingSubscriptions>"""
    *initial, final = plan.phases
    first = "".join(_phase(phase, "phase") for phase in initial)
    return f"""
    <plan name="{plan.name}">{existing}
      <product>{plan.product}</product>
      <initialPhases>{first}</initialPhases>
      {_phase(final, "finalPhase")}
    </plan>"""


def _phase(phase: Phase, element: str) -> str:
    number = "" if phase.number is None else f"<number>{phase.number}</number>"
    fixed = recurring = usage = ""
    if phase.fixed is not None:
        fixed = f"<fixed><fixedPrice>{_prices(phase.fixed)}</fixedPrice></fixed>"
    if phase.period:
        recurring = f"""<recurring>
        <billingPeriod>{phase.period}</billingPeriod>
        <recurringPrice>{_prices(phase.prices)}</recurringPrice>
      </recurring>"""
    if phase.per_call:
        usage = f"""<usages>
        <usage name="metered-calls" billingMode="IN_ARREAR" usageType="CONSUMABLE">
          <billingPeriod>{phase.period}</billingPeriod>
          <tiers><tier><blocks><tieredBlock>
            <unit>calls</unit><size>1</size><prices>{_prices(phase.per_call)}</prices>
            <max>-1</max>
          </tieredBlock></blocks></tier></tiers>
        </usage>
      </usages>"""
    return f"""<{element} type="{phase.type}">
      <duration><unit>{phase.unit}</unit>{number}</duration>
      {fixed}{recurring}{usage}
    </{element}>"""


def _prices(prices: Prices) -> str:
    return "".join(
        f"<price><currency>{currency}</currency><value>{value}</value></price>"
        for currency, value in prices.items()
    )
