"""What Stripe billed, as lines: every amount here was worked out by hand.

The same histories are landed by each engine, and in each landing both in the older and in the newer
shape of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from plain_dbt.in_process import UNTESTED, InProcess
from tidemill_cli.demo.stripe.catalog import digits
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.model import Customer
from tidemill_cli.demo.stripe.render import Shape
from tidemill_cli.demo.stripe.schema import Generation, create_schema

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 7, 2, tzinfo=UTC)
SHAPES: tuple[Shape, ...] = ("acacia", "clover")
GENERATIONS = [
    "classic",
    pytest.param("replit", marks=pytest.mark.slow),
    "v1",
    pytest.param("v2", marks=pytest.mark.slow),
]
Row = dict[str, Any]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Books:
    """A simulated Stripe with one customer per case."""

    def __init__(self, seed: int, shape: Shape) -> None:
        self.stripe = StripeEngine(seed=seed, start=START, shape=shape, events=False)
        self.acme = self.stripe.account("Acme")
        self.basic = self.price("Basic", "50")
        self.customers: dict[str, Customer] = {}

    def price(self, name: str, amount: str, **more: Any):  # noqa: ANN201, ANN401 - passed on
        return self.stripe.price(self.stripe.product(self.acme, name), amount, **more)

    def customer(self, name: str, **more: Any) -> Customer:  # noqa: ANN401 - passed on
        made = self.stripe.customer(self.acme, START, name=name, **more)
        self.customers[name] = made
        return made


def two_prices_and_a_trial(books: Books) -> None:
    """The monthly price, seats added in between, the yearly one, and an end: facts by hand."""
    stripe = books.stripe
    month = books.price("Monthly", "20")
    year = books.price("Yearly", "200", interval="year")
    customer = books.customer("tried")
    quarter_off = stripe.coupon(books.acme, "quarter off", percent_off=25)
    subscription = stripe.subscribe(
        customer, month, START, quantity=3, trial_days=14, coupons=[quarter_off]
    )
    stripe.set_quantity(subscription, 5, at("2024-02-01"))
    stripe.change_price(subscription, year, at("2024-03-01"), new_item=True)
    stripe.cancel(subscription, at("2024-06-15"))
    given_up = stripe.subscribe(books.customer("given up"), month, START, trial_days=14)
    stripe.cancel(given_up, at("2024-01-10"))


def refunded(books: Books) -> None:
    stripe = books.stripe
    taxed = books.customer("half back", tax_rate=20)
    fifth_off = stripe.coupon(books.acme, "fifth off", percent_off=20)
    ended = stripe.subscribe(taxed, books.basic, START, coupons=[fifth_off])
    stripe.credit_note(stripe.last_invoice(taxed), at("2024-01-10"), percent=50)
    stripe.cancel(ended, at("2024-01-20"))
    plain = books.customer("plain refund", tax_rate=20)
    ended = stripe.subscribe(plain, books.basic, START)
    stripe.refund(stripe.last_invoice(plain), at("2024-01-10"), percent=50)
    stripe.cancel(ended, at("2024-01-20"))


def credited(books: Books) -> None:
    stripe = books.stripe
    later = books.customer("credited", tax_rate=25)
    stripe.subscribe(later, books.basic, at("2024-05-15"))
    stripe.credit_note(stripe.last_invoice(later), at("2024-05-20"), percent=50, refund=False)
    offset = books.customer("offset", tax_rate=25, pays_after=None)
    ended = stripe.subscribe(offset, books.basic, at("2024-05-15"), days_until_due=60)
    stripe.credit_note(stripe.last_invoice(offset), at("2024-05-20"), percent=50)
    stripe.cancel(ended, at("2024-06-01"))


def balances(books: Books) -> None:
    """Credit of a smaller plan, of a credit note and by hand, used up one after the other."""
    stripe = books.stripe
    small = books.price("Small", "20")
    mixed = books.customer("mixed")
    subscription = stripe.subscribe(mixed, books.basic, START)
    first = stripe.last_invoice(mixed)
    stripe.change_price(subscription, small, at("2024-01-16"), proration_behavior="always_invoice")
    stripe.credit_note(first, at("2024-01-20"), percent=20, refund=False)
    stripe.cancel_at_period_end(subscription, at("2024-03-15"))
    by_hand = books.customer("by hand")
    by_hand.balance = -1000
    ended = stripe.subscribe(by_hand, books.basic, START)
    stripe.cancel(ended, at("2024-01-20"))


def not_recurring(books: Books) -> None:
    stripe = books.stripe
    once = books.customer("once")
    stripe.invoice_item(once, "11", "Setting up", at("2024-01-05"))
    stripe.bill(once, at("2024-01-06"))
    calls = books.price("Calls", "0.5", metered=True)
    used = books.customer("used", tax_rate=20)
    subscription = stripe.subscribe(used, [books.basic, calls], START)
    stripe.use(subscription.items[1], 30, at("2024-01-20"))
    stripe.invoice_item(used, "7", "A visit", at("2024-01-21"))
    stripe.cancel(subscription, at("2024-02-10"))


def not_paid(books: Books) -> None:
    stripe = books.stripe
    for name in ("open", "voided", "given up on"):
        customer = books.customer(name, pays_after=None)
        ended = stripe.subscribe(customer, books.basic, START, days_until_due=30)
        stripe.run_until(at("2024-01-02"))
        if name == "voided":
            stripe.void_invoice(stripe.last_invoice(customer), at("2024-01-05"))
        elif name == "given up on":
            stripe.mark_uncollectible(stripe.last_invoice(customer), at("2024-01-05"))
        stripe.cancel(ended, at("2024-01-20"))
    declined = books.customer("paid later")
    subscription = stripe.subscribe(declined, books.basic, START)
    stripe.fail_payments(declined, at("2024-01-15"))
    stripe.restore_payments(declined, at("2024-02-02"))
    stripe.cancel(subscription, at("2024-02-20"))


def several_items(books: Books) -> None:
    stripe = books.stripe
    extra = books.price("Extra", "25")
    customer = books.customer("all back")
    ended = stripe.subscribe(customer, [books.basic, extra], START)
    stripe.refund(stripe.last_invoice(customer), at("2024-01-03"))
    stripe.cancel(ended, at("2024-01-20"))


def other_currencies(books: Books) -> None:
    stripe = books.stripe
    for currency, amount in (("JPY", "500"), ("KWD", "1.230")):
        price = books.price(currency, amount, currency=currency)
        ended = stripe.subscribe(books.customer(currency), price, START)
        stripe.cancel(ended, at("2024-01-20"))


def not_for_real(books: Books) -> None:
    stripe = books.stripe
    stripe.subscribe(books.customer("a test", livemode=False), books.basic, START)
    told = books.customer("told", country="PT", email="a@example.com", metadata={"tier": "gold"})
    told.name = None
    gone = books.customer("gone")
    stripe.subscribe(gone, books.basic, START)
    stripe.delete_customer(gone, at("2024-01-20"))


CASES = [
    two_prices_and_a_trial,
    refunded,
    credited,
    balances,
    not_recurring,
    not_paid,
    several_items,
    other_currencies,
    not_for_real,
]


@dataclass
class Built:
    """The relations of one landing, by shape and by the name of the case's customer."""

    generation: Generation
    books: dict[Shape, Books]
    customers: list[Row]
    trials: list[Row]
    lines: list[Row]
    issues: list[Row]

    def of(self, rows: list[Row], shape: Shape, name: str) -> list[Row]:
        wanted = self.books[shape].customers[name].id
        return [row for row in rows if row["customer_id"] == wanted]

    def columns(self, shape: Shape, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a customer's lines."""
        return [tuple(row[c] for c in columns) for row in self.of(self.lines, shape, name)]


@pytest.fixture(scope="module", params=GENERATIONS)
def built(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    books = {shape: Books(seed, shape) for seed, shape in enumerate(SHAPES)}
    project = InProcess(new_database(), tmp_path_factory.mktemp("lines"))
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection, generation=request.param)
        for kept in books.values():
            for case in CASES:
                case(kept)
            kept.stripe.run_until(END)
            load(connection, kept.stripe.objects(), generation=request.param)
    project.build(
        *UNTESTED,
        "--select",
        *(f"+stripe__{name}" for name in ("customers", "trials", "invoice_lines", "data_issues")),
        variables={
            "tidemill_as_of": END.isoformat(),
            "tidemill_billing_sources": ["stripe"],
        },
    )
    with psycopg.connect(project.dsn, row_factory=dict_row) as connection:

        def rows(name: str, order: str) -> list[Row]:
            return connection.execute(
                f"select * from tidemill_core.stripe__{name} order by {order}"  # type: ignore[arg-type]
            ).fetchall()

        return Built(
            request.param,
            books,
            rows("customers", "customer_id"),
            rows("trials", "customer_id"),
            rows("invoice_lines", "invoiced_at, service_from, amount"),
            rows("data_issues", "issue, source_row_id"),
        )


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    """The shape of the API in which the rows were landed."""
    shape: Shape = request.param
    return shape


def knows_payments(built: Built, shape: Shape) -> bool:
    """Charges of newer versions do not name their invoice; only classic lands invoice_payments."""
    return shape == "acacia" or built.generation == "classic"


def test_regular_lines_and_prorations_recur(built: Built, shape: Shape) -> None:
    month = ("recurring", "Monthly", "month", 1)
    year = ("recurring", "Yearly", "year", 1)
    january, february, march = at("2024-01-15"), at("2024-02-15"), at("2024-03-15")
    # 3 seats of 20, a quarter off; from February on 5, for 14 of 31 days; then 5 for a year of 200
    # each, and 14 of 29 days given back.
    expected = [
        (*month, START, january, 0, 0),
        (*month, january, february, 60, 15),
        (*month, at("2024-02-01"), february, Decimal("-20.32"), 0),
        (*month, at("2024-02-01"), february, Decimal("33.87"), 0),
        (*month, february, march, 100, 25),
        (*month, at("2024-03-01"), march, Decimal("-36.21"), 0),
        (*year, at("2024-03-01"), at("2025-03-01"), 1000, 250),
    ]
    found = built.columns(
        shape,
        "tried",
        *("kind", "product", "period_unit", "period_count", "service_from", "service_to"),
        *("amount", "discount"),
    )
    assert found == expected
    lines = built.of(built.lines, shape, "tried")
    assert len({line["subscription_id"] for line in lines}) == 1
    assert len({line["line_id"] for line in lines}) == len(lines)
    # A renewal is a draft for an hour.
    assert lines[1]["invoiced_at"] == lines[1]["paid_at"] == at("2024-01-15 01:00")


def test_a_trial_ends_or_is_cancelled(built: Built, shape: Shape) -> None:
    books = built.books[shape]
    month = next(price for price in books.stripe.prices if price.product.name == "Monthly")
    over = at("2024-01-15")
    for name, cancelled_at in (("tried", None), ("given up", at("2024-01-10"))):
        (trial,) = built.of(built.trials, shape, name)
        found = tuple(trial[c] for c in ("plan", "started_at", "ends_at", "cancelled_at"))
        # The first plan, not the yearly one of today.
        assert found == (month.id, START, over, cancelled_at)
    assert {row["customer_id"] for row in built.trials} == {
        kept.customers[name].id for kept in built.books.values() for name in ("tried", "given up")
    }


def test_what_was_given_back_has_neither_tax_nor_coupon(built: Built, shape: Shape) -> None:
    names = ("amount", "discount", "tax", "refunded")
    # Half of 40, and of 8 of tax.
    assert built.columns(shape, "half back", *names) == [(50, 10, 8, 20)]
    known = knows_payments(built, shape)
    assert built.columns(shape, "plain refund", *names) == [(50, 0, 10, 25 if known else 0)]
    assert built.columns(shape, "all back", "amount", "refunded") == [
        (25, 25 if known else 0),
        (50, 50 if known else 0),
    ]


def test_a_refund_that_cannot_be_tied_is_named(built: Built, shape: Shape) -> None:
    expected = set() if knows_payments(built, shape) else {"plain refund", "all back"}
    named = {
        name
        for name in built.books[shape].customers
        for issue in built.of(built.issues, shape, name)
        if (issue["issue"], issue["severity"]) == ("refund_not_tied", "warning")
    }
    assert named == expected


def test_nothing_else_is_wrong(built: Built) -> None:
    # v2 keeps nobody who was deleted.
    missing = {kept.customers["gone"].id for kept in built.books.values()}
    named = {row["customer_id"] for row in built.issues if row["issue"] == "customer_missing"}
    assert named == (missing if built.generation == "v2" else set())
    assert {issue["issue"] for issue in built.issues} <= {"refund_not_tied", "customer_missing"}


def test_a_credit_note_pays_from_the_balance(built: Built, shape: Shape) -> None:
    # Half of 50 and of 12.50 of tax.
    assert built.columns(shape, "credited", "kind", "amount", "tax", "product") == [
        ("recurring", 50, Decimal("12.5"), "Basic"),
        ("recurring", 50, Decimal("12.5"), "Basic"),
        ("credit", -25, Decimal("-6.25"), None),
    ]
    _, paid, credit = built.of(built.lines, shape, "credited")
    assert credit["invoice_id"] == paid["invoice_id"]
    assert credit["paid_at"] == paid["paid_at"] == at("2024-06-15 01:00")
    assert credit["source_table"] == "credit_notes"


def test_a_credit_note_of_an_open_invoice_takes_from_it(built: Built, shape: Shape) -> None:
    assert built.columns(shape, "offset", "kind", "amount", "tax", "refunded", "paid_at") == [
        ("recurring", 50, Decimal("12.5"), 0, None),
        ("credit", -25, Decimal("-6.25"), 0, None),
    ]
    assert len({line["invoice_id"] for line in built.of(built.lines, shape, "offset")}) == 1


def test_what_came_into_the_balance_first_is_taken_first(built: Built, shape: Shape) -> None:
    # 16 of 31 days of 50 given back, less those of 20: 15.49 of credit. Then a note of 10.
    # February takes 15.49 + 4.51, and March what is left of the note.
    credits = [
        (amount, invoiced_at)
        for kind, amount, invoiced_at in built.columns(
            shape, "mixed", "kind", "amount", "invoiced_at"
        )
        if kind == "credit"
    ]
    assert credits == [
        (Decimal("-4.51"), at("2024-02-01 01:00")),
        (Decimal("-5.49"), at("2024-03-01 01:00")),
    ]


def test_credit_given_by_hand_is_no_line(built: Built, shape: Shape) -> None:
    assert built.columns(shape, "by hand", "kind", "amount") == [("recurring", 50)]


def test_usage_and_one_offs_are_told_apart(built: Built, shape: Shape) -> None:
    names = ("kind", "product", "amount", "tax", "service_from", "service_to", "period_unit")
    january = (START, at("2024-02-01"), "month")
    february = (at("2024-02-01"), at("2024-03-01"), "month")
    nothing = (None, None, None)
    assert built.columns(shape, "used", *names) == [
        ("usage", "Calls", 0, 0, *january),
        ("recurring", "Basic", 50, 10, *january),
        # 30 x 0.5, when the month is over
        ("usage", "Calls", 15, 3, *january),
        ("recurring", "Basic", 50, 10, *february),
        ("one_off", None, 7, Decimal("1.4"), *nothing),
    ]
    assert built.columns(shape, "once", *names, "subscription_id") == [
        ("one_off", None, 11, 0, *nothing, None)
    ]


def test_only_invoices_that_stand_are_billed(built: Built, shape: Shape) -> None:
    assert built.columns(shape, "voided", "amount") == []
    assert built.columns(shape, "open", "amount", "paid_at") == [(50, None)]
    assert built.columns(shape, "given up on", "amount", "paid_at") == [(50, None)]


def test_an_invoice_is_paid_when_the_retry_succeeds(built: Built, shape: Shape) -> None:
    # The card was declined on the first, and tried again after three days.
    assert built.columns(shape, "paid later", "invoiced_at", "paid_at") == [
        (START, START),
        (at("2024-02-01 01:00"), at("2024-02-04 01:00")),
    ]


def test_minor_units_are_those_of_the_currency(built: Built, shape: Shape) -> None:
    assert built.columns(shape, "JPY", "currency", "amount") == [("JPY", 500)]
    assert built.columns(shape, "KWD", "currency", "amount") == [("KWD", Decimal("1.23"))]


def test_customers_are_as_stripe_has_them(built: Built, shape: Shape) -> None:
    names = ("name", "country", "is_excluded", "excluded_because", "attributes", "created_at")
    found = {
        name: tuple(row[c] for c in names)
        for name in built.books[shape].customers
        for row in built.of(built.customers, shape, name)
    }
    expected = {
        "told": ("a@example.com", "PT", False, None, {"tier": "gold"}, START),
        "a test": ("a test", "unknown", True, "test mode", {}, START),
        "gone": ("gone", "unknown", False, None, {}, START),
    }
    if built.generation == "v2":
        # Of who was deleted, only the subscription and the invoice speak.
        expected["gone"] = (None, "unknown", False, None, {}, None)
    assert {name: found[name] for name in expected} == expected
    assert len(built.customers) == sum(len(kept.customers) for kept in built.books.values())
    assert built.columns(shape, "gone", "amount") == [(50,)]
    assert built.columns(shape, "a test", "amount") == []


def test_lines_add_up_to_every_real_invoice(built: Built) -> None:
    found: dict[str, Decimal] = {}
    for line in built.lines:
        if line["kind"] != "credit":
            net = line["amount"] - line["discount"] + line["tax"]
            found[line["invoice_id"]] = found.get(line["invoice_id"], Decimal()) + net
    expected = {
        invoice["id"]: Decimal(invoice["total"]).scaleb(-digits(invoice["currency"]))
        for kept in built.books.values()
        for invoice in kept.stripe.objects()["invoices"]
        if invoice["livemode"] and invoice["status"] in ("open", "paid", "uncollectible")
    }
    assert found == expected


def test_what_was_paid_in_money_and_credit_is_what_was_due(built: Built) -> None:
    """Every cent that was paid is a line once, but for credit that was given by hand."""
    for shape, kept in built.books.items():
        for name, customer in kept.customers.items():
            if not customer.livemode or not knows_payments(built, shape):
                continue
            money = sum(invoice.amount_paid for invoice in customer.invoices) - sum(
                refund.amount for refund in customer.refunds
            )
            lines = [line for line in built.of(built.lines, shape, name) if line["paid_at"]]
            billed = sum(
                (
                    (line["amount"] - line["discount"] - line["refunded"])
                    * (1 + Decimal(customer.tax_rate) / 100)
                    for line in lines
                ),
                Decimal(),
            )
            given = {"by hand": Decimal(10)}.get(name, Decimal())
            places = -digits(customer.currency or "usd")
            left = Decimal(-customer.balance).scaleb(places)
            assert billed - given == Decimal(money).scaleb(places) - left, name
