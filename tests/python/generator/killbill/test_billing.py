"""What is billed when: expectations by hand, at 31 a month where a month has 31 days."""

from decimal import Decimal

import pytest

from tidemill_cli.demo.killbill.plans import plan

from .scripts import at, bills, engine, items


def test_a_plan_is_billed_in_advance_each_month() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.run_until(at("2024-02-15"))
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-02-10", "31.00"),
        ("RECURRING", "2024-02-10", "2024-03-10", "31.00"),
    ]
    assert account.row["billing_cycle_day_local"] == 10
    assert bills(account) == [
        ("2024-01-10", "COMMITTED", Decimal(0)),
        ("2024-02-10", "COMMITTED", Decimal(0)),
    ]


def test_a_trial_is_a_fixed_item_of_nothing_and_the_billing_day_is_that_of_its_end() -> None:
    kb, account = engine()
    kb.subscribe(account, "tried", at("2024-01-10"))
    assert account.row["billing_cycle_day_local"] == 24
    kb.run_until(at("2024-01-24"))
    assert items(kb) == [
        ("FIXED", "2024-01-10", "2024-01-24", "0.00"),
        ("RECURRING", "2024-01-24", "2024-02-24", "31.00"),
    ]


def test_another_subscription_is_billed_up_to_the_accounts_day_first() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.subscribe(account, "pro", at("2024-01-25"))
    # 16 of 31 days.
    assert items(kb)[1:] == [("RECURRING", "2024-01-25", "2024-02-10", "32.00")]


def test_a_yearly_plan_is_billed_to_the_accounts_day_too() -> None:
    kb, account = engine(billing_day=20)
    kb.subscribe(account, "yearly", at("2024-01-10"))
    kb.run_until(at("2024-01-20"))
    # 10 of the 365 days before 20 January 2024.
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-01-20", "10.03"),
        ("RECURRING", "2024-01-20", "2025-01-20", "366.00"),
    ]


def test_a_quarter_that_begins_after_the_accounts_day_is_the_rest_of_one() -> None:
    kb, account = engine((plan("season", "Season", "92", "QUARTERLY"),), billing_day=1)
    kb.subscribe(account, "season", at("2024-08-14"))
    kb.run_until(at("2024-11-01"))
    assert items(kb) == [
        ("RECURRING", "2024-08-14", "2024-11-01", "79.00"),
        ("RECURRING", "2024-11-01", "2025-02-01", "92.00"),
    ]


def test_a_billing_day_that_a_month_does_not_have_is_its_last() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-31"))
    kb.run_until(at("2024-04-01"))
    assert [(start, end) for _, start, end, _ in items(kb)] == [
        ("2024-01-31", "2024-02-29"),
        ("2024-02-29", "2024-03-31"),
        ("2024-03-31", "2024-04-30"),
    ]


def test_weeks_are_counted_from_the_start() -> None:
    kb, account = engine(billing_day=20)
    kb.subscribe(account, "weekly", at("2024-01-10"))
    kb.run_until(at("2024-01-17"))
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-01-17", "7.00"),
        ("RECURRING", "2024-01-17", "2024-01-24", "7.00"),
    ]


def test_what_is_billed_in_arrear_is_billed_when_it_is_over() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "after", at("2024-01-10"))
    kb.run_until(at("2024-02-09"))
    assert items(kb) == []
    kb.run_until(at("2024-02-10"))
    kb.cancel(subscription, at("2024-02-20"))
    # The last 10 of the 29 days from 10 February.
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-02-10", "31.00"),
        ("RECURRING", "2024-02-10", "2024-02-20", "10.69"),
    ]


