"""What the simulator bills, worked out by hand."""

import json
from decimal import Decimal

import pytest

from tidemill_cli.demo.stripe.catalog import Price, digits
from tidemill_cli.demo.stripe.engine import Buy, StripeEngine, Tier, Transform
from tidemill_cli.demo.stripe.render import Shape

from .scripts import Doc, amounts, at, day, engine, lines, one, statuses, unix


def monthly(stripe: StripeEngine, amount: str = "30", **options: object) -> Price:
    account = stripe.accounts[0] if stripe.accounts else stripe.account("Acme")
    return stripe.price(stripe.product(account, "Seat"), amount, **options)  # type: ignore[arg-type]


def verified(shape: Shape) -> StripeEngine:
    """A trial, a change of quantity, a swap to a year, and an end: seen in real landings."""
    stripe = engine(shape)
    acme = stripe.account("Acme")
    month = stripe.price(stripe.product(acme, "Monthly"), "20")
    year = stripe.price(stripe.product(acme, "Yearly"), "200", interval="year")
    customer = stripe.customer(acme, at("2025-01-01"))
    quarter_off = stripe.coupon(acme, "quarter off", percent_off=25)
    subscription = stripe.subscribe(
        customer, month, at("2025-01-01"), quantity=3, trial_days=14, coupons=[quarter_off]
    )
    stripe.set_quantity(subscription, 5, at("2025-02-01"))
    stripe.change_price(subscription, year, at("2025-03-01"), new_item=True)
    stripe.cancel_at_period_end(subscription, at("2025-06-15"), feedback="too_expensive")
    stripe.cancel(subscription, at("2025-07-15"))
    stripe.run_until(at("2026-06-01"))
    return stripe


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_the_verified_scenario(shape: Shape) -> None:
    stripe = verified(shape)
    assert lines(stripe) == [
        ("2025-01-01", "2025-01-15", 3, 0, 0),
        ("2025-01-15", "2025-02-15", 3, 6000, 1500),
        ("2025-02-01", "2025-02-15", 3, -2032, 0),
        ("2025-02-01", "2025-02-15", 5, 3387, 0),
        ("2025-02-15", "2025-03-15", 5, 10000, 2500),
        # 7500 x 14 / 28 days.
        ("2025-03-01", "2025-03-15", 5, -3750, 0),
        ("2025-03-01", "2026-03-01", 5, 100000, 25000),
    ]
    subscription = one(stripe, "subscriptions")
    assert subscription["status"] == "canceled"
    assert (day(subscription["canceled_at"]), day(subscription["ended_at"])) == (
        "2025-06-15",
        "2025-07-15",
    )
    assert subscription["cancellation_details"]["feedback"] == "too_expensive"
    items = stripe.objects()["subscription_items"]
    assert [(item["deleted"], item["quantity"]) for item in items] == [(True, 5), (False, 5)]


def test_the_older_shape_has_the_older_paths() -> None:
    stripe = verified("acacia")
    subscription, invoice = one(stripe, "subscriptions"), stripe.objects()["invoices"][1]
    line = invoice["lines"]["data"][0]
    assert day(subscription["current_period_end"]) == "2026-03-01"
    assert subscription["discount"]["coupon"]["percent_off"] == 25
    assert subscription["plan"]["interval"] == "year"
    assert invoice["subscription"] == line["subscription"] == subscription["id"]
    assert (invoice["paid"], line["price"]["unit_amount"], line["proration"]) == (
        True,
        2000,
        False,
    )
    assert not {"parent", "pricing", "taxes"} & line.keys()
    assert "parent" not in invoice


def test_the_newer_shape_has_the_newer_paths() -> None:
    stripe = verified("clover")
    subscription, invoice = one(stripe, "subscriptions"), stripe.objects()["invoices"][2]
    credit = invoice["lines"]["data"][0]
    assert day(subscription["items"]["data"][0]["current_period_end"]) == "2026-03-01"
    assert not {"discount", "plan", "quantity", "current_period_end"} & subscription.keys()
    assert invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
    details = credit["parent"]["subscription_item_details"]
    assert (details["subscription"], details["proration"]) == (subscription["id"], True)
    assert credit["pricing"]["unit_amount_decimal"] == "2000"
    assert not {"subscription", "paid", "tax", "charge", "payment_intent"} & invoice.keys()
    assert not {"price", "plan", "proration", "tax_amounts"} & credit.keys()


