"""What Lago billed, as lines: every amount here was worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tidemill_cli.demo.lago.account import Account
from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine, UsageCharge
from tidemill_cli.demo.lago.load import load
from tidemill_cli.demo.lago.schema import create_schema

from .in_process import UNTESTED, InProcess

START = datetime(2024, 1, 1, tzinfo=UTC)
Line = dict[str, Any]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Books:
    """A simulated Lago with one customer per case, and changes that the simulator cannot make."""

    def __init__(self) -> None:
        self.lago = LagoEngine(seed=1, start=START)
        self.acme = self.lago.organization("Acme")
        self.basic = self.lago.plan(self.acme, "basic", "50")
        self.edits: list[tuple[str, dict[str, Any]]] = []

    def customer(self, name: str, **more: Any) -> Account:  # noqa: ANN401 - passed on
        return self.lago.customer(self.acme, START, external_id=name, **more)

    def edit(self, statement: str, **values: object) -> None:
        self.edits.append((statement, values))

    def copy_fee(self, customer: str, **changes: object) -> None:
        """Write the customer's first fee again with other values."""
        self.edit(
            "insert into fees select (jsonb_populate_record(fees, %(changes)s ||"
            " jsonb_build_object('id', gen_random_uuid()))).* from fees"
            " inner join subscriptions on fees.subscription_id = subscriptions.id"
            " inner join customers on subscriptions.customer_id = customers.id"
            " where customers.external_id = %(customer)s order by fees.created_at, fees.id limit 1",
            customer=customer,
            changes=Jsonb(changes),
        )


def everything_billed(books: Books) -> None:
    """A fee of every type, with a coupon and a tax."""
    lago = books.lago
    plan = lago.plan(
        books.acme,
        "everything",
        "100",
        minimum_commitment="200",
        fixed_charges=[FixedCharge("seats", "10", 2)],
        usage_charges=[UsageCharge("calls", "0.5")],
    )
    customer = books.customer("everything", tax_rate=20, timezone="America/New_York")
    coupon = lago.coupon(books.acme, "tenth", percentage="10")
    lago.apply_coupon(customer, coupon, START)
    subscription = lago.subscribe(customer, plan, at("2024-01-01 05:00"))
    lago.use(subscription, "calls", 30, at("2024-01-20"))


def paid_and_given_back(books: Books) -> None:
    lago = books.lago
    unpaid = books.customer("unpaid", unpaid=1.0)
    lago.subscribe(unpaid, books.basic, START)
    half = books.customer("half back", tax_rate=20)
    lago.apply_coupon(half, lago.coupon(books.acme, "fifth", percentage="20"), START)
    lago.subscribe(half, books.basic, START)
    lago.refund_invoice(lago.last_invoice(half), at("2024-01-10"), percent=50)
    pending = books.customer("refund to come")
    lago.subscribe(pending, books.basic, START)
    lago.refund_invoice(lago.last_invoice(pending), at("2024-01-10"))
    books.edit(
        "update credit_notes set refund_status = 0 from customers"
        " where customers.id = customer_id and customers.external_id = 'refund to come'"
    )
    requested = books.customer("paid on request", unpaid=1.0)
    lago.subscribe(requested, books.basic, START)
    request = "00000000-0000-0000-0000-0000000000aa"
    books.edit(
        "insert into invoices_payment_requests"
        " (invoice_id, payment_request_id, created_at, updated_at, organization_id)"
        " select invoices.id, %(request)s, now(), now(), invoices.organization_id from invoices"
        " inner join customers on customers.id = customer_id"
        " where customers.external_id = 'paid on request'",
        request=request,
    )
    books.edit(
        "update payments set payable_type = 'PaymentRequest', payable_id = %(request)s,"
        " payable_payment_status = 'succeeded', created_at = '2024-03-05' from customers"
        " where customers.id = customer_id and customers.external_id = 'paid on request'",
        request=request,
    )
    books.edit(
        "update invoices set payment_status = 1 from customers"
        " where customers.id = customer_id and customers.external_id = 'paid on request'"
    )


