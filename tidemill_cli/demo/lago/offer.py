"""The catalogue of the generated history: two organisations, their plans, prices and coupons."""

from dataclasses import dataclass, field
from datetime import datetime

from tidemill_cli.demo.lago.catalog import Coupon, Organization, Plan
from tidemill_cli.demo.lago.engine import LagoEngine
from tidemill_cli.demo.lago.pricing import FixedCharge, UsageCharge

# Country, weight, time zone, VAT in percent.
COUNTRIES = (
    ("US", 34, "America/New_York", 0),
    ("GB", 10, "Europe/London", 20),
    ("DE", 10, "Europe/Berlin", 19),
    ("FR", 8, "Europe/Paris", 20),
    ("CA", 7, "America/Toronto", 0),
    ("NL", 5, "Europe/Amsterdam", 21),
    ("ES", 5, "Europe/Madrid", 21),
    ("AU", 5, "Australia/Sydney", 0),
    ("BR", 4, "America/Sao_Paulo", 0),
    ("IN", 4, "Asia/Kolkata", 0),
    ("JP", 5, "Asia/Tokyo", 0),
    ("SE", 3, "Europe/Stockholm", 25),
)
EURO_COUNTRIES = {"DE", "FR", "NL", "ES"}


@dataclass
class Market:
    """What one organisation sells in one currency: plans from cheap to dear, with their weights."""

    organization: Organization
    plans: list[Plan]
    weights: list[int]
    coupons: list[Coupon]
    # Plans a customer may be moved between at the same price.
    twins: dict[str, Plan] = field(default_factory=dict)


@dataclass
class Offer:
    """Every market of the generated history."""

    engine: LagoEngine
    main: dict[str, Market]
    small: Market


def build(seed: int, start: datetime, until: datetime, *, fixed_charges: bool) -> Offer:
    """Create the catalogue and its price edits over the years."""
    lago = LagoEngine(seed, start)
    harbour = lago.organization("Harbour Software", "UTC", "USD", "US")
    lantern = lago.organization("Lantern Studio", "Europe/Paris", "EUR", "FR")

    def seats(*charges: FixedCharge) -> tuple[FixedCharge, ...]:
        return charges if fixed_charges else ()

    tiers = ((0, 10, "9", "0"), (11, None, "7", "0"))
    calls = UsageCharge("api_calls", "0.002", typical=600)
    storage = UsageCharge("storage_gb", "0.05", typical=12)
    bands = ((0, 5, "12", "0"), (6, 20, "10", "0"), (21, None, "8", "0"))
    free = lago.plan(harbour, "free", 0)
    weekly = lago.plan(harbour, "weekly_pass", "9", interval="weekly")
    starter = lago.plan(harbour, "starter", "29", trial_days=14)
    starter_plus = lago.plan(harbour, "starter_2", "29")
    team = lago.plan(
        harbour,
        "team",
        "79",
        fixed_charges=seats(FixedCharge("seats", "12", 1)),
        usage_charges=[calls],
    )
    basic = lago.plan(harbour, "basic", "45", pay_in_advance=False)
    business = lago.plan(
        harbour,
        "business",
        "390",
        interval="quarterly",
        fixed_charges=seats(
            FixedCharge("seats", charge_model="graduated", ranges=tiers, pay_in_advance=True)
        ),
    )
    half_year = lago.plan(harbour, "half_year", "840", interval="semiannual")
    annual = lago.plan(
        harbour,
        "annual",
        "990",
        interval="yearly",
        trial_days=14,
        bill_fixed_charges_monthly=fixed_charges,
        fixed_charges=seats(FixedCharge("seats", "10", 2)),
    )
    scale = lago.plan(
        harbour,
        "scale",
        "499",
        pay_in_advance=False,
        minimum_commitment="600",
        fixed_charges=seats(FixedCharge("seats", charge_model="volume", ranges=bands)),
        usage_charges=[UsageCharge("api_calls", "0.001", typical=4000), storage],
    )
    starter_eur = lago.plan(harbour, "starter_eur", "27", "EUR", trial_days=14)
    team_eur = lago.plan(harbour, "team_eur", "75", "EUR")
    annual_eur = lago.plan(
        harbour,
        "annual_eur",
        "920",
        "EUR",
        "yearly",
        usage_charges=[storage],
        bill_charges_monthly=True,
    )
    starter_jpy = lago.plan(harbour, "starter_jpy", "4000", "JPY")
    annual_jpy = lago.plan(harbour, "annual_jpy", "120000", "JPY", "yearly")
    studio = lago.plan(lantern, "studio", "45", pay_in_advance=False)
    studio_year = lago.plan(lantern, "studio_year", "450", interval="yearly")

    span = until - start
    for plan, share, amount in (
        (starter, 0.40, "32"),
        (team_eur, 0.45, "79"),
        (annual, 0.50, "1090"),
        (team, 0.55, "85"),
        (studio, 0.60, "49"),
        (starter, 0.75, "35"),
        (basic, 0.80, "42"),
    ):
        lago.edit_plan_price(plan, amount, start + span * share)
    if fixed_charges:
        lago.edit_fixed_charge_price(team, "seats", "13", start + span * 0.65)

    welcome = lago.coupon(harbour, "welcome", percentage="20", frequency="recurring", duration=3)
    loyal = lago.coupon(harbour, "loyal", percentage="10")
    once = lago.coupon(harbour, "first_half", percentage="50", frequency="once")
    fixed = lago.coupon(harbour, "ten_off", amount="10", frequency="recurring", duration=6)
    limited = lago.coupon(harbour, "team_15", percentage="15", plans=[team, team_eur])
    friends = lago.coupon(lantern, "friends", amount="5")

    general = [welcome, loyal, once, limited]
    dollars = [free, weekly, starter, starter_plus, basic, team, annual, business, half_year, scale]
    return Offer(
        engine=lago,
        main={
            "USD": Market(
                harbour,
                dollars,
                [8, 4, 26, 8, 10, 16, 14, 6, 4, 4],
                [*general, fixed],
                {starter.id: starter_plus, starter_plus.id: starter},
            ),
            "EUR": Market(harbour, [starter_eur, team_eur, annual_eur], [5, 4, 3], general),
            "JPY": Market(harbour, [starter_jpy, annual_jpy], [3, 1], general),
        },
        small=Market(lantern, [studio, studio_year], [3, 1], [friends]),
    )