def test_days_are_those_of_the_accounts_zone_as_it_was_at_first() -> None:
    kb, account = engine(time_zone="America/New_York")
    kb.subscribe(account, "basic", at("2024-01-10 04:30"))
    assert items(kb) == [("RECURRING", "2024-01-09", "2024-02-09", "31.00")]
    # In summer the offset is still that of January, when the account was made.
    kb.subscribe(account, "weekly", at("2024-07-10 04:30"))
    assert items(kb)[-1] == ("RECURRING", "2024-07-09", "2024-07-16", "7.00")


def test_the_end_of_what_is_billed_has_the_time_of_day_of_the_account() -> None:
    kb, account = engine()
    kb.run_until(at("2024-01-05 08:00"))
    other = kb.account(account.tenant, at("2024-01-05 08:00"))
    subscription = kb.subscribe(other, "basic", at("2024-01-10 15:00"))
    assert subscription.charged_through == at("2024-02-10 08:00")


def test_a_dearer_plan_repairs_the_rest_of_the_month_and_bills_its_own() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.change_plan(subscription, "pro", at("2024-01-20"))
    # 21 of 31 days.
    assert items(kb)[1:] == [
        ("REPAIR_ADJ", "2024-01-20", "2024-02-10", "-21.00"),
        ("RECURRING", "2024-01-20", "2024-02-10", "42.00"),
    ]
    repair, new = kb.rows["invoice_items"][1:]
    assert repair["linked_item_id"] == kb.rows["invoice_items"][0]["id"]
    assert (repair["subscription_id"], repair["rate"], new["rate"]) == (None, None, 62)


def test_more_units_have_a_higher_rate() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"), quantity=2)
    kb.set_quantity(subscription, 3, at("2024-01-20"))
    kb.run_until(at("2024-02-10"))
    assert [(row["amount"], row["rate"]) for row in kb.rows["invoice_items"]] == [
        (62, 62),
        (-42, None),
        (63, 93),
        (93, 93),
    ]


def test_more_units_may_come_with_the_next_month() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    assert kb.set_quantity(subscription, 3, at("2024-01-20"), "END_OF_TERM") == at("2024-02-10")
    kb.run_until(at("2024-02-10"))
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-02-10", "31.00"),
        ("RECURRING", "2024-02-10", "2024-03-10", "93.00"),
    ]


def test_no_units_are_one_unit() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"), quantity=2)
    kb.set_quantity(subscription, 0, at("2024-02-10"))
    assert [row["rate"] for row in kb.rows["invoice_items"] if row["rate"]] == [62, 62, 31]


def test_a_repaired_month_becomes_credit_that_pays_the_next_invoice() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.cancel(subscription, at("2024-01-20"))
    assert items(kb)[1:] == [
        ("REPAIR_ADJ", "2024-01-20", "2024-02-10", "-21.00"),
        ("CBA_ADJ", "2024-01-20", "2024-01-20", "21.00"),
    ]
    kb.subscribe(account, "weekly", at("2024-01-25"))
    assert items(kb)[3:] == [
        ("RECURRING", "2024-01-25", "2024-02-01", "7.00"),
        ("CBA_ADJ", "2024-01-25", "2024-01-25", "-7.00"),
    ]
    assert (account.credit, [balance for _, _, balance in bills(account)]) == (14, [0, 0, 0])


def test_repairs_of_one_item_never_give_back_more_than_it_was() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    for day in (12, 13, 17):
        kb.set_quantity(subscription, day, at(f"2024-01-{day}"))
    kb.cancel(subscription, at("2024-01-17 12:00"))
    # What was lived: 2 days of one unit, 1 of 12, 4 of 13, and none of 17.
    assert sum(Decimal(amount) for *_, amount in items(kb, "RECURRING", "REPAIR_ADJ")) == 66


def test_a_pause_is_not_billed() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.pause(subscription.bundle, at("2024-01-20"))
    kb.run_until(at("2024-02-20"))
    assert items(kb)[1:] == [
        ("REPAIR_ADJ", "2024-01-20", "2024-02-10", "-21.00"),
        ("CBA_ADJ", "2024-01-20", "2024-01-20", "21.00"),
    ]
    kb.resume(subscription.bundle, at("2024-03-01"))
    # 9 of the 29 days from 10 February.
    assert items(kb, "RECURRING")[1:] == [("RECURRING", "2024-03-01", "2024-03-10", "9.62")]