def credited(books: Books) -> None:
    """15 days given back as credit pay the first 15 days of the next plan, all but tax."""
    lago = books.lago
    customer = books.customer("credited", tax_rate=25)
    subscription = lago.subscribe(customer, books.basic, at("2024-06-01"))
    lago.terminate(subscription, at("2024-06-15 12:00"))
    lago.subscribe(customer, lago.plan(books.acme, "other", "80"), at("2024-07-01"))
    offset = books.customer("offset", tax_rate=25, unpaid=1.0)
    ended = lago.subscribe(offset, books.basic, at("2024-06-01"))
    lago.terminate(ended, at("2024-06-15 12:00"))
    books.edit(
        "update credit_notes set offset_amount_cents = credit_amount_cents, credit_amount_cents = 0"
        " from customers where customers.id = customer_id and customers.external_id = 'offset'"
    )


def not_billed_for_real(books: Books) -> None:
    lago = books.lago
    customer = books.customer("voided")
    subscription = lago.subscribe(customer, books.basic, START)
    invoice = lago.last_invoice(customer)
    lago.void_invoice(invoice, at("2024-01-05"))
    lago.regenerate(invoice, at("2024-01-06"))
    lago.terminate(subscription, at("2024-01-31 12:00"))
    wallet = books.customer("wallet")
    lago.terminate(lago.subscribe(wallet, books.basic, START), at("2024-01-31 12:00"))
    books.copy_fee("wallet", fee_type=3, amount_cents=10000)


def instant_fees(books: Books) -> None:
    """One paid, one that waits, one given back; and a one-off."""
    ended = books.lago.subscribe(books.customer("instant"), books.basic, START)
    books.lago.terminate(ended, at("2024-01-31 12:00"))
    outside: dict[str, Any] = {"invoice_id": None, "fee_type": 0, "properties": {}}
    books.copy_fee(
        "instant", **outside, amount_cents=700, payment_status=1, succeeded_at="2024-01-09"
    )
    books.copy_fee("instant", **outside, amount_cents=800, payment_status=0, succeeded_at=None)
    books.copy_fee(
        "instant", **outside, amount_cents=900, payment_status=3, succeeded_at="2024-01-10"
    )
    books.copy_fee("instant", fee_type=1, subscription_id=None, amount_cents=1100)


def progressive(books: Books) -> None:
    """30 of 50 used were invoiced before: the final fee has them in its discount."""
    ended = books.lago.subscribe(books.customer("progressive"), books.basic, START)
    books.lago.terminate(ended, at("2024-01-31 12:00"))
    properties = {
        "charges_from_datetime": "2024-01-01T00:00:00.000Z",
        "charges_to_datetime": "2024-01-31T23:59:59.999999Z",
    }
    usage: dict[str, Any] = {"fee_type": 0, "properties": properties}
    books.copy_fee("progressive", **usage, amount_cents=3000)
    books.copy_fee("progressive", **usage, amount_cents=5000, precise_coupons_amount_cents=3000)


@pytest.fixture(scope="module")
def lines(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Line]]:
    """The lines of each customer, in order of time and amount."""
    books = Books()
    for case in (
        everything_billed,
        paid_and_given_back,
        credited,
        not_billed_for_real,
        instant_fees,
        progressive,
    ):
        case(books)
    books.lago.run_until(at("2024-07-02"))
    project = InProcess(new_database(), tmp_path_factory.mktemp("lines"))
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection)
        load(connection, books.lago.rows)
        for statement, values in books.edits:
            assert connection.execute(statement, values).rowcount > 0, statement  # type: ignore[arg-type]
    project.build(
        *UNTESTED,
        *("--select", "+lago__invoice_lines"),
        variables={"tidemill_as_of": "2024-07-02T00:00:00Z"},
    )
    found: dict[str, list[Line]] = {}
    with psycopg.connect(project.dsn, row_factory=dict_row) as connection:
        for line in connection.execute(
            "select lines.*, customers.external_id from tidemill_core.lago__invoice_lines as lines"
            " inner join customers on lines.customer_id = customers.id::text"
            " order by invoiced_at, kind, amount"
        ):
            found.setdefault(line["external_id"], []).append(line)
    return found


def columns(lines: list[Line], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(line[name] for name in names) for line in lines]


