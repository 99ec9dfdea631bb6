"""The catalogs of the generated history: the company of Lago's demo, selling through Kill Bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tidemill_cli.demo.killbill.accounts import AccountActions
from tidemill_cli.demo.killbill.catalog import Plan, Product, Usage
from tidemill_cli.demo.killbill.model import Tenant
from tidemill_cli.demo.killbill.plans import plan, prices

CURRENCIES = ("USD", "EUR", "JPY")
# Plans in order of what they cost, with the weights of what is chosen, and the units of a kind.
LADDER = {
    "free": 8,
    "weekly-pass": 4,
    "starter-monthly": 28,
    "basic-monthly": 10,
    "season-pass": 4,
    "team-monthly": 18,
    "team-annual": 12,
    "business-quarterly": 6,
    "scale-monthly": 5,
}
SEATED = ("team-monthly", "team-annual", "scale-monthly")
METERED = {"scale-monthly": ("api-calls", 4000)}
ADD_ONS = ("support-monthly", "storage-monthly")
SMALL = {"studio-monthly": 3, "studio-annual": 1}


@dataclass
class Market:
    """What one tenant sells, with the weights of what is chosen."""

    tenant: Tenant
    plans: dict[str, int]
    add_ons: Sequence[str]
    currencies: Sequence[str]


def build(actions: AccountActions, until: datetime) -> tuple[Market, Market]:
    """Create the tenants, their catalogs, and what becomes of the prices over the years."""
    start = actions.start
    span = until - start
    harbour, lantern = actions.tenant("Harbour Software"), actions.tenant("Lantern Studio")
    actions.secret(harbour, "killbill-stripe", "apiKey=sk_live_not_for_reports")
    turn = (start + span * 0.5).replace(minute=0, second=0, microsecond=0)
    actions.catalog(harbour, start, _harbour(Decimal(1)), _PRODUCTS)
    later = turn + timedelta(days=60)
    actions.catalog(harbour, turn, _harbour(Decimal("1.1"), later), _PRODUCTS)
    actions.catalog(lantern, start, _lantern("45"), alignment="SUBSCRIPTION")
    actions.catalog(lantern, turn, _lantern("49"), alignment="SUBSCRIPTION")
    return (
        Market(harbour, LADDER, ADD_ONS, CURRENCIES),
        Market(lantern, SMALL, (), ("EUR",)),
    )


_PRODUCTS = (
    Product("Support", "ADD_ON"),
    Product("Storage", "ADD_ON"),
    Product("Basic", "BASE", ("Support",)),
    Product("Team", "BASE", ("Support", "Storage")),
    Product("Scale", "BASE", ("Support", "Storage")),
    Product("Season", "STANDALONE"),
)


def _harbour(dearer: Decimal, for_all_from: datetime | None = None) -> list[Plan]:
    """Return the plans of a version: some of the new prices are for those who pay already, too."""

    def cost(dollars: str, *, rises: bool = False) -> dict[str, Decimal]:
        amount = Decimal(dollars) * (dearer if rises else 1)
        euros = (amount * Decimal("0.95")).quantize(Decimal("0.01"))
        return {"USD": amount.quantize(Decimal("0.01")), "EUR": euros, "JPY": amount // 1 * 140}

    return [
        plan("free", "Free", 0),
        plan("weekly-pass", "Weekly", cost("9"), "WEEKLY"),
        plan(
            "starter-monthly",
            "Starter",
            cost("29", rises=True),
            trial_days=14,
            existing_from=for_all_from,
        ),
        plan("basic-monthly", "Basic", cost("45"), discount=(cost("30"), 3)),
        plan("season-pass", "Season", cost("60"), term=("MONTHS", 6), setup=cost("25")),
        plan("team-monthly", "Team", cost("79", rises=True), trial_days=30),
        plan("team-annual", "Team", cost("790", rises=True), "ANNUAL"),
        plan("business-quarterly", "Business", cost("390"), "QUARTERLY", mode="IN_ARREAR"),
        plan(
            "scale-monthly",
            "Scale",
            cost("499"),
            usage=Usage("api-calls", "call", cost("0.01") | {"JPY": Decimal(1)}),
        ),
        plan("support-monthly", "Support", cost("50")),
        plan("storage-monthly", "Storage", cost("15")),
    ]


def _lantern(amount: str) -> list[Plan]:
    return [
        plan("studio-monthly", "Studio", prices({"EUR": amount})),
        plan("studio-annual", "Studio", prices({"EUR": Decimal(amount) * 10}), "ANNUAL"),
    ]
