"""What is sold in random histories, to whom, and when it gets dearer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tidemill_cli.demo.killbill.catalog import Phase, Plan, Product, Usage, Version
from tidemill_cli.demo.killbill.plans import plan

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 300
END = START + timedelta(days=DAYS)
# A unit of a dollar's worth.
WORTH = {"USD": 1, "EUR": 2, "JPY": 140}
DEARER_FROM = START + timedelta(days=120)
FOR_ALL_FROM = START + timedelta(days=150, hours=10)


def cost(amount: str) -> dict[str, Decimal]:
    """A price in every currency."""
    return {currency: Decimal(amount) * worth for currency, worth in WORTH.items()}


def _plans(*, dearer: bool) -> tuple[Plan, ...]:
    def now(old: str, new: str) -> dict[str, Decimal]:
        return cost(new if dearer else old)

    for_all = FOR_ALL_FROM if dearer else None
    calls = Usage("calls", "call", cost("1"))
    return (
        plan("basic", "Basic", now("50", "55")),
        plan("basic-2", "Basic", cost("50")),
        plan("pro", "Pro", now("120.5", "130"), existing_from=for_all),
        plan("tried", "Tried", now("60", "66"), trial_days=14, existing_from=for_all),
        plan("eased", "Eased", now("45", "48"), trial_days=10, discount=(now("30", "32"), 2)),
        # Nothing to compare a yearly promotion of a monthly plan with.
        Plan(
            "promo",
            "Promo",
            (
                Phase("DISCOUNT", "MONTHS", 3, "ANNUAL", cost("100")),
                Phase("EVERGREEN", period="MONTHLY", prices=cost("20")),
            ),
        ),
        plan("weekly", "Weekly", cost("9"), "WEEKLY"),
        plan("thirty", "Thirty", cost("30"), "THIRTY_DAYS"),
        plan("season", "Season", cost("240"), "QUARTERLY"),
        plan("year", "Year", cost("1000"), "ANNUAL"),
        plan("free", "Free", 0),
        plan("after", "After", cost("70"), mode="IN_ARREAR"),
        plan("term", "Term", cost("25"), term=("MONTHS", 3), setup=cost("40")),
        # Paid at once: a contract, not something that recurs.
        Plan("ticket", "Ticket", (Phase("FIXEDTERM", "MONTHS", 2, fixed=cost("99")),)),
        Plan("calls", "Calls", (Phase("EVERGREEN", usage=calls),)),
        plan("extra", "Extra", cost("5")),
        plan("extra-tried", "Extra", cost("6"), trial_days=7),
    )


# All bases but one come with the extra.
BASES = ("Basic", "Tried", "Eased", "Promo", "Weekly", "Thirty", "Season", "Year", "Free", "After")
PRODUCTS = (
    *(Product(name, "BASE", ("Extra",)) for name in BASES),
    *(Product(name) for name in ("Pro", "Term", "Ticket", "Calls")),
    Product("Extra", "ADD_ON"),
)
VERSIONS = (
    Version(START - timedelta(days=365), _plans(dearer=False), PRODUCTS),
    Version(DEARER_FROM, _plans(dearer=True), PRODUCTS),
)
PLANS = tuple(one.name for one in VERSIONS[0].plans if not one.name.startswith("extra"))
ADD_ONS = ("extra", "extra-tried")
# What ends by itself is chosen at the start only, and what it ends with has no add-ons.
LASTING = tuple(name for name in PLANS if name not in ("term", "ticket"))
WITH_ADD_ONS = {one.name for one in VERSIONS[0].plans if one.product in BASES}

TRIALS = {
    one.name: one.phases[0].number for one in VERSIONS[0].plans if one.phases[0].type == "TRIAL"
}


@dataclass(frozen=True)
class Customer:
    """One who pays in one currency, and lives somewhere."""

    country: str | None
    currency: str = "USD"
    time_zone: str = "UTC"
    tax_rate: int = 0


CUSTOMERS = (
    Customer("US", time_zone="America/New_York"),
    Customer("DE", "EUR", "Europe/Berlin", 19),
    Customer(None, "JPY", "+09:00"),
)
SLOTS = 2