def test_every_fee_is_a_line_of_its_kind_for_the_time_it_covers(
    lines: dict[str, list[Line]],
) -> None:
    first_bills = [line for line in lines["everything"] if line["invoiced_at"] < at("2024-02-03")]
    january = (at("2024-01-01 05:00"), at("2024-02-01 05:00"))
    february = (at("2024-02-01 05:00"), at("2024-03-01 05:00"))
    names = ("kind", "product", "amount", "discount", "tax", "service_from", "service_to")
    # 100 + 2 x 10 + 30 x 0.5 = 135, 65 short of 200; a tenth off, and a fifth of the rest in tax
    expected = [
        ("recurring", "everything", 100, 10, 18, *january),
        ("recurring", "everything", 65, Decimal("6.5"), Decimal("11.7"), *january),
        ("recurring", "everything", 100, 10, 18, *february),
        ("recurring", "seats", 20, 2, Decimal("3.6"), *january),
        ("usage", "calls", 15, Decimal("1.5"), Decimal("2.7"), *january),
    ]
    assert sorted(columns(first_bills, *names)) == sorted(expected)
    for line in first_bills:
        assert (line["plan"], line["period_unit"], line["period_count"]) == (
            "everything",
            "month",
            1,
        )
        assert line["paid_at"] == line["invoiced_at"]
        assert line["refunded"] == 0
    assert len({line["subscription_id"] for line in first_bills}) == 1


def test_an_unpaid_invoice_has_no_time_of_payment(lines: dict[str, list[Line]]) -> None:
    assert {line["paid_at"] for line in lines["unpaid"]} == {None}


def test_what_was_given_back_has_neither_tax_nor_coupon(lines: dict[str, list[Line]]) -> None:
    first = columns(lines["half back"][:1], "amount", "discount", "tax", "refunded")
    assert first == [(50, 10, 8, 20)]


def test_a_refund_counts_when_it_has_succeeded(lines: dict[str, list[Line]]) -> None:
    assert {line["refunded"] for line in lines["refund to come"]} == {0}


def test_a_payment_request_pays_its_invoices(lines: dict[str, list[Line]]) -> None:
    assert {line["paid_at"] for line in lines["paid on request"]} == {at("2024-03-05")}


def test_a_credit_takes_from_the_invoice_it_pays(lines: dict[str, list[Line]]) -> None:
    # 25 and 6.25 of tax are given back of June, and pay some of the 100 that July costs.
    assert columns(lines["credited"], "kind", "amount", "tax", "product") == [
        ("recurring", 50, Decimal("12.5"), "basic"),
        ("credit", -25, Decimal("-6.25"), None),
        ("recurring", 80, 20, "other"),
    ]
    credit, paid = lines["credited"][1:]
    assert credit["invoice_id"] == paid["invoice_id"]
    assert credit["paid_at"] == paid["paid_at"] == at("2024-07-01")


def test_an_offset_takes_from_its_own_invoice(lines: dict[str, list[Line]]) -> None:
    assert columns(lines["offset"], "kind", "amount", "tax", "paid_at") == [
        ("credit", -25, Decimal("-6.25"), None),
        ("recurring", 50, Decimal("12.5"), None),
    ]
    assert len({line["invoice_id"] for line in lines["offset"]}) == 1


def test_a_voided_invoice_and_its_replacement_are_one(lines: dict[str, list[Line]]) -> None:
    assert columns(lines["voided"], "amount", "invoiced_at") == [(50, at("2024-01-06"))]


def test_filling_a_wallet_is_no_line(lines: dict[str, list[Line]]) -> None:
    assert columns(lines["wallet"], "amount") == [(50,)]


def test_an_instant_fee_counts_when_it_is_paid(lines: dict[str, list[Line]]) -> None:
    names = ("kind", "amount", "refunded", "paid_at")
    assert columns(lines["instant"], *names) == [
        ("one_off", 11, 0, START),
        ("recurring", 50, 0, START),
        ("usage", 7, 0, at("2024-01-09")),
        ("usage", 9, 9, at("2024-01-10")),
    ]


def test_usage_billed_progressively_is_billed_once(lines: dict[str, list[Line]]) -> None:
    usage = [line for line in lines["progressive"] if line["kind"] == "usage"]
    assert sum(line["amount"] - line["discount"] for line in usage) == 50
    assert {line["service_to"] for line in usage} == {at("2024-02-01")}
