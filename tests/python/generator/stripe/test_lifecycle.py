"""Statuses, ends, pauses, failing payments and schedules."""

import pytest

from tidemill_cli.demo.stripe.catalog import Price
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.model import Customer, Subscription

from .scripts import amounts, at, day, engine, lines, one, statuses


def start(
    stripe: StripeEngine, when: str = "2024-04-01", **customer: object
) -> tuple[Customer, Price]:
    acme = stripe.account("Acme")
    price = stripe.price(stripe.product(acme, "Seat"), "30")
    return stripe.customer(acme, at(when), **customer), price  # type: ignore[arg-type]


def subscribed(stripe: StripeEngine) -> Subscription:
    customer, price = start(stripe)
    return stripe.subscribe(customer, price, at("2024-04-01"))


# Trials


@pytest.mark.parametrize(
    ("missing", "status", "reason"),
    [
        ("create_invoice", "past_due", None),
        ("pause", "paused", None),
        ("cancel", "canceled", "payment_failed"),
    ],
)
def test_a_trial_without_a_card(missing: str, status: str, reason: str | None) -> None:
    stripe = engine()
    customer, price = start(stripe, payment_method=False)
    stripe.subscribe(
        customer,
        price,
        at("2024-04-01"),
        trial_days=10,
        missing_payment_method=missing,  # type: ignore[arg-type]
    )
    stripe.run_until(at("2024-04-12"))
    subscription = one(stripe, "subscriptions")
    assert (subscription["status"], subscription["cancellation_details"]["reason"]) == (
        status,
        reason,
    )
    assert len(customer.invoices) == (2 if missing == "create_invoice" else 1)


def test_a_paused_subscription_goes_on_from_when_it_is_resumed() -> None:
    stripe = engine()
    customer, price = start(stripe, payment_method=False)
    subscription = stripe.subscribe(
        customer, price, at("2024-04-01"), trial_days=10, missing_payment_method="pause"
    )
    stripe.set_payment_method(customer, at("2024-06-20"))
    stripe.resume(subscription, at("2024-06-20"))
    stripe.run_until(at("2024-07-21"))
    assert statuses(stripe, subscription) == [
        ("2024-04-01", "trialing"),
        ("2024-04-11", "paused"),
        ("2024-06-20", "active"),
    ]
    assert [line[:2] for line in lines(stripe)[1:]] == [
        ("2024-06-20", "2024-07-20"),
        ("2024-07-20", "2024-08-20"),
    ]


def test_a_trial_may_be_longer_in_the_end() -> None:
    stripe = engine()
    customer, price = start(stripe)
    subscription = stripe.subscribe(customer, price, at("2024-04-01"), trial_days=10)
    stripe.set_quantity(subscription, 2, at("2024-04-03"))
    stripe.extend_trial(subscription, at("2024-04-20"), at("2024-04-05"))
    stripe.run_until(at("2024-04-21"))
    assert lines(stripe) == [
        ("2024-04-01", "2024-04-11", 1, 0, 0),
        ("2024-04-20", "2024-05-20", 2, 6000, 0),
    ]
    assert statuses(stripe, subscription)[1] == ("2024-04-20", "active")


# Ends


def test_an_end_with_the_period() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.cancel_at_period_end(subscription, at("2024-04-20"))
    found = one(stripe, "subscriptions")
    assert (found["cancel_at_period_end"], day(found["cancel_at"])) == (True, "2024-05-01")
    stripe.run_until(at("2024-06-10"))
    found = one(stripe, "subscriptions")
    assert (found["status"], day(found["canceled_at"]), day(found["ended_at"])) == (
        "canceled",
        "2024-04-20",
        "2024-05-01",
    )
    assert len(lines(stripe)) == 1


def test_what_was_prorated_is_billed_when_the_period_ends_with_the_subscription() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.set_quantity(subscription, 2, at("2024-04-16"))
    stripe.cancel_at_period_end(subscription, at("2024-04-20"))
    stripe.run_until(at("2024-05-02"))
    assert amounts(subscription.customer)[1:] == [
        ("2024-05-01", "subscription_cycle", 1500, "paid")
    ]


def test_an_end_that_is_taken_back_does_not_come() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.cancel_at_period_end(subscription, at("2024-04-20"))
    stripe.uncancel(subscription, at("2024-04-25"))
    stripe.run_until(at("2024-05-02"))
    found = one(stripe, "subscriptions")
    assert (found["status"], found["cancel_at"], found["canceled_at"]) == ("active", None, None)
    assert found["cancellation_details"]["reason"] is None