def test_a_pause_of_some_hours_is_billed_after_all() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.pause(subscription.bundle, at("2024-01-20 10:00"))
    kb.resume(subscription.bundle, at("2024-01-21 09:00"))
    assert items(kb, "RECURRING", "REPAIR_ADJ")[1:] == [
        ("REPAIR_ADJ", "2024-01-20", "2024-02-10", "-21.00"),
        ("RECURRING", "2024-01-20", "2024-02-10", "21.00"),
    ]


def test_a_discount_phase_has_its_own_price() -> None:
    kb, account = engine()
    kb.subscribe(account, "eased", at("2024-01-10"))
    kb.run_until(at("2024-03-24"))
    assert [(row["phase_name"], row["amount"]) for row in kb.rows["invoice_items"]] == [
        ("eased-trial", 0),
        ("eased-discount", 20),
        ("eased-discount", 20),
        ("eased-evergreen", 31),
    ]


def test_a_fixed_term_bills_its_setup_once_and_ends() -> None:
    kb, account = engine()
    kb.subscribe(account, "term", at("2024-01-10"))
    kb.run_until(at("2024-06-01"))
    assert items(kb) == [
        ("FIXED", "2024-01-10", "2024-03-10", "100.00"),
        ("RECURRING", "2024-01-10", "2024-02-10", "31.00"),
        ("RECURRING", "2024-02-10", "2024-03-10", "31.00"),
    ]


def test_usage_is_billed_when_the_month_is_over() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "calls", at("2024-01-10"))
    kb.use(subscription, "call", 30, at("2024-01-15"))
    kb.use(subscription, "call", 12, at("2024-02-09"))
    kb.use(subscription, "call", 5, at("2024-02-11"))
    kb.run_until(at("2024-02-12"))
    (usage,) = [row for row in kb.rows["invoice_items"] if row["type"] == "USAGE"]
    assert (usage["amount"], usage["quantity"], usage["rate"]) == (21, 42, Decimal("0.5"))
    assert (str(usage["start_date"]), str(usage["end_date"])) == ("2024-01-10", "2024-02-10")


def test_taxes_name_the_item_they_are_for() -> None:
    kb, account = engine(tax_rate=10)
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.cancel(subscription, at("2024-01-20"))
    bought, tax, _, back, _ = kb.rows["invoice_items"]
    assert (tax["amount"], tax["linked_item_id"]) == (Decimal("3.1"), bought["id"])
    assert (back["amount"], back["linked_item_id"]) == (Decimal("-2.1"), bought["id"])


def test_a_void_invoice_is_billed_again() -> None:
    kb, account = engine(payment_method=False)
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.void(account.invoices[0], at("2024-01-12"))
    assert bills(account) == [
        ("2024-01-10", "VOID", Decimal(0)),
        ("2024-01-12", "COMMITTED", Decimal(31)),
    ]
    assert items(kb) == [("RECURRING", "2024-01-10", "2024-02-10", "31.00")] * 2