def test_both_shapes_say_the_same() -> None:
    older, newer = verified("acacia"), verified("clover")
    assert lines(older) == lines(newer)
    kinds = [(e["type"], e["created"]) for e in older.events()]
    # Only the newer one tells which invoice a charge has paid in an event of its own.
    told = [(e["type"], e["created"]) for e in newer.events()]
    assert [each for each in told if each[0] != "invoice_payment.paid"] == kinds
    assert len(told) > len(kinds)
    assert {e["api_version"] for e in newer.events()} == {"2025-09-30.clover"}


def test_payloads_turn_to_the_newer_shape_at_an_instant() -> None:
    stripe = engine(clover_from=at("2025-02-10"))
    customer = stripe.customer(stripe.account("Acme"), at("2025-01-05"))
    stripe.subscribe(customer, monthly(stripe), at("2025-01-05"))
    stripe.run_until(at("2025-03-01"))
    assert ["parent" in invoice for invoice in stripe.objects()["invoices"]] == [False, False]
    stripe.run_until(at("2025-03-06"))
    assert ["parent" in i for i in stripe.objects()["invoices"]] == [False, False, True]
    assert "current_period_end" not in one(stripe, "subscriptions")


def test_what_is_charged_at_once_is_not_billed_later() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-01"))
    subscription = stripe.subscribe(customer, monthly(stripe), at("2024-04-01"))
    # April has 30 days: half of it is left.
    stripe.set_quantity(subscription, 3, at("2024-04-16"), proration_behavior="always_invoice")
    stripe.run_until(at("2024-05-02"))
    assert amounts(customer) == [
        ("2024-04-01", "subscription_create", 3000, "paid"),
        ("2024-04-16", "subscription_update", -1500 + 4500, "paid"),
        ("2024-05-01", "subscription_cycle", 9000, "paid"),
    ]


def test_nothing_is_prorated_when_asked_so() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-01"))
    subscription = stripe.subscribe(customer, monthly(stripe), at("2024-04-01"))
    stripe.set_quantity(subscription, 3, at("2024-04-16"), proration_behavior="none")
    stripe.run_until(at("2024-05-02"))
    assert [line[2:4] for line in lines(stripe)] == [(1, 3000), (3, 9000)]


def test_a_credit_beyond_the_invoice_becomes_the_balance_and_pays_later() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-01"))
    dear, cheap = monthly(stripe, "100"), monthly(stripe, "10")
    subscription = stripe.subscribe(customer, dear, at("2024-04-01"))
    stripe.change_price(subscription, cheap, at("2024-04-16"), proration_behavior="always_invoice")
    stripe.run_until(at("2024-04-20"))
    assert customer.invoices[-1].total == -5000 + 500
    assert (customer.balance, customer.invoices[-1].status) == (-4500, "paid")
    stripe.run_until(at("2024-06-02"))
    june = stripe.objects()["invoices"][-1]
    assert (june["starting_balance"], june["ending_balance"]) == (-3500, -2500)
    assert (june["total"], june["amount_due"], june["amount_paid"]) == (1000, 0, 0)


def test_an_added_item_is_billed_for_the_rest_and_a_removed_one_given_back() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-01"))
    base, extra = monthly(stripe, "30"), monthly(stripe, "60")
    subscription = stripe.subscribe(customer, base, at("2024-04-01"))
    item = stripe.add_item(subscription, extra, at("2024-04-11"), quantity=2)
    stripe.remove_item(item, at("2024-04-21"))
    stripe.run_until(at("2024-05-02"))
    assert lines(stripe)[1:] == [
        ("2024-04-11", "2024-05-01", 2, 8000, 0),
        ("2024-04-21", "2024-05-01", 2, -4000, 0),
        ("2024-05-01", "2024-06-01", 1, 3000, 0),
    ]


