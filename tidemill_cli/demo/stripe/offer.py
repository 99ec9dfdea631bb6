"""The catalogue of the generated history: the company of Lago's demo, selling through Stripe."""

from dataclasses import dataclass, field
from datetime import datetime

from tidemill_cli.demo.stripe.catalog import Account, Amount, Coupon, Price, Tier
from tidemill_cli.demo.stripe.catalogue import Catalogue
from tidemill_cli.demo.stripe.clock import Interval, instant


@dataclass(eq=False)
class Offering:
    """What is sold under one code: its prices over time, and what may come with them."""

    code: str
    # (from, price) in order of time: amounts of a price never change.
    prices: list[tuple[int, Price]]
    trial_days: int = 0
    seats: list[tuple[int, Price]] = field(default_factory=list)
    usage: list[tuple[Price, int]] = field(default_factory=list)

    def price(self, when: int) -> Price:
        """Return the price new subscriptions get at an instant."""
        return _at(self.prices, when)

    def seat(self, when: int) -> Price | None:
        """Return the price of a seat at an instant."""
        return _at(self.seats, when) if self.seats else None


@dataclass
class Market:
    """What one account sells in one currency, with the weights of what is chosen."""

    account: Account
    offerings: list[Offering]
    weights: list[int]
    coupons: list[Coupon]
    # What a customer may be moved to at the same price.
    twins: dict[str, Offering] = field(default_factory=dict)


@dataclass
class Offer:
    """Every market of the generated history."""

    catalogue: Catalogue
    main: dict[str, Market]
    small: Market


def _at(prices: list[tuple[int, Price]], when: int) -> Price:
    found = prices[0][1]
    for since, price in prices:
        if since <= when:
            found = price
    return found


def build(catalogue: Catalogue, start: datetime, until: datetime) -> Offer:
    """Create the catalogue and its new prices over the years."""
    harbour = catalogue.account("Harbour Software", "US", "USD")
    lantern = catalogue.account("Lantern Studio", "FR", "EUR")
    span = until - start

    def sell(
        account: Account,
        code: str,
        amount: Amount,
        interval: Interval = "month",
        count: int = 1,
        currency: str | None = None,
        trial_days: int = 0,
        later: tuple[tuple[float, Amount], ...] = (),
    ) -> Offering:
        name = code.replace("_", " ").capitalize()
        product = catalogue.product(account, name)
        first = catalogue.price(
            product, amount, currency, interval, count, lookup_key=code, nickname=code
        )
        prices = [(instant(start), first)]
        for share, new_amount in later:
            since = start + span * share
            price = catalogue.price(
                product,
                new_amount,
                currency,
                interval,
                count,
                nickname=code,
                replaces=prices[-1][1],
                at=since,
            )
            prices.append((instant(since), price))
        return Offering(code, prices, trial_days)

    def with_seats(offering: Offering, *amounts: tuple[float, Amount], **tiers: object) -> None:
        first = offering.prices[0][1]
        code = f"{offering.code}_seats"
        product = catalogue.product(first.account, f"{first.product.name} seats")
        for share, amount in amounts or ((0.0, 0),):
            since = start + span * share
            price = catalogue.price(
                product,
                amount,
                first.currency,
                first.interval,
                first.count,
                lookup_key=code,
                nickname=code,
                replaces=offering.seats[-1][1] if offering.seats else None,
                at=since,
                **tiers,  # type: ignore[arg-type]
            )
            offering.seats.append((instant(since), price))

    def with_usage(offering: Offering, code: str, amount: Amount, typical: int) -> None:
        first = offering.prices[0][1]
        product = catalogue.product(first.account, f"{first.product.name} {code}")
        name = f"{offering.code}_{code}"
        price = catalogue.price(
            product,
            amount,
            first.currency,
            first.interval,
            first.count,
            lookup_key=name,
            nickname=name,
            metered=True,
        )
        offering.usage.append((price, typical))

    free = sell(harbour, "free", 0)
    weekly = sell(harbour, "weekly_pass", 9, "week")
    starter = sell(harbour, "starter", 29, trial_days=14, later=((0.40, 32), (0.75, 35)))
    starter_plus = sell(harbour, "starter_2", 29)
    team = sell(harbour, "team", 79, later=((0.55, 85),))
    with_seats(team, (0.0, 12), (0.65, 13))
    with_usage(team, "api_calls", "0.002", 600)
    basic = sell(harbour, "basic", 45, later=((0.80, 42),))
    business = sell(harbour, "business", 390, count=3)
    with_seats(business, tiers=[Tier(10, 9), Tier(None, 7)])
    half_year = sell(harbour, "half_year", 840, count=6)
    annual = sell(harbour, "annual", 990, "year", trial_days=14, later=((0.50, 1090),))
    with_seats(annual, (0.0, 120))
    scale = sell(harbour, "scale", 499)
    with_seats(scale, tiers=[Tier(5, 12), Tier(20, 10), Tier(None, 8)], tiers_mode="volume")
    with_usage(scale, "api_calls", "0.001", 4000)
    with_usage(scale, "storage_gb", "0.05", 12)
    starter_eur = sell(harbour, "starter_eur", 27, currency="EUR", trial_days=14)
    team_eur = sell(harbour, "team_eur", 75, currency="EUR", later=((0.45, 79),))
    annual_eur = sell(harbour, "annual_eur", 920, "year", currency="EUR")
    starter_jpy = sell(harbour, "starter_jpy", 4000, currency="JPY")
    annual_jpy = sell(harbour, "annual_jpy", 120000, "year", currency="JPY")
    studio = sell(lantern, "studio", 45, later=((0.60, 49),))
    studio_year = sell(lantern, "studio_year", 450, "year")

    general = [
        catalogue.coupon(harbour, "welcome", percent_off=20, duration="repeating", months=3),
        catalogue.coupon(harbour, "loyal", percent_off=10),
        catalogue.coupon(harbour, "first_half", percent_off=50, duration="once"),
    ]
    ten_off = catalogue.coupon(harbour, "ten_off", amount_off=10, duration="repeating", months=6)
    friends = catalogue.coupon(lantern, "friends", amount_off=5)
    dollars = [free, weekly, starter, starter_plus, basic, team, annual, business, half_year, scale]
    return Offer(
        catalogue,
        {
            "USD": Market(
                harbour,
                dollars,
                [8, 4, 26, 8, 10, 16, 14, 6, 4, 4],
                [*general, ten_off],
                {starter.code: starter_plus, starter_plus.code: starter},
            ),
            "EUR": Market(harbour, [starter_eur, team_eur, annual_eur], [5, 4, 3], general),
            "JPY": Market(harbour, [starter_jpy, annual_jpy], [3, 1], general),
        },
        Market(lantern, [studio, studio_year], [3, 1], [friends]),
    )
