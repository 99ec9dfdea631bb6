"""Which rows each action leaves, and which of them still count."""

import pytest

from .scripts import at, bills, blocks, dropped, engine, events, items


def test_a_trial_has_its_next_phase_planned() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "tried", at("2024-01-10 15:00"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10 15:00:00", "tried-trial"),
        ("PHASE", "2024-01-24 15:00:00", "tried-evergreen"),
    ]
    assert blocks(kb) == [("ENT_STARTED", "2024-01-10 15:00:00", False, True)]
    assert (subscription.row["category"], subscription.row["migrated"]) == ("BASE", False)


def test_only_the_next_phase_is_there_until_it_comes() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "eased", at("2024-01-10"))
    assert len(events(kb, subscription)) == 2
    kb.run_until(at("2024-01-24"))
    assert events(kb, subscription)[2:] == [("PHASE", "2024-03-24", "eased-evergreen")]


def test_a_fixed_term_expires_as_planned() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "term", at("2024-01-10"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "term-fixedterm"),
        ("EXPIRED", "2024-03-10", None),
    ]
    kb.run_until(at("2024-04-01"))
    assert [state for state, *_ in blocks(kb)] == ["ENT_STARTED"]
    with pytest.raises(ValueError, match="does not run"):
        kb.cancel(subscription, at("2024-04-02"))


def test_a_change_counts_its_phases_from_the_start_of_the_subscription() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "tried", at("2024-01-10"))
    kb.change_plan(subscription, "eased", at("2024-01-15"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "tried-trial"),
        ("CHANGE", "2024-01-15", "eased-trial"),
        ("PHASE", "2024-01-24", "eased-discount"),
    ]
    assert dropped(kb, subscription) == [("PHASE", "2024-01-24")]


def test_a_change_where_the_plan_begins_takes_its_place() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "tried", at("2024-01-10"))
    kb.change_plan(subscription, "pro", at("2024-01-10"))
    assert events(kb, subscription) == [("CREATE", "2024-01-10", "pro-evergreen")]
    assert dropped(kb, subscription) == [("CREATE", "2024-01-10"), ("PHASE", "2024-01-24")]


def test_a_change_at_the_end_of_term_waits_for_it_and_can_be_taken_back() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    when = kb.change_plan(subscription, "pro", at("2024-01-20"), "END_OF_TERM")
    assert when == at("2024-02-10")
    assert events(kb, subscription)[1:] == [("CHANGE", "2024-02-10", "pro-evergreen")]
    kb.undo_change(subscription, at("2024-01-25"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "basic-evergreen"),
        ("UNDO_CHANGE", "2024-01-25", None),
    ]
    kb.change_plan(subscription, "pro", at("2024-01-26"), "END_OF_TERM")
    kb.run_until(at("2024-02-10"))
    assert items(kb)[1:] == [("RECURRING", "2024-02-10", "2024-03-10", "62.00")]


def test_an_end_now_drops_all_that_was_planned() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "tried", at("2024-01-10"))
    kb.cancel(subscription, at("2024-01-15"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "tried-trial"),
        ("CANCEL", "2024-01-15", None),
    ]
    assert dropped(kb, subscription) == [("PHASE", "2024-01-24")]
    assert blocks(kb)[1:] == [("ENT_CANCELLED", "2024-01-15", False, True)]


def test_billing_and_access_may_end_apart() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    end = kb.cancel(subscription, at("2024-01-20"), entitlement="IMMEDIATE", billing="END_OF_TERM")
    assert end == at("2024-02-10")
    assert events(kb, subscription)[1:] == [("CANCEL", "2024-02-10", None)]
    assert blocks(kb)[1:] == [("ENT_CANCELLED", "2024-01-20", False, True)]
    kb.run_until(at("2024-03-15"))
    assert items(kb) == [("RECURRING", "2024-01-10", "2024-02-10", "31.00")]


def test_an_end_that_is_taken_back_plans_the_next_phase_again() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "eased", at("2024-01-10"))
    kb.run_until(at("2024-02-01"))
    kb.cancel(subscription, at("2024-02-01"), entitlement="END_OF_TERM", billing="END_OF_TERM")
    assert ("PHASE", "2024-03-24") in dropped(kb, subscription)
    kb.uncancel(subscription, at("2024-02-10"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "eased-trial"),
        ("PHASE", "2024-01-24", "eased-discount"),
        ("UNCANCEL", "2024-02-10", None),
        ("PHASE", "2024-03-24", "eased-evergreen"),
    ]
    assert blocks(kb)[1:] == [("ENT_CANCELLED", "2024-02-24", False, False)]


def test_add_ons_end_with_their_base_once_it_ends() -> None:
    kb, account = engine()
    base = kb.subscribe(account, "basic", at("2024-01-10"))
    extra = kb.add_on(base, "support", at("2024-01-15"))
    kb.cancel(base, at("2024-01-20"), billing="END_OF_TERM")
    assert [kind for kind, *_ in events(kb, extra)] == ["CREATE"]
    kb.run_until(at("2024-02-10"))
    assert events(kb, extra)[1:] == [("CANCEL", "2024-02-10", None)]