def test_from_free_to_paid_the_cycle_begins_anew() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-01"))
    subscription = stripe.subscribe(customer, monthly(stripe, "0"), at("2024-04-01"))
    stripe.change_price(subscription, monthly(stripe, "30"), at("2024-04-11"))
    assert lines(stripe) == [
        ("2024-04-01", "2024-05-01", 1, 0, 0),
        ("2024-04-11", "2024-05-11", 1, 3000, 0),
    ]


def test_items_of_two_intervals_need_a_flexible_subscription() -> None:
    stripe = engine("clover")
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-31"))
    month = monthly(stripe, "10")
    year = stripe.price(stripe.product(acme, "Year"), "100", interval="year")
    with pytest.raises(ValueError, match="flexible"):
        stripe.subscribe(customer, [month, year], at("2024-01-31"))
    stripe.subscribe(customer, [month, year], at("2024-01-31"), flexible=True)
    stripe.run_until(at("2024-04-01"))
    # The last day of a month stays the last day.
    assert lines(stripe) == [
        ("2024-01-31", "2024-02-29", 1, 1000, 0),
        ("2024-01-31", "2025-01-31", 1, 10000, 0),
        ("2024-02-29", "2024-03-31", 1, 1000, 0),
        ("2024-03-31", "2024-04-30", 1, 1000, 0),
    ]


@pytest.mark.parametrize(
    ("interval", "count", "second"),
    [("day", 10, "2024-01-11"), ("week", 2, "2024-01-15"), ("month", 3, "2024-04-01")],
)
def test_periods_of_any_interval(interval: str, count: int, second: str) -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    price = monthly(stripe, "5", interval=interval, count=count)
    stripe.subscribe(customer, price, at("2024-01-01"))
    stripe.run_until(at(second))
    assert [line[0] for line in lines(stripe)] == ["2024-01-01", second]


def test_a_start_in_the_past_is_billed_in_part_and_from_now_on() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-05-16"))
    stripe.subscribe(
        customer, monthly(stripe, "31"), at("2024-05-16"), backdate_to=at("2024-04-01")
    )
    # April whole, and 15 of the 31 days of May.
    assert lines(stripe) == [
        ("2024-04-01", "2024-05-16", 1, 3100 + 1500, 0),
        ("2024-05-16", "2024-06-16", 1, 3100, 0),
    ]
    assert day(one(stripe, "subscriptions")["start_date"]) == "2024-04-01"


def test_a_later_anchor_cuts_the_first_period_short() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-04-21"))
    stripe.subscribe(customer, monthly(stripe), at("2024-04-21"), anchor=at("2024-05-01"))
    stripe.run_until(at("2024-05-01"))
    assert lines(stripe) == [
        ("2024-04-21", "2024-05-01", 1, 1000, 0),
        ("2024-05-01", "2024-06-01", 1, 3000, 0),
    ]


# Coupons


def discounted(stripe: StripeEngine) -> list[int]:
    return [line[4] for line in lines(stripe)]


def test_a_coupon_for_one_invoice_waits_for_money_and_is_gone() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"))
    once = stripe.coupon(acme, "once", percent_off=50, duration="once")
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"), trial_days=7, coupons=[once])
    assert one(stripe, "subscriptions")["discount"]["coupon"]["duration"] == "once"
    stripe.run_until(at("2024-03-01"))
    assert discounted(stripe) == [0, 1500, 0]
    assert one(stripe, "subscriptions")["discount"] is None


def test_a_repeating_coupon_ends_after_its_months() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-31"))
    coupon = stripe.coupon(acme, "three", percent_off="12.5", duration="repeating", months=3)
    stripe.subscribe(customer, monthly(stripe), at("2024-01-31"), coupons=[coupon])
    stripe.run_until(at("2024-06-01"))
    assert discounted(stripe) == [375, 375, 375, 0, 0]


def test_an_amount_off_is_spread_over_the_lines_in_proportion() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"))
    prices = [Buy(monthly(stripe, amount)) for amount in ("10", "20", "0.01")]
    coupon = stripe.coupon(acme, "ten", amount_off="10")
    stripe.subscribe(customer, prices, at("2024-01-01"), coupons=[coupon])
    # 1000 x 1000 / 3001 = 333.2; together with the next 1000 x 3000 / 3001 = 999.7.
    assert discounted(stripe) == [333, 667, 0]