def test_an_end_at_an_instant() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.schedule_cancel(subscription, at("2024-05-10"), at("2024-04-20"))
    found = one(stripe, "subscriptions")
    assert (found["cancel_at_period_end"], day(found["cancel_at"])) == (False, "2024-05-10")
    stripe.run_until(at("2024-06-10"))
    assert statuses(stripe, subscription)[-1] == ("2024-05-10", "canceled")


def test_a_deleted_customer_has_nothing_left() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.delete_customer(subscription.customer, at("2024-04-20"))
    stripe.run_until(at("2024-06-10"))
    assert one(stripe, "customers")["deleted"] is True
    assert statuses(stripe, subscription)[-1] == ("2024-04-20", "canceled")
    assert len(lines(stripe)) == 1


# Payments


def test_a_payment_that_fails_and_comes_with_a_retry() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.fail_payments(subscription.customer, at("2024-04-20"))
    stripe.restore_payments(subscription.customer, at("2024-05-06"))
    stripe.run_until(at("2024-05-20"))
    # Finalized an hour after the cycle, tried again after three and five more days.
    assert statuses(stripe, subscription) == [
        ("2024-04-01", "active"),
        ("2024-05-01 01:00:00", "past_due"),
        ("2024-05-09 01:00:00", "active"),
    ]
    invoice = stripe.objects()["invoices"][1]
    assert (invoice["attempt_count"], invoice["status"]) == (3, "paid")
    assert [charge["status"] for charge in stripe.objects()["charges"]] == [
        "succeeded",
        "failed",
        "failed",
        "succeeded",
    ]


@pytest.mark.parametrize(
    ("after", "status", "drafts"),
    [("cancel", "canceled", 0), ("unpaid", "unpaid", 1), ("leave", "past_due", 0)],
)
def test_what_becomes_of_who_never_pays(after: str, status: str, drafts: int) -> None:
    stripe = engine()
    customer, price = start(stripe)
    subscription = stripe.subscribe(
        customer,
        price,
        at("2024-04-01"),
        after_retries=after,  # type: ignore[arg-type]
    )
    stripe.fail_payments(customer, at("2024-04-20"))
    stripe.run_until(at("2024-06-02"))
    assert statuses(stripe, subscription)[1] == ("2024-05-01 01:00:00", "past_due")
    found = one(stripe, "subscriptions")
    assert found["status"] == status
    if after != "leave":
        # 3 + 5 + 7 days after the first attempt.
        assert statuses(stripe, subscription)[-1] == ("2024-05-16 01:00:00", status)
    if after == "cancel":
        assert found["cancellation_details"]["reason"] == "payment_failed"
    assert sum(i["status"] == "draft" for i in stripe.objects()["invoices"]) == drafts


def test_a_first_payment_that_fails_leaves_it_incomplete_and_it_expires() -> None:
    stripe = engine()
    customer, price = start(stripe)
    stripe.fail_payments(customer, at("2024-04-01"))
    subscription = stripe.subscribe(customer, price, at("2024-04-01"))
    stripe.run_until(at("2024-04-05"))
    assert statuses(stripe, subscription) == [
        ("2024-04-01", "incomplete"),
        ("2024-04-01 23:00:00", "incomplete_expired"),
    ]
    assert customer.invoices[0].status == "void"


def test_a_first_payment_that_comes_in_time_makes_it_active() -> None:
    stripe = engine()
    customer, price = start(stripe)
    stripe.fail_payments(customer, at("2024-04-01"))
    subscription = stripe.subscribe(customer, price, at("2024-04-01"))
    stripe.pay(customer.invoices[0], at("2024-04-01 10:00"))
    stripe.run_until(at("2024-04-05"))
    assert statuses(stripe, subscription)[-1] == ("2024-04-01 10:00:00", "active")


def test_an_invoice_that_was_sent_is_overdue_after_its_date() -> None:
    stripe = engine()
    customer, price = start(stripe, pays_after=20)
    subscription = stripe.subscribe(customer, price, at("2024-04-01"), days_until_due=14)
    stripe.run_until(at("2024-04-25"))
    assert statuses(stripe, subscription) == [
        ("2024-04-01", "active"),
        ("2024-04-15", "past_due"),
        ("2024-04-21", "active"),
    ]
    assert day(one(stripe, "invoices")["due_date"]) == "2024-04-15"