def test_add_ons_lose_access_with_their_base() -> None:
    kb, account = engine()
    base = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.add_on(base, "support", at("2024-01-15"))
    kb.cancel(base, at("2024-01-20"), entitlement="IMMEDIATE", billing="END_OF_TERM")
    kb.run_until(at("2024-02-11"))
    assert blocks(kb)[2:] == [
        ("ENT_CANCELLED", "2024-01-20", False, True),
        ("ENT_CANCELLED", "2024-01-20", False, True),
    ]
    with pytest.raises(ValueError, match="no end"):
        kb.uncancel(base, at("2024-02-12"))


def test_add_ons_that_a_new_plan_does_not_come_with_end() -> None:
    kb, account = engine()
    base = kb.subscribe(account, "basic", at("2024-01-10"))
    extra = kb.add_on(base, "support", at("2024-01-15"))
    kb.change_plan(base, "pro", at("2024-01-20"))
    assert events(kb, extra)[1:] == [("CANCEL", "2024-01-20", None)]


def test_quantity_and_billing_day_are_events_of_their_own() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"), quantity=2)
    kb.set_billing_day(subscription, 5, at("2024-02-10"))
    kb.set_quantity(subscription, 4, at("2024-02-20"))
    assert events(kb, subscription) == [
        ("CREATE", "2024-01-10", "basic-evergreen"),
        ("QUANTITY_UPDATE", "2024-01-10", "2"),
        ("BCD_UPDATE", "2024-02-10", "5"),
        ("QUANTITY_UPDATE", "2024-02-20", "4"),
    ]


def test_a_transfer_ends_the_old_and_begins_the_new() -> None:
    kb, account = engine()
    old = kb.subscribe(account, "tried", at("2024-01-10"), key="acme")
    target = kb.account(account.tenant, at("2024-01-12"))
    bundle = kb.transfer(old.bundle, target, at("2024-01-15"))
    (new,) = target.subscriptions
    assert old.bundle.row["external_key"] == f"kbtsf-{old.bundle.row['record_id']}:acme"
    assert (bundle.row["external_key"], bundle.row["account_id"]) == ("acme", target.id)
    assert bundle.row["original_created_date"] == old.bundle.row["original_created_date"]
    assert new.row["start_date"] == at("2024-01-10")
    assert events(kb, new) == [
        ("TRANSFER", "2024-01-15", "tried-trial"),
        ("PHASE", "2024-01-24", "tried-evergreen"),
    ]
    assert events(kb, old)[1:] == [("CANCEL", "2024-01-24", None)]


def test_who_is_moved_in_a_trial_has_the_next_phase_twice() -> None:
    kb, account = engine()
    old = kb.subscribe(account, "eased", at("2024-01-10"))
    target = kb.account(account.tenant, at("2024-01-12"))
    kb.transfer(old.bundle, target, at("2024-01-15"))
    kb.run_until(at("2024-02-01"))
    assert events(kb, target.subscriptions[0]) == [
        ("TRANSFER", "2024-01-15", "eased-trial"),
        ("PHASE", "2024-01-24", "eased-discount"),
        ("PHASE", "2024-01-29", "eased-discount"),
        ("PHASE", "2024-03-29", "eased-evergreen"),
    ]


def test_access_may_have_ended_before_anybody_asked() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "after", at("2024-01-10"))
    kb.run_until(at("2024-02-15"))
    kb.cancel(subscription, at("2024-02-15"), entitlement="END_OF_TERM", billing="END_OF_TERM")
    assert events(kb, subscription)[1:] == [("CANCEL", "2024-02-15", None)]
    assert blocks(kb)[1:] == [("ENT_CANCELLED", "2024-02-10", False, True)]


def test_a_transfer_may_end_the_old_at_once() -> None:
    kb, account = engine()
    old = kb.subscribe(account, "basic", at("2024-01-10"))
    target = kb.account(account.tenant, at("2024-01-12"))
    kb.transfer(old.bundle, target, at("2024-01-20"), cancel_immediately=True)
    assert events(kb, old)[1:] == [("CANCEL", "2024-01-20", None)]
    assert items(kb, "REPAIR_ADJ") == [("REPAIR_ADJ", "2024-01-20", "2024-02-10", "-21.00")]
    # The new account has a billing day of its own.
    assert items(kb, "RECURRING")[1:] == [("RECURRING", "2024-01-20", "2024-02-20", "31.00")]


def test_a_key_is_taken_from_the_bundle_that_had_it() -> None:
    kb, account = engine()
    old = kb.subscribe(account, "basic", at("2024-01-10"), key="acme")
    kb.cancel(old, at("2024-01-20"))
    new = kb.subscribe(account, "basic", at("2024-01-25"), key="acme")
    assert old.bundle.row["external_key"] == f"kbcncl-{old.bundle.row['record_id']}:acme"
    assert new.bundle.row["external_key"] == "acme"
    assert new.bundle.row["original_created_date"] == at("2024-01-10")