def test_an_amount_off_never_takes_more_than_there_is() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"))
    coupon = stripe.coupon(acme, "much", amount_off="100")
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"), coupons=[coupon])
    assert discounted(stripe) == [3000]
    assert customer.invoices[0].status == "paid"


def test_stacked_coupons_apply_one_after_the_other() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"))
    tenth, half = (
        stripe.coupon(acme, name, percent_off=off) for name, off in (("tenth", 10), ("half", 50))
    )
    first, second = monthly(stripe, "30"), monthly(stripe, "10")
    stripe.subscribe(
        customer,
        [Buy(first, 1, (half,)), Buy(second)],
        at("2024-01-01"),
        coupons=[tenth],
    )
    rendered = one(stripe, "invoices")["lines"]["data"]
    assert [[d["amount"] for d in line["discount_amounts"]] for line in rendered] == [
        [1500, 150],
        [100],
    ]


def test_a_customers_coupon_counts_where_the_subscription_has_none() -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"))
    held = stripe.apply_coupon(customer, stripe.coupon(acme, "c", percent_off=10), at("2024-01-01"))
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"))
    assert one(stripe, "customers")["discount"]["id"] == held.id
    stripe.remove_discount(customer, held, at("2024-01-10"))
    stripe.run_until(at("2024-02-02"))
    assert discounted(stripe) == [300, 0]


def test_an_itemising_subscription_shows_what_prorations_bear() -> None:
    stripe = engine("clover")
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-04-01"))
    coupon = stripe.coupon(acme, "half", percent_off=50)
    subscription = stripe.subscribe(
        customer,
        monthly(stripe),
        at("2024-04-01"),
        coupons=[coupon],
        flexible=True,
        itemize_prorations=True,
    )
    stripe.set_quantity(subscription, 2, at("2024-04-16"))
    stripe.run_until(at("2024-05-01"))
    assert lines(stripe)[1:3] == [
        ("2024-04-16", "2024-05-01", 1, -1500, -750),
        ("2024-04-16", "2024-05-01", 2, 3000, 1500),
    ]


# Prices


@pytest.mark.parametrize(
    ("quantity", "graduated", "volume"),
    [(0, 500, 500), (10, 1500, 1500), (11, 1550 + 200, 550 + 200), (20, 2200, 1200)],
)
def test_tiers(quantity: int, graduated: int, volume: int) -> None:
    stripe = engine()
    tiers = [Tier(10, "1", "5"), Tier(None, "0.5", "2")]
    by_mode = {
        mode: monthly(stripe, tiers=tiers, tiers_mode=mode) for mode in ("graduated", "volume")
    }
    assert by_mode["graduated"].amount(quantity, "usd") == graduated
    assert by_mode["volume"].amount(quantity, "usd") == volume
    (first, _) = stripe.objects()["prices"]
    assert (first["unit_amount"], first["unit_amount_decimal"]) == (None, None)
    assert "tiers" not in first


def test_packages_are_rounded_before_they_are_priced() -> None:
    stripe = engine()
    up, down = (
        monthly(stripe, "7", transform=Transform(5, way))  # type: ignore[arg-type]
        for way in ("up", "down")
    )
    assert [up.amount(quantity, "usd") for quantity in (5, 6)] == [700, 1400]
    assert [down.amount(quantity, "usd") for quantity in (4, 6)] == [0, 700]


def test_fractions_of_a_cent_are_rounded_on_the_line() -> None:
    stripe = engine()
    price = monthly(stripe, "0.00125")
    rendered = one(stripe, "prices")
    assert (rendered["unit_amount"], rendered["unit_amount_decimal"]) == (None, "0.125")
    assert [price.amount(quantity, "usd") for quantity in (3, 4)] == [0, 1]


@pytest.mark.parametrize(
    ("currency", "amount", "unit_amount"),
    [("JPY", "4000", 4000), ("KWD", "1.25", 1250), ("ISK", "5", 500), ("EUR", "9.99", 999)],
)
def test_amounts_are_in_the_units_of_the_api(currency: str, amount: str, unit_amount: int) -> None:
    stripe = engine()
    monthly(stripe, amount, currency=currency)
    assert one(stripe, "prices")["unit_amount"] == unit_amount
    assert Decimal(unit_amount).scaleb(-digits(currency.lower())) == Decimal(amount)