def test_a_draft_is_owed_once_it_is_committed() -> None:
    kb, account = engine()
    kb.tag(account, "AUTO_INVOICING_DRAFT", at("2024-01-02"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    assert bills(account) == [("2024-01-10", "DRAFT", Decimal(0))]
    assert "invoice_payments" not in kb.rows
    kb.commit(account.invoices[0], at("2024-01-12"))
    assert bills(account) == [("2024-01-10", "COMMITTED", Decimal(0))]
    assert len(kb.rows["invoice_payments"]) == 1


def test_an_account_without_invoicing_gets_none() -> None:
    kb, account = engine()
    tag = kb.tag(account, "AUTO_INVOICING_OFF", at("2024-01-02"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.run_until(at("2024-02-20"))
    assert items(kb) == []
    kb.untag(account, tag, at("2024-02-21"))
    assert items(kb) == [
        ("RECURRING", "2024-01-10", "2024-02-10", "31.00"),
        ("RECURRING", "2024-02-10", "2024-03-10", "31.00"),
    ]


def test_a_new_version_prices_those_who_change_and_those_whom_it_names() -> None:
    kb, account = engine()
    stays = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.subscribe(account, "pro", at("2024-01-10"))
    for_all = plan("pro", "Pro", "70", existing_from=at("2024-03-20"))
    dearer = [plan("basic", "Basic", "40"), for_all]
    kb.catalog(account.tenant, at("2024-02-01"), dearer)
    kb.subscribe(account, "basic", at("2024-02-10"))
    kb.run_until(at("2024-03-20"))
    rates = [
        (row["plan_name"], str(row["start_date"]), row["rate"])
        for row in kb.rows["invoice_items"]
        if row["type"] == "RECURRING" and str(row["start_date"]) >= "2024-02-10"
    ]
    assert sorted(rates) == [
        ("basic", "2024-02-10", 31),
        ("basic", "2024-02-10", 40),
        ("basic", "2024-03-10", 31),
        ("basic", "2024-03-10", 40),
        ("pro", "2024-02-10", 62),
        ("pro", "2024-03-10", 62),
        ("pro", "2024-03-20", 70),
    ]
    kb.change_plan(stays, "pro", at("2024-03-21"))
    assert kb.rows["invoice_items"][-1]["rate"] == 70


def test_an_overridden_price_is_billed_and_shared() -> None:
    kb, account = engine()
    for _ in range(2):
        kb.subscribe(account, "tried", at("2024-01-10"), prices={1: "12.5"})
    kb.run_until(at("2024-01-24"))
    (override,) = kb.rows["catalog_override_plan_definition"]
    name = f"tried-{override['record_id']}"
    billed = [row for row in kb.rows["invoice_items"] if row["type"] == "RECURRING"]
    assert [(row["plan_name"], row["phase_name"], row["rate"]) for row in billed] == [
        (name, f"{name}-evergreen", Decimal("12.5"))
    ] * 2
    # The item says the catalog of its parent.
    assert {row["catalog_effective_date"] for row in billed} == {at("2023-01-01")}


def test_the_parent_is_billed_for_its_children_once_a_day() -> None:
    kb, parent = engine()
    children = [kb.account(parent.tenant, at("2024-01-05"), parent=parent) for _ in range(2)]
    for child in children:
        kb.subscribe(child, "basic", at("2024-01-10 09:00"))
    assert bills(parent) == [("2024-01-10", "DRAFT", Decimal(0))]
    kb.run_until(at("2024-01-11"))
    summaries = [row for row in kb.rows["invoice_items"] if row["type"] == "PARENT_SUMMARY"]
    assert [(row["child_account_id"], row["amount"]) for row in summaries] == [
        (child.id, 31) for child in children
    ]
    assert bills(parent) == [("2024-01-10", "COMMITTED", Decimal(0))]
    assert len(kb.rows["invoice_parent_children"]) == 2


@pytest.mark.parametrize("credited", ["7", "40"])
def test_credit_is_an_invoice_of_its_own(credited: str) -> None:
    kb, account = engine()
    kb.credit(account, credited, at("2024-01-05"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    used = min(Decimal(credited), Decimal(31))
    assert [(kind, Decimal(amount)) for kind, _, _, amount in items(kb)] == [
        ("CREDIT_ADJ", -Decimal(credited)),
        ("CBA_ADJ", Decimal(credited)),
        ("RECURRING", Decimal(31)),
        ("CBA_ADJ", -used),
    ]
    assert account.credit == Decimal(credited) - used