def test_who_does_not_pay_is_warned_then_blocked_then_cancelled() -> None:
    kb, account = engine(dunned=True)
    kb.fail_payments(account, at("2024-01-05"))
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    kb.run_until(at("2024-04-01"))
    assert blocks(kb)[1:] == [
        ("OD1", "2024-02-09", False, True),
        ("OD2", "2024-02-24", True, True),
        ("OD3", "2024-03-10", True, True),
        ("ENT_CANCELLED", "2024-03-10", False, True),
    ]
    assert events(kb, subscription)[1:] == [("CANCEL", "2024-03-10", None)]


def test_who_pays_at_last_is_clear_again() -> None:
    kb, account = engine(dunned=True)
    kb.fail_payments(account, at("2024-01-05"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.restore_payments(account, at("2024-02-27"))
    assert [(state, stops) for state, _, stops, _ in blocks(kb)[1:]] == [
        ("OD1", False),
        ("OD2", True),
        ("__KILLBILL__CLEAR__OVERDUE_STATE__", False),
    ]
    # Of the month that is billed already, three days were blocked.
    assert items(kb, "RECURRING", "REPAIR_ADJ")[2:] == [
        ("REPAIR_ADJ", "2024-02-24", "2024-02-27", "-3.21")
    ]
    assert all(balance == 0 for *_, balance in bills(account))
    (tag,) = kb.rows["tags"]
    assert (str(tag["tag_definition_id"])[-2:], tag["is_active"]) == ("02", False)


def test_a_failed_payment_is_tried_again() -> None:
    kb, account = engine()
    kb.fail_payments(account, at("2024-01-05"))
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.run_until(at("2024-01-19"))
    assert [row["status"] for row in kb.rows["invoice_payments"]] == ["INIT", "INIT"]
    states = [row["transaction_status"] for row in kb.rows["payment_transactions"]]
    assert states == ["PAYMENT_FAILURE", "PAYMENT_FAILURE"]


def test_money_given_back_is_negative() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"))
    (payment,) = account.invoices[0].payments
    kb.refund(payment, at("2024-01-12"), "10")
    kb.charge_back(payment, at("2024-01-15"))
    assert [(row["type"], row["amount"]) for row in kb.rows["invoice_payments"]] == [
        ("ATTEMPT", 31),
        ("REFUND", -10),
        ("CHARGED_BACK", -21),
    ]
    assert account.invoices[0].balance == 31


def test_an_item_is_lowered_with_or_without_a_refund() -> None:
    kb, account = engine()
    subscription = kb.subscribe(account, "basic", at("2024-01-10"))
    (item,), (payment,) = subscription.items, account.invoices[0].payments
    kb.adjust(item, "6", at("2024-01-12"))
    kb.refund_item(payment, item, "5", at("2024-01-13"))
    assert [(kind, amount) for kind, _, _, amount in items(kb)[1:]] == [
        ("ITEM_ADJ", "-6"),
        ("CBA_ADJ", "6.00"),
        ("ITEM_ADJ", "-5"),
    ]
    assert account.invoices[0].balance == 0


def test_a_migrated_subscription_was_entitled_before() -> None:
    kb, account = engine()
    kb.import_invoice(account, "99", at("2024-01-05"))
    subscription = kb.subscribe(account, "basic", at("2024-01-10"), entitled_at=at("2023-06-01"))
    assert subscription.row["migrated"] is True
    assert blocks(kb) == [("ENT_STARTED", "2023-06-01", False, True)]
    assert [(row["migrated"], str(row["invoice_date"])) for row in kb.rows["invoices"]] == [
        (True, "2024-01-05"),
        (False, "2024-01-10"),
    ]


def test_a_start_that_is_to_come_is_billed_when_it_does() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"), starts_at=at("2024-01-20"))
    assert items(kb) == []
    kb.run_until(at("2024-01-20"))
    assert items(kb) == [("RECURRING", "2024-01-20", "2024-02-20", "31.00")]


def test_a_closed_account_says_so() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"))
    kb.close_account(account, at("2024-01-20"))
    assert account.tags == {"AUTO_INVOICING_OFF"}
    row = kb.rows["blocking_states"][-1]
    assert (row["type"], row["service"], row["state"]) == (
        "ACCOUNT",
        "account-service",
        "CLOSE_ACCOUNT",
    )
    assert (row["block_change"], row["block_billing"]) == (True, False)


def test_the_past_cannot_be_changed() -> None:
    kb, account = engine()
    kb.subscribe(account, "basic", at("2024-01-10"))
    with pytest.raises(ValueError, match="forwards"):
        kb.subscribe(account, "basic", at("2024-01-09"))