def test_a_price_may_have_other_currencies() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    price = monthly(stripe, "10", currency_options={"EUR": "9"})
    stripe.subscribe(customer, price, at("2024-01-01"), currency="EUR")
    invoice = one(stripe, "invoices")
    assert (invoice["currency"], invoice["total"]) == ("eur", 900)
    assert one(stripe, "prices")["currency"] == "usd"


def test_a_new_price_takes_the_lookup_key_and_leaves_the_old_subscribers() -> None:
    stripe = engine()
    old = monthly(stripe, "10", lookup_key="basic", nickname="basic")
    customer = stripe.customer(stripe.accounts[0], at("2024-01-01"))
    stripe.subscribe(customer, old, at("2024-01-01"))
    stripe.price(old.product, "12", replaces=old, nickname="basic", at=at("2024-01-15"))
    stripe.run_until(at("2024-02-02"))
    assert [
        (p["unit_amount"], p["lookup_key"], p["active"]) for p in stripe.objects()["prices"]
    ] == [
        (1000, None, False),
        (1200, "basic", True),
    ]
    assert [line[3] for line in lines(stripe)] == [1000, 1000]


def test_usage_is_billed_when_the_period_is_over() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    calls = monthly(stripe, "0.002", metered=True)
    subscription = stripe.subscribe(
        customer, [monthly(stripe), calls], at("2024-01-01"), trial_days=5
    )
    item = subscription.items[1]
    stripe.use(item, 4000, at("2024-01-02"))
    stripe.use(item, 1000, at("2024-01-20"))
    stripe.use(item, 500, at("2024-02-06"))
    stripe.run_until(at("2024-02-06 02:00:00"))
    # What was used in the trial is free.
    usage = [line for line in lines(stripe) if line[2] != 1]
    assert usage == [
        ("2024-01-01", "2024-01-06", 0, 0, 0),
        ("2024-01-01", "2024-01-06", 0, 0, 0),
        ("2024-01-06", "2024-02-06", 1000, 200, 0),
    ]
    rendered = one(stripe, "subscriptions")["items"]["data"][1]
    assert "quantity" not in rendered
    assert rendered["price"]["recurring"]["usage_type"] == "metered"


# Tax, one-off items, corrections


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_tax_comes_on_top_of_what_is_left_after_discounts(shape: Shape) -> None:
    stripe = engine(shape)
    acme = stripe.account("Acme")
    customer = stripe.customer(acme, at("2024-01-01"), "DE", tax_rate=19)
    coupon = stripe.coupon(acme, "tenth", percent_off=10)
    stripe.subscribe(customer, monthly(stripe, "100"), at("2024-01-01"), coupons=[coupon])
    invoice = one(stripe, "invoices")
    line: Doc = invoice["lines"]["data"][0]
    assert (invoice["subtotal"], invoice["total"], invoice["total_excluding_tax"]) == (
        10000,
        9000 + 1710,
        9000,
    )
    (tax,) = line["tax_amounts" if shape == "acacia" else "taxes"]
    assert (tax["amount"], tax["taxable_amount"]) == (1710, 9000)


def test_a_one_off_item_comes_with_the_next_invoice() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"))
    stripe.invoice_item(customer, "99", "Onboarding", at("2024-01-10"))
    stripe.run_until(at("2024-02-02"))
    stripe.invoice_item(customer, "50", "Training", at("2024-02-10"))
    stripe.bill(customer, at("2024-02-11"))
    assert [invoice["total"] for invoice in stripe.objects()["invoices"]] == [3000, 12900, 5000]
    line = stripe.objects()["invoices"][1]["lines"]["data"][0]
    assert (line["type"], line["subscription"], line["proration"]) == ("invoiceitem", None, False)


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_a_credit_note_gives_back_with_tax(shape: Shape) -> None:
    stripe = engine(shape)
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"), "GB", tax_rate=20)
    stripe.subscribe(customer, monthly(stripe, "100"), at("2024-01-01"))
    stripe.credit_note(stripe.last_invoice(customer), at("2024-01-05"), percent=50)
    note = one(stripe, "credit_notes")
    refund, charge = one(stripe, "refunds"), one(stripe, "charges")
    assert (note["total"], note["subtotal"], note["type"]) == (6000, 5000, "post_payment")
    assert (refund["amount"], charge["amount_refunded"], charge["refunded"]) == (6000, 6000, False)
    named = note["refund"] if shape == "acacia" else note["refunds"][0]["refund"]
    assert named == refund["id"]
    assert ("invoice" in charge) is (shape == "acacia")