def test_an_invoice_given_up_is_not_tried_again() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    customer = subscription.customer
    stripe.fail_payments(customer, at("2024-04-20"))
    stripe.run_until(at("2024-05-02"))
    stripe.mark_uncollectible(customer.invoices[-1], at("2024-05-02"))
    stripe.run_until(at("2024-05-20"))
    assert (customer.invoices[-1].status, customer.invoices[-1].attempt_count) == (
        "uncollectible",
        1,
    )


# Pauses


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("void", "void"), ("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible")],
)
def test_a_pause_of_collection(behavior: str, status: str) -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.pause_collection(
        subscription,
        at("2024-04-20"),
        behavior,  # type: ignore[arg-type]
        at("2024-05-20"),
    )
    found = one(stripe, "subscriptions")
    assert found["pause_collection"]["behavior"] == behavior
    stripe.run_until(at("2024-06-02"))
    assert [i.status for i in subscription.customer.invoices] == ["paid", status, "paid"]
    assert one(stripe, "subscriptions")["pause_collection"] is None
    assert statuses(stripe, subscription) == [("2024-04-01", "active")]


def test_a_pause_without_an_end_lasts_until_it_is_lifted() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.pause_collection(subscription, at("2024-04-20"))
    stripe.resume_collection(subscription, at("2024-06-15"))
    stripe.run_until(at("2024-07-02"))
    assert [i.status for i in subscription.customer.invoices] == ["paid", "void", "void", "paid"]


# Schedules


def test_a_planned_change_comes_with_its_phase() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    dear = stripe.price(stripe.product(stripe.accounts[0], "Dear"), "90")
    stripe.schedule_change(subscription, dear, at("2024-05-01"), at("2024-04-10"), quantity=2)
    planned = one(stripe, "subscription_schedules")
    assert [day(phase["start_date"]) for phase in planned["phases"]] == [
        "2024-04-01",
        "2024-05-01",
    ]
    assert planned["phases"][1]["items"][0]["price"] == dear.id
    assert one(stripe, "subscriptions")["schedule"] == planned["id"]
    stripe.run_until(at("2024-05-02"))
    assert lines(stripe)[1:] == [("2024-05-01", "2024-06-01", 2, 18000, 0)]
    stripe.run_until(at("2024-06-02"))
    done = one(stripe, "subscription_schedules")
    assert (done["status"], done["released_subscription"]) == ("released", subscription.id)
    assert one(stripe, "subscriptions")["schedule"] is None


def test_a_planned_change_within_a_period_is_prorated() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    price = subscription.item.price
    stripe.schedule_change(subscription, price, at("2024-04-16"), at("2024-04-10"), quantity=3)
    stripe.run_until(at("2024-05-02"))
    assert [line[3] for line in lines(stripe)] == [3000, -1500, 4500, 9000]


def test_a_released_schedule_changes_nothing() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    price = subscription.item.price
    planned = stripe.schedule_change(
        subscription, price, at("2024-05-01"), at("2024-04-10"), quantity=3
    )
    stripe.release(planned, at("2024-04-11"))
    stripe.run_until(at("2024-05-02"))
    assert [line[2] for line in lines(stripe)] == [1, 1]


def test_a_planned_start() -> None:
    stripe = engine()
    customer, price = start(stripe)
    schedule = stripe.schedule_start(
        customer, price, at("2024-05-01"), at("2024-04-10"), quantity=4
    )
    found = one(stripe, "subscription_schedules")
    assert (found["status"], found["subscription"]) == ("not_started", None)
    assert "subscriptions" not in stripe.objects()
    stripe.run_until(at("2024-05-02"))
    assert schedule.subscription is not None
    assert lines(stripe) == [("2024-05-01", "2024-06-01", 4, 12000, 0)]


def test_a_clock_runs_forwards_only() -> None:
    stripe = engine()
    subscription = subscribed(stripe)
    stripe.run_until(at("2024-05-02"))
    with pytest.raises(ValueError, match="forwards only"):
        stripe.cancel(subscription, at("2024-05-01"))


def test_accounts_share_nothing() -> None:
    stripe = engine()
    made = []
    for name in ("One", "Two"):
        account = stripe.account(name)
        price = stripe.price(stripe.product(account, "Seat"), "30")
        customer = stripe.customer(account, at("2024-04-01"))
        made.append(stripe.subscribe(customer, price, at("2024-04-01")))
    owners = {s["id"]: s["_account_id"] for s in stripe.objects()["subscriptions"]}
    assert owners == {s.id: s.customer.account.id for s in made}
    assert len(set(owners.values())) == 2
    first = {e["data"]["object"]["id"] for e in stripe.events(stripe.accounts[0])}
    assert made[0].id in first
    assert made[1].id not in first
