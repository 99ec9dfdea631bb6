"""Surfaces for rules that random ones seldom meet: bounds met to the day, and many months."""

from datetime import date, timedelta
from decimal import Decimal

from reference.surface.builders import AS_OF, SurfaceRows, at
from surface.histories import DAMAGES, FIRST_RATES, Example

NOW = f"{AS_OF:%Y-%m-%d %H:%M}"


def handwritten() -> list[Example]:
    """All of them."""
    spend = {"tenant_id": None, "currency": "USD", "amount": Decimal(100)}
    days = (date(2025, 6, 10), date(2025, 7, 1), date(2025, 7, 2))
    return [
        Example(bounds().rows, list(FIRST_RATES)),
        Example(damages().rows, list(FIRST_RATES)),
        Example(bills().rows, list(FIRST_RATES)),
        Example(abroad().rows, list(FIRST_RATES)),
        Example(
            months().rows,
            [
                (date(2024 + n // 12, n % 12 + 1, 10), "USD", 1 + Decimal(n) / 100)
                for n in range(18)
            ],
            spend=[{"spend_date": day, **spend} for day in days],
        ),
    ]


def bounds() -> SurfaceRows:
    """What begins, ends, returns and is paid at the last instant at which it still matters."""
    surface = SurfaceRows()
    # Ends and begins at this instant, and comes back after 20 and 21 days.
    surface.item("2025-01-10", NOW, subscription="ends")
    surface.item(NOW, subscription="begins")
    surface.item(f"{AS_OF + timedelta(days=30):%Y-%m-%d %H:%M}", subscription="begins in 30 days")
    # On one day an item of one plan gains more than one of another loses.
    surface.customer("both ways")
    for plan, before, after in (("basic", 50, 80), ("large", 50, 40)):
        both = {"customer_id": "both ways", "subscription": "both ways", "item_id": plan}
        surface.item("2025-02-01", "2025-03-01", before, plan=plan, **both)
        surface.item("2025-03-01", amount=after, plan=plan, **both)
    # In a trial that a fortnight will end.
    tries = {"customer_id": "tries", "subscription": "tries"}
    surface.customer("tries")
    surface.item("2025-06-25", "2025-07-09", status="trialing", **tries)
    surface.item("2025-07-09", **tries)
    for name, back in (("late", "2025-04-21"), ("later", "2025-04-22")):
        surface.customer(name)
        surface.item("2025-02-01", "2025-02-08", customer_id=name, subscription=name)
        surface.item("2025-02-20", "2025-04-01", customer_id=name, subscription=name)
        surface.item(back, customer_id=name, subscription=name)
    # One subscription ends where another begins, which was recorded later.
    surface.customer("two")
    known = {"customer_id": "two", "recorded_at": at("2025-01-10")}
    surface.item("2025-01-10", "2025-03-10", subscription="first", **known)
    late = {"customer_id": "two", "recorded_at": at("2025-06-01")}
    surface.item("2025-03-10", subscription="second", **late)
    # A price goes up, and a discount by more; and a price for two years.
    surface.customer("dear")
    dear = {"customer_id": "dear", "subscription": "dear"}
    surface.item("2025-02-01", "2025-03-01", **dear)
    surface.item("2025-03-01", amount=100, forever_discount=80, **dear)
    surface.item("2025-02-01", subscription="rare", period_unit="year", period_count=2)
    # Two for the price of one, less a discount.
    surface.customer("doubles")
    doubles = {"customer_id": "doubles", "subscription": "doubles"}
    surface.item("2025-02-01", "2025-03-01", **doubles)
    surface.item("2025-03-01", quantity=2, forever_discount=10, **doubles)
    # Units come with a new price, and with a new plan.
    surface.item("2025-02-01", "2025-03-01", 100, quantity=2, subscription="grows")
    surface.item("2025-03-01", "2025-04-01", 180, quantity=3, subscription="grows")
    surface.item("2025-04-01", amount=280, quantity=4, plan="pro", subscription="grows")
    # Of three subscriptions that end on a day two are ended by the customer.
    surface.customer("both")
    for name, plan, is_voluntary in (
        ("willing", "basic", True),
        ("unwilling", "basic", False),
        ("too", "pro", True),
    ):
        both = {"customer_id": "both", "plan": plan, "is_voluntary_cancel": is_voluntary}
        surface.item("2025-02-01", "2025-03-01", subscription=name, **both)
    # Pays the same for two plans.
    surface.customer("equal")
    for plan in ("basic", "pro"):
        surface.item("2025-02-01", customer_id="equal", subscription=plan, plan=plan)
    # Has nothing, then something free, then pays again.
    surface.customer("free")
    free = {"customer_id": "free", "subscription": "free"}
    surface.item("2025-02-01", "2025-03-01", **free)
    surface.item("2025-04-01", "2025-05-01", 0, **free)
    surface.item("2025-05-01", **free)
    # Keeps something free after it paid; and one that keeps nothing, for its item is paused.
    for name, kept in (("keeps", {"amount": 0}), ("rests", {"status": "paused"})):
        surface.customer(name)
        surface.item("2025-02-01", "2025-03-01", customer_id=name, subscription=name)
        surface.item("2025-03-01", customer_id=name, subscription=name, **kept)
    # Two debts, with nothing between them.
    surface.customer("owes")
    for start, end in (("2025-02-01", "2025-02-05"), ("2025-02-10", "2025-03-10")):
        surface.item(start, end, subscription="owes", customer_id="owes", status="past_due")
    # Paid seven days after the trial's start to the second, and once more.
    surface.customer("tried")
    trial = {"customer_id": "tried", "subscription_id": "tried"}
    surface.trial("2025-03-01", "2025-03-15", source_table="trials", source_row_id="1", **trial)
    for paid in ("2025-03-08", "2025-05-08"):
        surface.line("recurring", 50, "2025-03-01", "2025-04-01", paid_at=at(paid), **trial)
    return surface


def bills() -> SurfaceRows:
    """Bills that follow each other: usage, tax on a discounted price, refunds within a refund."""
    surface = SurfaceRows()
    for name in ("used", "taxed", "refunded", "partly"):
        surface.item("2025-01-01", subscription=name)
    for month in range(1, 6):
        first, last = f"2025-{month:02}-01", f"2025-{month + 1:02}-01"
        surface.line("usage", 10 * month * month, first, last, subscription_id="used")
    taxed = {"discount": 50, "tax": Decimal("9.5"), "subscription_id": "taxed"}
    surface.line("recurring", 100, "2025-01-01", "2025-02-01", **taxed)
    refunded = {"refunded": 50, "subscription_id": "refunded"}
    for first, last in (
        ("2025-01-10", "2025-05-10"),
        ("2025-01-20", "2025-02-01"),
        ("2025-04-01", "2025-04-10"),
    ):
        surface.line("recurring", 50, first, last, **refunded)
    partly = {"refunded": 10, "subscription_id": "partly"}
    surface.line("recurring", 50, "2025-02-01", "2025-03-01", **partly)
    # A customer with the same id elsewhere changes between two of its changes, and ends an item
    # where another with the same id begins.
    surface.customer("acme", tenant_id="elsewhere")
    surface.item("2025-03-01 12:00", "2025-03-01 13:20", subscription="brief")
    surface.item("2025-03-01 12:40", subscription="between", tenant_id="elsewhere")
    surface.item("2025-01-01", "2025-02-01", subscription="shared", tenant_id="elsewhere")
    surface.item("2025-02-01", subscription="shared")
    return surface


def abroad() -> SurfaceRows:
    """Amounts in two currencies, a euro for 1.0837 dollars; and a payment before the signup."""
    surface = SurfaceRows()
    # Another price in another currency.
    surface.customer("moves")
    moves = {"customer_id": "moves", "subscription": "moves"}
    surface.item("2025-02-01", "2025-03-01", 50, **moves)
    surface.item("2025-03-01", amount=70, currency="EUR", **moves)
    # 10 dollars more and 9.50 euros less: less, although 10 is more than 9.50.
    surface.customer("mixed")
    for currency, before, after in (("USD", 50, 60), ("EUR", 50, "40.5")):
        mixed = {"customer_id": "mixed", "subscription": currency, "currency": currency}
        surface.item("2025-02-01", "2025-03-01", before, **mixed)
        surface.item("2025-03-01", amount=after, **mixed)
    surface.customer("early", created_at=at("2025-03-10"))
    early = {"customer_id": "early", "subscription_id": "early"}
    surface.item("2025-03-10", customer_id="early", subscription="early")
    paid = {"paid_at": at("2025-02-10"), **early}
    surface.line("recurring", 50, "2025-03-10", "2025-04-10", **paid)
    return surface


def damages() -> SurfaceRows:
    """Everything an adapter may get wrong, each about a subscription of its own."""
    surface = SurfaceRows()
    for number, damage in enumerate(DAMAGES):
        surface.item("2025-02-01", "2025-05-01", subscription=f"damaged {number}").update(damage)
    surface.item("2025-02-01", "2025-02-01", subscription="nothing")
    surface.item("2025-02-01", quantity=0, subscription="none")
    surface.item("2025-02-01", subscription="overlaps")
    surface.item("2025-03-01", amount=70, subscription="overlaps")
    for amount in (70, 80, 90):
        surface.item("2025-03-01", amount=amount, subscription="copied")
    return surface


def months() -> SurfaceRows:
    """Over a year, customers of many sizes come every month; some leave, shrink and return."""
    surface = SurfaceRows()
    surface.rows.clear()
    for number in range(14):
        start = at("2024-04-03") + timedelta(days=30 * number)
        name = f"c{number}"
        facts = {
            "customer_id": name,
            "subscription": name,
            "plan": "pro" if number % 3 else "basic",
            "currency": "EUR" if number % 5 == 4 else "USD",
        }
        surface.customer(name, parent_customer_id="group" if number % 4 == 0 else None)
        dates = [f"{start + timedelta(days=days):%Y-%m-%d}" for days in (0, 70, 100, 150)]
        amounts = (
            40 + 7 * number,
            0 if number % 4 == 1 else 30 + 11 * number,
            0 if number % 4 == 3 else 35,
        )
        for index, amount in enumerate(amounts):
            end = dates[index + 1] if index < 2 or number % 3 == 0 else None
            if amount:
                surface.item(dates[index], end, amount, **facts)
    for number in range(10):
        surface.customer(f"stays {number}")
        stays = {"customer_id": f"stays {number}", "subscription": f"stays {number}"}
        surface.item("2025-01-01", amount=200 + number, **stays)
    return surface