def test_a_credit_note_of_an_open_invoice_makes_less_due() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"), pays_after=20)
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"), days_until_due=30)
    stripe.credit_note(stripe.last_invoice(customer), at("2024-01-05"), percent=50)
    stripe.run_until(at("2024-01-25"))
    invoice = one(stripe, "invoices")
    assert (invoice["total"], invoice["amount_due"], invoice["amount_paid"]) == (3000, 1500, 1500)
    assert day(invoice["status_transitions"]["paid_at"]) == "2024-01-21"


def test_no_more_is_refunded_than_was_paid() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"))
    invoice = stripe.last_invoice(customer)
    stripe.refund(invoice, at("2024-01-05"), percent=60)
    with pytest.raises(ValueError, match="no more can be given back"):
        stripe.refund(invoice, at("2024-01-06"), percent=60)


def test_a_paid_invoice_cannot_be_voided() -> None:
    stripe = engine()
    customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
    stripe.subscribe(customer, monthly(stripe), at("2024-01-01"))
    with pytest.raises(ValueError, match="cannot be voided"):
        stripe.void_invoice(stripe.last_invoice(customer), at("2024-01-05"))


# Events


def test_events_folded_give_the_objects() -> None:
    stripe = verified("acacia")
    last: dict[str, Doc] = {}
    for event in stripe.events():
        told = event["data"]["object"]
        # A plan and its price have one id.
        last[told["object"] + told["id"]] = told
    objects = stripe.objects()
    for table in ("customers", "subscriptions", "invoices", "charges", "prices", "plans"):
        for found in objects[table]:
            doc = {key: value for key, value in found.items() if key[0] != "_"}
            assert doc == last[doc["object"] + doc["id"]], table


def test_an_update_says_what_was_before() -> None:
    stripe = verified("acacia")
    updates = [e for e in stripe.events() if e["type"] == "customer.subscription.updated"]
    (change,) = [e for e in updates if e["created"] == unix("2025-02-01")]
    previous = change["data"]["previous_attributes"]
    assert previous["items"]["data"][0]["quantity"] == 3
    assert previous["quantity"] == 3
    assert set(previous) == {"items", "quantity"}
    (request,) = [e for e in updates if e["created"] == unix("2025-06-15")]
    assert request["data"]["previous_attributes"]["cancel_at_period_end"] is False
    end = stripe.events()[-1]
    assert (end["type"], day(end["created"])) == ("customer.subscription.deleted", "2025-07-15")


def test_the_same_script_gives_the_same_objects() -> None:
    one_run, another = verified("acacia"), verified("acacia")
    assert json.dumps(one_run.objects()) == json.dumps(another.objects())
    assert json.dumps(one_run.events()) == json.dumps(another.events())


def test_without_events_the_objects_are_the_same() -> None:
    quiet = engine(events=False)
    loud = engine()
    for stripe in (quiet, loud):
        customer = stripe.customer(stripe.account("Acme"), at("2024-01-01"))
        stripe.subscribe(customer, monthly(stripe), at("2024-01-01"))
        stripe.run_until(at("2024-03-01"))
    assert quiet.objects() == loud.objects()
    assert quiet.events() == []


def test_statuses_are_told_as_they_change() -> None:
    stripe = verified("clover")
    subscription = stripe.customers[0].subscriptions[0]
    assert statuses(stripe, subscription) == [
        ("2025-01-01", "trialing"),
        ("2025-01-15", "active"),
        ("2025-07-15", "canceled"),
    ]
