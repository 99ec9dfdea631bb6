"""What a subscription costs, by its catalog and by what was billed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from .books import Books
from .built import SOURCES, KillbillBuild
from .catalog_xml import Phase, Plan, catalog

MONEY = ("amount", "repeating_discount", "period_unit", "period_count")


def monthly(name: str, price: str = "10", existing: str | None = None, **more: str) -> Plan:
    phases = [Phase("EVERGREEN", "MONTHLY", {"USD": price, **more})]
    return Plan(name, phases, existing=existing)


def books(*catalogs: str) -> Books:
    made = Books()
    made.tenant()
    made.account()
    for xml in catalogs:
        made.catalog(xml)
    return made


def subscribe(
    made: Books, name: str, plan: str, at: str = "2024-02-01T09:00:00", phase: str = "evergreen"
) -> None:
    made.subscription(name)
    made.event(name, "CREATE", at, plan, phase)


def short(moment: object) -> str:
    """A day, with the time if there is one."""
    if not isinstance(moment, datetime):
        return ""
    return f"{moment:%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%m-%d %H:%M}"


def told(
    built: KillbillBuild, made: Books, *columns: str, price_source: str = "auto"
) -> list[tuple[object, ...]]:
    """States in order: the subscription, from, until, and some columns."""
    rows = built.rows(
        made, "int_killbill__priced_states", "subscription_id, valid_from", price_source
    )
    return [
        (
            row["subscription_id"],
            short(row["valid_from"]),
            short(row["valid_to"]),
            *(row[name] for name in columns),
        )
        for row in rows
    ]


def issues(built: KillbillBuild, made: Books) -> list[tuple[str, str | None]]:
    rows = built.rows(made, "int_killbill__price_issues", "issue, source_row_id")
    return [(row["issue"], row["detail"]) for row in rows]


# Versions ------------------------------------------------------------------------------------


def test_who_came_before_a_new_version_keeps_the_price(built: KillbillBuild) -> None:
    made = books(
        catalog(monthly("gold", "10")),
        catalog(monthly("gold", "12"), effective="2024-06-01T00:00:00Z"),
    )
    subscribe(made, "before", "gold")
    subscribe(made, "at", "gold", "2024-06-01T00:00:00")
    # Coming to a plan anew is a change of plan; coming to another phase or quantity is none.
    made.subscription("back")
    for at, plan in (("2024-02-01", "silver"), ("2024-07-01", "gold")):
        made.event("back", "CHANGE" if plan == "gold" else "CREATE", at, plan, "evergreen")
    made.event("before", "QUANTITY_UPDATE", "2024-08-01T00:00:00", quantity=3)
    found = [row for row in told(built, made, "plan_name", "amount") if row[3] == "gold"]
    assert found == [
        ("at", "06-01", "", "gold", 12),
        ("back", "07-01", "", "gold", 12),
        ("before", "02-01 09:00", "08-01", "gold", 10),
        ("before", "08-01", "", "gold", 30),
    ]


def test_a_price_may_change_for_those_who_are_there_at_a_date(built: KillbillBuild) -> None:
    made = books(
        catalog(monthly("gold", "10")),
        catalog(
            monthly("gold", "12", existing="2024-09-01T06:00:00Z"), effective="2024-06-01T00:00:00Z"
        ),
        # It is told of before it is in force: its own date counts then.
        catalog(
            monthly("gold", "13", existing="2024-07-01T00:00:00Z"), effective="2024-11-01T00:00:00Z"
        ),
    )
    subscribe(made, "old", "gold")
    subscribe(made, "new", "gold", "2024-08-01T00:00:00")
    assert told(built, made, "amount") == [
        ("new", "08-01", "11-01", 12),
        ("new", "11-01", "", 13),
        ("old", "02-01 09:00", "09-01 06:00", 10),
        ("old", "09-01 06:00", "11-01", 12),
        ("old", "11-01", "", 13),
    ]


def test_the_newest_version_wins_even_where_an_older_one_came_to_hold_later(
    built: KillbillBuild,
) -> None:
    made = books(
        catalog(monthly("gold", "10")),
        catalog(
            monthly("gold", "12", existing="2024-12-01T00:00:00Z"), effective="2024-03-01T00:00:00Z"
        ),
        catalog(
            monthly("gold", "14", existing="2024-05-01T00:00:00Z"), effective="2024-04-01T00:00:00Z"
        ),
    )
    subscribe(made, "old", "gold")
    assert told(built, made, "amount") == [
        ("old", "02-01 09:00", "05-01", 10),
        ("old", "05-01", "", 14),
    ]


def test_a_retired_plan_is_read_from_the_version_that_has_it(built: KillbillBuild) -> None:
    made = books(
        catalog(monthly("gold", "10")),
        catalog(monthly("silver", "5"), effective="2024-03-01T00:00:00Z"),
        catalog(monthly("silver", "6"), effective="2024-05-01T00:00:00Z"),
    )
    subscribe(made, "kept", "gold", "2024-06-01T00:00:00")
    # Before any version that has it: the newest of those that are in force by then.
    subscribe(made, "early", "silver", "2024-02-01T00:00:00")
    assert told(built, made, "amount") == [
        ("early", "02-01", "05-01", 5),
        ("early", "05-01", "", 6),
        ("kept", "06-01", "", 10),
    ]


def test_before_the_oldest_version_it_counts_as_well(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold"), effective="2024-05-01T00:00:00Z"))
    subscribe(made, "early", "gold")
    assert told(built, made, "amount") == [("early", "02-01 09:00", "", 10)]


def test_tenants_have_catalogs_of_their_own(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10")))
    made.tenant(2)
    made.catalog(catalog(monthly("gold", "99")), tenant=2)
    made.account("other", tenant=2)
    made.override("gold", 5, {0: ("7", None)}, tenant=2)
    made.subscription("theirs", "other", tenant=2)
    made.event("theirs", "CREATE", "2024-02-01T00:00:00", "gold", "evergreen", tenant=2)
    subscribe(made, "ours", "gold")
    subscribe(made, "stray", "gold-5")
    assert told(built, made, "amount", "is_price_unknown") == [
        ("ours", "02-01 09:00", "", 10, False),
        ("stray", "02-01 09:00", "", 0, True),
        ("theirs", "02-01", "", 99, False),
    ]


def test_what_a_server_made_of_a_second_version(built: KillbillBuild) -> None:
    """As Kill Bill 0.22.26 billed it: both versions, an override, and a change there and back."""

    def version(month: str, quarter: str, effective: str, existing: str | None = None) -> str:
        return catalog(
            monthly("pro-monthly", month),
            Plan("pro-annual", [Phase("EVERGREEN", "ANNUAL", {"USD": "480"})]),
            Plan(
                "pro-quarterly",
                [Phase("EVERGREEN", "QUARTERLY", {"USD": quarter})],
                existing=existing,
            ),
            effective=effective,
        )

    first, second = datetime(2023, 1, 1), datetime(2024, 1, 30, 8, 30)
    made = Books()
    made.tenant()
    made.account(time_zone="America/New_York", reference="2024-01-10T08:30:00")
    made.catalog(version("50", "135", "2023-01-01T00:00:00Z"))
    made.catalog(version("60", "165", "2024-01-30T08:30:00Z", "2024-02-29T08:30:00Z"))
    made.override("pro-quarterly", 3, {0: ("120", None)})
    for name, plan, at in (
        ("changed", "pro-monthly", "2024-01-10T08:30:03"),
        ("new", "pro-monthly", "2024-02-19T08:30:01"),
        ("old", "pro-monthly", "2024-01-10T08:30:00"),
        ("quarterly", "pro-quarterly", "2024-01-10T08:30:01"),
        ("special", "pro-quarterly-3", "2024-01-10T08:30:03"),
    ):
        subscribe(made, name, plan, at)
    made.event("changed", "CHANGE", "2024-02-19T08:30:02", "pro-annual", "evergreen")
    made.event("changed", "CHANGE", "2024-02-19T08:30:03", "pro-monthly", "evergreen")

    def bill(name: str, plan: str, start: str, end: str, rate: str, by: datetime) -> str:
        return made.item(name, f"{plan}-evergreen", start, end, rate, catalog_effective_date=by)

    bill("old", "pro-monthly", "2024-01-10", "2024-02-10", "50", first)
    quarter = bill("quarterly", "pro-quarterly", "2024-01-10", "2024-04-10", "135", first)
    special = bill("special", "pro-quarterly-3", "2024-01-10", "2024-04-10", "120", first)
    bill("changed", "pro-monthly", "2024-01-10", "2024-02-10", "50", first)
    month = bill("changed", "pro-monthly", "2024-02-10", "2024-03-10", "50", first)
    # Ten days later the part after the change of price was taken back, before it came.
    made.repair(quarter, "2024-02-29", "2024-04-10")
    made.repair(special, "2024-02-29", "2024-04-10")
    bill("new", "pro-monthly", "2024-02-19", "2024-03-19", "60", second)
    year = bill("changed", "pro-annual", "2024-02-19", "2025-02-10", "480", second)
    made.repair(month, "2024-02-19", "2024-03-10")
    bill("changed", "pro-monthly", "2024-02-19", "2024-03-10", "60", second)
    made.repair(year, "2024-02-19", "2025-02-10")
    bill("quarterly", "pro-quarterly", "2024-02-29", "2024-05-10", "165", second)
    bill("special", "pro-quarterly-3", "2024-02-29", "2024-05-10", "120", second)
    assert told(built, made, "plan_name", "amount", "period_unit", "period_count") == [
        ("changed", "01-10 08:30", "02-19 08:30", "pro-monthly", 50, "month", 1),
        ("changed", "02-19 08:30", "02-19 08:30", "pro-annual", 480, "year", 1),
        ("changed", "02-19 08:30", "", "pro-monthly", 60, "month", 1),
        ("new", "02-19 08:30", "", "pro-monthly", 60, "month", 1),
        ("old", "01-10 08:30", "", "pro-monthly", 50, "month", 1),
        ("quarterly", "01-10 08:30", "02-29 08:30", "pro-quarterly", 135, "month", 3),
        ("quarterly", "02-29 08:30", "", "pro-quarterly", 165, "month", 3),
        ("special", "01-10 08:30", "", "pro-quarterly-3", 120, "month", 3),
    ]
    assert issues(built, made) == []
    for price_source in SOURCES:
        found = told(built, made, "amount", price_source=price_source)
        assert found == told(built, made, "amount")


# Prices of a version ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "unit", "count"),
    [
        ("DAILY", "day", 1),
        ("WEEKLY", "week", 1),
        ("BIWEEKLY", "week", 2),
        ("THIRTY_DAYS", "day", 30),
        ("THIRTY_ONE_DAYS", "day", 31),
        ("SIXTY_DAYS", "day", 60),
        ("NINETY_DAYS", "day", 90),
        ("MONTHLY", "month", 1),
        ("BIMESTRIAL", "month", 2),
        ("QUARTERLY", "month", 3),
        ("TRIANNUAL", "month", 4),
        ("BIANNUAL", "month", 6),
        ("ANNUAL", "year", 1),
        ("SESQUIENNIAL", "month", 18),
        ("BIENNIAL", "year", 2),
        ("TRIENNIAL", "year", 3),
        ("NO_BILLING_PERIOD", "month", 1),
    ],
)
def test_every_billing_period(built: KillbillBuild, name: str, unit: str, count: int) -> None:
    plan = Plan("gold", [Phase("EVERGREEN", name, {"USD": "10"}, usage=True)])
    made = books(catalog(plan))
    subscribe(made, "one", "gold")
    recurs = name != "NO_BILLING_PERIOD"
    assert told(built, made, "amount", "period_unit", "period_count", "charge_kind") == [
        (*("one", "02-01 09:00", ""), 10 * recurs, unit, count, "licensed" if recurs else "metered")
    ]


def test_each_account_is_priced_in_its_own_currency(built: KillbillBuild) -> None:
    made = books(
        catalog(
            monthly("gold", "10", EUR="9"),
            Plan("free", [Phase("EVERGREEN", "MONTHLY", {})]),
        )
    )
    made.account("euro", "EUR")
    made.account("pound", "GBP")
    for name in ("euro", "pound"):
        made.subscription(name, name)
        made.event(name, "CREATE", "2024-02-01", "gold", "evergreen")
        made.subscription(f"{name}_free", name)
        made.event(f"{name}_free", "CREATE", "2024-02-01", "free", "evergreen")
    found = told(built, made, "currency", "amount", "is_price_unknown")
    assert [(row[0], *row[3:]) for row in found] == [
        ("euro", "EUR", 9, False),
        ("euro_free", "EUR", 0, False),
        ("pound", "GBP", 0, True),
        ("pound_free", "GBP", 0, False),
    ]
    assert issues(built, made) == [("price_unknown", None)]


PHASES = Plan(
    "gold",
    [
        Phase("TRIAL", fixed={}, days=30),
        Phase("DISCOUNT", "MONTHLY", {"USD": "6"}, days=60),
        Phase("EVERGREEN", "MONTHLY", {"USD": "10"}),
    ],
)


def phases(made: Books, plan: str = "gold", quantity: int | None = None) -> None:
    subscribe(made, "one", plan, "2024-02-01T00:00:00", "trial")
    made.event("one", "PHASE", "2024-03-02T00:00:00", phase=f"{plan}-discount")
    made.event("one", "PHASE", "2024-05-01T00:00:00", phase=f"{plan}-evergreen")
    if quantity:
        made.event("one", "QUANTITY_UPDATE", "2024-02-01T00:00:00", quantity=quantity)


def test_a_discount_phase_is_a_discount_on_what_follows(built: KillbillBuild) -> None:
    made = books(catalog(PHASES))
    phases(made, quantity=3)
    assert told(built, made, *MONEY) == [
        # The trial costs nothing, which is its status; its price is that of the next phase.
        ("one", "02-01", "03-02", 30, 12, "month", 1),
        ("one", "03-02", "05-01", 30, 12, "month", 1),
        ("one", "05-01", "", 30, 0, "month", 1),
    ]


@pytest.mark.parametrize(
    ("period", "price", "money"),
    [("ANNUAL", "6", (6, 0)), ("MONTHLY", "14", (14, 0)), ("MONTHLY", "10", (10, 0))],
)
def test_a_discount_phase_that_is_none_has_a_price_of_its_own(
    built: KillbillBuild, period: str, price: str, money: tuple[int, int]
) -> None:
    plan = Plan(
        "gold",
        [
            Phase("DISCOUNT", period, {"USD": price}, days=60),
            Phase("EVERGREEN", "MONTHLY", {"USD": "10"}),
        ],
    )
    made = books(catalog(plan))
    subscribe(made, "one", "gold", phase="discount")
    assert told(built, made, "amount", "repeating_discount") == [
        ("one", "02-01 09:00", "04-01 09:00", *money),
        ("one", "04-01 09:00", "", 10, 0),
    ]


def test_a_term_at_a_fixed_price_recurs_with_nothing(built: KillbillBuild) -> None:
    plan = Plan(
        "term",
        [
            Phase("FIXEDTERM", fixed={"USD": "100"}, days=365),
            Phase("EVERGREEN", "MONTHLY", {"USD": "10"}),
        ],
    )
    made = books(catalog(plan))
    subscribe(made, "one", "term", phase="fixedterm")
    assert told(built, made, *MONEY, "charge_kind", "is_price_unknown") == [
        ("one", "02-01 09:00", "01-31 09:00", 0, 0, "month", 1, "licensed", False),
        ("one", "01-31 09:00", "", 10, 0, "month", 1, "licensed", False),
    ]
    assert issues(built, made) == []


def test_usage_alone_is_metered(built: KillbillBuild) -> None:
    made = books(catalog(Plan("calls", [Phase("EVERGREEN", usage=True)])))
    subscribe(made, "one", "calls")
    assert told(built, made, *MONEY, "charge_kind", "is_price_unknown") == [
        ("one", "02-01 09:00", "", 0, 0, "month", 1, "metered", False)
    ]


def test_product_and_category_are_those_of_the_version(built: KillbillBuild) -> None:
    made = books(
        catalog(
            Plan("gold", [Phase("EVERGREEN", "MONTHLY", {"USD": "1"})], product="Seats"),
            products={"Seats": "ADD_ON"},
        )
    )
    subscribe(made, "one", "gold")
    assert told(built, made, "parent_plan", "product", "category", "billing_period") == [
        ("one", "02-01 09:00", "", "gold", "Seats", "ADD_ON", "MONTHLY")
    ]


# Overrides --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["-", ":"])
def test_an_override_is_found_by_its_row(built: KillbillBuild, delimiter: str) -> None:
    made = books(catalog(monthly("standard-monthly", "10"), monthly("standard-monthly-12345", "3")))
    made.override("standard-monthly", 7, {0: ("8", None)})
    subscribe(made, "cheap", f"standard-monthly{delimiter}7")
    # It is named as an override would be, and is a plan.
    subscribe(made, "plain", "standard-monthly-12345")
    assert told(built, made, "plan_name", "parent_plan", "amount") == [
        ("cheap", "02-01 09:00", "", f"standard-monthly{delimiter}7", "standard-monthly", 8),
        ("plain", "02-01 09:00", "", "standard-monthly-12345", "standard-monthly-12345", 3),
    ]


@pytest.mark.parametrize(
    ("override", "discounted", "evergreen"),
    [
        # What is null is inherited, phase by phase.
        ({1: ("5", None)}, (10, 5), (10, 0)),
        ({2: ("20", None)}, (20, 14), (20, 0)),
        ({1: (None, "3"), 2: (None, None)}, (10, 4), (10, 0)),
        ({0: (None, "1"), 1: ("0", None), 2: ("7", None)}, (7, 7), (7, 0)),
    ],
)
def test_an_override_changes_the_prices_that_it_names(
    built: KillbillBuild,
    override: dict[int, tuple[str | None, str | None]],
    discounted: tuple[int, int],
    evergreen: tuple[int, int],
) -> None:
    made = books(catalog(PHASES))
    made.override("gold", 9, override)
    phases(made, "gold-9")
    assert told(built, made, "amount", "repeating_discount") == [
        ("one", "02-01", "03-02", *discounted),
        ("one", "03-02", "05-01", *discounted),
        ("one", "05-01", "", *evergreen),
    ]


def test_an_override_in_another_currency_is_none(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10", EUR="9")))
    made.override("gold", 9, {0: ("8", None)}, currency="EUR")
    subscribe(made, "one", "gold-9")
    assert told(built, made, "amount", "currency") == [("one", "02-01 09:00", "", 10, "USD")]


def test_what_an_override_leaves_is_that_of_the_version(built: KillbillBuild) -> None:
    made = books(
        catalog(monthly("gold", "10")),
        catalog(
            monthly("gold", "12", existing="2024-09-01T00:00:00Z"), effective="2024-06-01T00:00:00Z"
        ),
    )
    made.override("gold", 9, {0: (None, "1")})
    made.override("gold", 10, {0: ("4", None)})
    subscribe(made, "inherits", "gold-9")
    subscribe(made, "own", "gold-10")
    assert told(built, made, "amount") == [
        ("inherits", "02-01 09:00", "09-01", 10),
        ("inherits", "09-01", "", 12),
        ("own", "02-01 09:00", "", 4),
    ]


# What was billed ----------------------------------------------------------------------------------


def months(made: Books, name: str, phase: str, rate: str, *days: str) -> list[str]:
    """An item from each day to the next."""
    return [made.item(name, phase, start, end, rate) for start, end in pairwise(days)]


def test_an_invoice_that_says_another_price_counts_while_it_lasts(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10")))
    subscribe(made, "one", "gold")
    months(made, "one", "gold-evergreen", "10", "2024-02-01", "2024-03-01")
    months(made, "one", "gold-evergreen", "8.5", "2024-03-01", "2024-04-01", "2024-05-01")
    facts = ("amount", "catalog_amount", "invoiced_amount", "history_source")
    half = Decimal("8.5")
    assert told(built, made, *facts) == [
        ("one", "02-01 09:00", "03-01", 10, 10, 10, "events"),
        ("one", "03-01", "05-01", half, 10, half, "invoices"),
        ("one", "05-01", "", 10, 10, None, "events"),
    ]
    by_catalog = told(built, made, *facts, price_source="catalog")
    assert [row[3] for row in by_catalog] == [10] * len(by_catalog)
    # Where there is an invoice it counts, and goes on until there is another.
    assert told(built, made, *facts[:1], price_source="invoice") == [
        ("one", "02-01 09:00", "03-01", 10),
        ("one", "03-01", "", half),
    ]
    assert issues(built, made) == [
        (
            "price_differs",
            "The catalog says 10 USD for 1 month, and invoices bill 8.5 USD for 1 month.",
        )
    ]


def test_a_cent_is_no_difference(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10")))
    subscribe(made, "one", "gold")
    months(made, "one", "gold-evergreen", "10.01", "2024-02-01", "2024-03-01")
    assert issues(built, made) == []


def test_a_billed_discount_is_a_discount(built: KillbillBuild) -> None:
    made = books(catalog(PHASES))
    phases(made)
    months(made, "one", "gold-discount", "5", "2024-03-02", "2024-04-02", "2024-05-01")
    months(made, "one", "gold-evergreen", "10", "2024-05-01", "2024-06-01")
    assert told(built, made, "amount", "repeating_discount") == [
        ("one", "02-01", "03-02", 10, 4),
        ("one", "03-02", "05-01", 10, 5),
        ("one", "05-01", "", 10, 0),
    ]


def test_what_was_taken_back_is_not_billed(built: KillbillBuild) -> None:
    """The part before and after a pause is; that between is what the catalog says."""
    made = books(catalog(monthly("gold", "10")))
    subscribe(made, "one", "gold")
    (item,) = months(made, "one", "gold-evergreen", "8", "2024-02-01", "2024-03-01")
    made.repair(item, "2024-02-10", "2024-02-12")
    made.repair(item, "2024-02-12", "2024-02-15")
    # A repair on an invoice that was withdrawn takes nothing back; goodwill changes no price.
    made.repair(item, "2024-02-20", "2024-02-25", invoice_id=made.invoice(status="VOID"))
    made.repair(item, "2024-02-20", "2024-02-25", type="ITEM_ADJ")
    assert told(built, made, "amount") == [
        ("one", "02-01 09:00", "02-10", 8),
        ("one", "02-10", "02-15", 10),
        ("one", "02-15", "03-01", 8),
        ("one", "03-01", "", 10),
    ]


@pytest.mark.parametrize(
    "invoice",
    [{"status": "DRAFT"}, {"status": "VOID"}, {"migrated": True}, {"parent_invoice": True}],
)
def test_only_invoices_that_bill_count(built: KillbillBuild, invoice: dict[str, Any]) -> None:
    made = books(catalog(monthly("gold", "10")))
    subscribe(made, "one", "gold")
    made.item(
        "one", "gold-evergreen", "2024-02-01", "2024-03-01", "8", invoice=made.invoice(**invoice)
    )
    assert told(built, made, "amount") == [("one", "02-01 09:00", "", 10)]


def test_items_are_matched_by_days_of_the_account(built: KillbillBuild) -> None:
    """Three are three from the day on which they were asked for, and from that instant."""
    made = Books()
    made.tenant()
    # In winter five hours behind, and so all the year.
    made.account(time_zone="America/New_York", reference="2024-01-15T20:00:00")
    subscribe(made, "one", "gold", "2024-06-02T01:00:00")
    made.event("one", "QUANTITY_UPDATE", "2024-06-21T04:30:00", quantity=3)
    (item,) = months(made, "one", "gold-evergreen", "10", "2024-06-01", "2024-07-01")
    made.repair(item, "2024-06-20", "2024-07-01")
    months(made, "one", "gold-evergreen", "30", "2024-06-20", "2024-07-01")
    months(made, "one", "gold-evergreen", "36", "2024-07-01", "2024-08-01")
    assert told(built, made, "amount") == [
        ("one", "06-02 01:00", "06-21 04:30", 10),
        ("one", "06-21 04:30", "07-01", 30),
        # An item has a date, which is the same day everywhere.
        ("one", "07-01", "", 36),
    ]


def test_a_change_on_the_day_it_began_leaves_the_first_price_to_the_catalog(
    built: KillbillBuild,
) -> None:
    made = books(catalog(monthly("gold", "10"), monthly("silver", "5")))
    subscribe(made, "one", "gold", "2024-02-01T09:00:00")
    made.event("one", "CHANGE", "2024-02-01T15:00:00", "silver", "evergreen")
    (item,) = months(made, "one", "gold-evergreen", "10", "2024-02-01", "2024-03-01")
    made.repair(item, "2024-02-01", "2024-03-01")
    months(made, "one", "silver-evergreen", "4", "2024-02-01", "2024-03-01")
    assert told(built, made, "plan_name", "amount") == [
        ("one", "02-01 09:00", "02-01 15:00", "gold", 10),
        ("one", "02-01 15:00", "03-01", "silver", 4),
        ("one", "03-01", "", "silver", 5),
    ]


@pytest.mark.parametrize("price_source", SOURCES)
def test_an_item_that_is_not_taken_back_yet_says_nothing_of_the_next_plan(
    built: KillbillBuild, price_source: str
) -> None:
    """Nor of the next phase: invoicing may be off, or late."""
    made = books(catalog(monthly("gold", "10"), monthly("silver", "5")))
    subscribe(made, "one", "gold", "2024-02-01T00:00:00")
    months(made, "one", "gold-evergreen", "10", "2024-02-01", "2024-03-01")
    made.event("one", "CHANGE", "2024-02-11T00:00:00", "silver", "evergreen")
    assert told(built, made, "amount", price_source=price_source) == [
        ("one", "02-01", "02-11", 10),
        ("one", "02-11", "", 5),
    ]


def test_the_last_of_two_items_of_one_day_counts(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10")))
    subscribe(made, "one", "gold", "2024-02-01T00:00:00")
    months(made, "one", "gold-evergreen", "8", "2024-02-01", "2024-03-01")
    months(made, "one", "gold-evergreen", "9", "2024-02-10", "2024-02-20")
    assert told(built, made, "amount") == [
        ("one", "02-01", "02-10", 8),
        ("one", "02-10", "02-20", 9),
        ("one", "02-20", "03-01", 8),
        ("one", "03-01", "", 10),
    ]


def test_the_period_of_an_item_is_that_of_the_version_it_names(built: KillbillBuild) -> None:
    """The plan was billed by the month in the first version, and is by the year in the second."""
    yearly = Plan("gold", [Phase("EVERGREEN", "ANNUAL", {"USD": "100"})])
    made = books(catalog(monthly("gold", "10")), catalog(yearly, effective="2024-06-01T00:00:00Z"))
    made.subscription("one")
    made.event("one", "CREATE", "2024-07-01T00:00:00", "gold", "evergreen")
    second = {"catalog_effective_date": datetime(2024, 6, 1)}
    made.item("one", "gold-evergreen", "2024-07-01", "2025-07-01", "90", **second)
    subscribe(made, "two", "gold")
    first = {"catalog_effective_date": datetime(2024, 1, 1)}
    made.item("two", "gold-evergreen", "2024-02-01", "2024-03-01", "9", **first)
    assert told(built, made, "amount", "period_unit") == [
        ("one", "07-01", "07-01", 90, "year"),
        ("one", "07-01", "", 100, "year"),
        ("two", "02-01 09:00", "03-01", 9, "month"),
        ("two", "03-01", "", 10, "month"),
    ]


# Invoices alone ---------------------------------------------------------------------------------


@pytest.mark.parametrize("price_source", SOURCES)
def test_without_a_catalog_items_say_the_price(built: KillbillBuild, price_source: str) -> None:
    made = books()
    subscribe(made, "one", "gold", "2024-02-01T00:00:00", "trial")
    made.event("one", "PHASE", "2024-03-02T00:00:00", phase="gold-evergreen")
    made.event("one", "QUANTITY_UPDATE", "2024-05-02T00:00:00", quantity=2)
    made.event("one", "CANCEL", "2024-07-15T00:00:00")
    months(made, "one", "gold-evergreen", "10", "2024-03-02", "2024-04-02", "2024-05-02")
    months(made, "one", "gold-evergreen", "24", "2024-05-02", "2024-06-02")
    subscribe(made, "unbilled", "gold", "2024-04-01T00:00:00")
    made.event("unbilled", "QUANTITY_UPDATE", "2024-04-01T00:00:00", quantity=3)
    subscribe(made, "stranger", "silver", "2024-04-01T00:00:00")
    facts = ("amount", "period_unit", "history_source", "is_price_unknown")
    assert told(built, made, *facts, price_source=price_source) == [
        # A trial shows what it leads to.
        ("one", "02-01", "03-02", 10, "month", "invoices", False),
        ("one", "03-02", "05-02", 10, "month", "invoices", False),
        # June is not billed yet, and goes on as May.
        ("one", "05-02", "07-15", 24, "month", "invoices", False),
        ("stranger", "04-01", "", 0, "month", "inferred", True),
        # As others pay for one, last.
        ("unbilled", "04-01", "", 36, "month", "inferred", False),
    ]
    assert [name for name, _ in issues(built, made)] == ["period_inferred", "price_unknown"]


def test_a_month_that_was_not_billed_first_is_as_the_next(built: KillbillBuild) -> None:
    made = books()
    subscribe(made, "one", "gold", "2024-02-01T00:00:00")
    made.event("one", "QUANTITY_UPDATE", "2024-03-01T00:00:00", quantity=4)
    months(made, "one", "gold-evergreen", "20", "2024-03-01", "2024-04-01")
    assert told(built, made, "amount") == [
        ("one", "02-01", "03-01", 5),
        ("one", "03-01", "", 20),
    ]


@pytest.mark.parametrize(
    ("days", "unit", "count"),
    [
        (("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"), "month", 1),
        (("2024-07-01", "2024-08-01", "2024-09-01"), "month", 1),
        (("2024-01-15", "2024-04-15", "2024-07-15"), "month", 3),
        (("2023-02-28", "2024-02-28"), "year", 1),
        (("2022-02-28", "2024-02-28"), "year", 2),
        (("2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31"), "day", 30),
        (("2024-02-01", "2024-03-03", "2024-04-03", "2024-05-04"), "day", 31),
        (("2024-01-01", "2024-01-08", "2024-01-15"), "week", 1),
        (("2024-01-01", "2024-01-15", "2024-01-29"), "week", 2),
        (("2024-01-01", "2024-01-02", "2024-01-03"), "day", 1),
        (("2024-01-01", "2024-03-01", "2024-04-30"), "day", 60),
        # One alone that could be both is a month.
        (("2024-04-01", "2024-05-01"), "month", 1),
    ],
)
def test_whole_cycles_tell_the_period(
    built: KillbillBuild, days: Sequence[str], unit: str, count: int
) -> None:
    made = books()
    subscribe(made, "one", "gold", f"{days[0]}T00:00:00")
    months(made, "one", "gold-evergreen", "10", *days)
    # A part of one is none.
    made.item("one", "gold-evergreen", "2023-12-01", "2023-12-05", "10", amount="1.29")
    rows = told(built, made, "period_unit", "period_count")
    assert {row[3:] for row in rows} == {(unit, count)}


def test_a_price_whose_catalog_is_broken_is_what_was_billed(built: KillbillBuild) -> None:
    made = books(catalog(monthly("gold", "10"))[:-9])
    subscribe(made, "one", "gold", "2024-02-01T00:00:00")
    months(made, "one", "gold-evergreen", "8", "2024-02-01", "2024-03-01")
    assert told(built, made, "amount", "catalog_amount") == [("one", "02-01", "", 8, None)]
    assert issues(built, made)[0] == (
        "catalog_not_parsed",
        "The catalog is no well-formed XML.",
    )


def test_an_account_without_a_currency_has_that_of_its_items(built: KillbillBuild) -> None:
    made = Books()
    made.tenant()
    made.account(currency=None)
    subscribe(made, "one", "gold", "2024-02-01T00:00:00")
    months(made, "one", "gold-evergreen", "8", "2024-02-01", "2024-03-01")
    subscribe(made, "none", "silver", "2024-02-01T00:00:00")
    assert told(built, made, "amount", "currency") == [
        ("none", "02-01", "", 0, "XXX"),
        ("one", "02-01", "", 8, "USD"),
    ]
