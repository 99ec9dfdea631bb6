"""What each action leaves behind in `subscriptions` and around it."""

from decimal import Decimal

import pytest

from tidemill_cli.demo.lago.engine import FixedCharge, LagoEngine

from .scripts import at, base_fees, engine, naive, rows

PENDING, ACTIVE, TERMINATED, CANCELED, INCOMPLETE = range(5)
LIFE = ("status", "started_at", "terminated_at", "canceled_at")


@pytest.fixture
def lago() -> LagoEngine:
    return engine()


def test_a_subscription_that_starts_today(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10 09:00"))
    lago.subscribe(customer, basic, at("2024-01-10 09:00"))
    (row,) = rows(lago, "subscriptions")
    assert row["status"] == ACTIVE
    assert row["started_at"] == row["activated_at"] == naive("2024-01-10 09:00")
    assert row["subscription_at"] == row["created_at"] == naive("2024-01-10 09:00")
    assert row["previous_subscription_id"] is None


def test_a_back_dated_subscription_starts_before_it_is_known(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-03-10 09:00"))
    lago.subscribe(customer, basic, at("2024-03-10 09:00"), starts_at=at("2024-01-20 00:00"))
    lago.run_until(at("2024-04-02"))
    assert rows(lago, "subscriptions", "status", "started_at", "created_at") == [
        (ACTIVE, naive("2024-01-20"), naive("2024-03-10 09:00"))
    ]
    # The past is not billed; the first invoice comes with the next billing day.
    assert rows(lago, "invoices", "created_at") == [naive("2024-04-01 00:10")]


def test_a_back_dated_start_stays_behind_the_end_of_what_it_continues(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    first = lago.subscribe(customer, basic, at("2024-01-10"), external_id="x")
    lago.terminate(first, at("2024-02-10 12:00"))
    lago.subscribe(customer, basic, at("2024-03-01"), external_id="x", starts_at=at("2024-02-01"))
    assert rows(lago, "subscriptions", "started_at", status=ACTIVE) == [naive("2024-02-10 12:00")]


def test_a_future_subscription_waits_and_starts_by_the_job(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    lago.subscribe(customer, basic, at("2024-01-10"), starts_at=at("2024-02-05 15:00"))
    lago.run_until(at("2024-02-04 23:59"))
    assert rows(lago, "subscriptions", *LIFE) == [(PENDING, None, None, None)]
    lago.run_until(at("2024-02-06"))
    # The job starts whatever has its day today, at its own time.
    assert rows(lago, "subscriptions", "status", "started_at", "subscription_at") == [
        (ACTIVE, naive("2024-02-05 00:00"), naive("2024-02-05 15:00"))
    ]


def test_dropping_a_future_subscription_leaves_a_row_that_never_lived(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    pending = lago.subscribe(customer, basic, at("2024-01-10"), starts_at=at("2024-02-05"))
    lago.terminate(pending, at("2024-01-20 08:00"))
    lago.run_until(at("2024-03-01"))
    assert rows(lago, "subscriptions", *LIFE) == [(CANCELED, None, None, naive("2024-01-20 08:00"))]


def test_an_upgrade_happens_at_once_and_overlaps_by_milliseconds(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, basic, at("2024-01-10"), external_id="x")
    lago.change_plan(old, pro, at("2024-02-10 12:00"))
    first, second = rows(lago, "subscriptions")
    assert (first["status"], second["status"]) == (TERMINATED, ACTIVE)
    assert second["started_at"] == naive("2024-02-10 12:00:00")
    assert first["terminated_at"] == naive("2024-02-10 12:00:00.004")
    assert second["previous_subscription_id"] == first["id"]
    assert first["external_id"] == second["external_id"] == "x"
    assert second["subscription_at"] == naive("2024-01-10")


def test_an_upgrade_gives_the_unused_days_back(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-01"))
    old = lago.subscribe(customer, basic, at("2024-01-01"))
    lago.change_plan(old, pro, at("2024-01-12 12:00"))
    # Twenty of 31 days: 50.00 * 20 / 31 comes back, 90.00 * 20 / 31 is due.
    assert rows(lago, "credit_notes", "total_amount_cents", "reason", "balance_amount_cents") == [
        (3226, 3, 0)
    ]
    assert rows(lago, "credit_note_items", "amount_cents") == [3226]
    assert rows(
        lago, "invoices", "fees_amount_cents", "credit_notes_amount_cents", "total_amount_cents"
    ) == [(5000, 0, 5000), (5806, 3226, 2580)]
    assert rows(lago, "credits", "amount_cents", "before_taxes") == [(3226, False)]


def test_equal_yearly_price_is_an_upgrade_even_across_intervals(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    monthly = lago.plan(acme, "monthly", "10")
    yearly = lago.plan(acme, "yearly", "120", interval="yearly")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, monthly, at("2024-01-10"))
    lago.change_plan(old, yearly, at("2024-01-20"))
    assert rows(lago, "subscriptions", "status") == [TERMINATED, ACTIVE]


def test_a_cheaper_year_is_a_downgrade_that_waits(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    monthly = lago.plan(acme, "monthly", "10")
    yearly = lago.plan(acme, "yearly", "100", interval="yearly")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, monthly, at("2024-01-10"))
    lago.change_plan(old, yearly, at("2024-01-20"))
    assert rows(lago, "subscriptions", *LIFE) == [
        (ACTIVE, naive("2024-01-10"), None, None),
        (PENDING, None, None, None),
    ]
    lago.run_until(at("2024-02-02"))
    swap = naive("2024-02-01 00:10")
    assert rows(lago, "subscriptions", *LIFE) == [
        (TERMINATED, naive("2024-01-10"), swap, None),
        (ACTIVE, swap, None, None),
    ]


def test_a_change_of_mind_leaves_several_rows_after_the_same_one(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    plans = [lago.plan(acme, f"plan_{amount}", amount) for amount in (90, 50, 30)]
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, plans[0], at("2024-01-10"))
    lago.change_plan(old, plans[1], at("2024-01-15"))
    lago.change_plan(old, plans[2], at("2024-01-20"))
    lago.run_until(at("2024-02-02"))
    first, dropped, second = rows(lago, "subscriptions")
    assert dropped["previous_subscription_id"] == second["previous_subscription_id"] == first["id"]
    assert (dropped["status"], dropped["canceled_at"]) == (CANCELED, naive("2024-01-20"))
    assert (dropped["started_at"], second["status"]) == (None, ACTIVE)


def test_ending_now_drops_a_pending_downgrade(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, pro, at("2024-01-10"))
    lago.change_plan(old, basic, at("2024-01-15"))
    lago.terminate(old, at("2024-01-20 10:00"))
    lago.run_until(at("2024-03-01"))
    end = naive("2024-01-20 10:00")
    assert rows(lago, "subscriptions", *LIFE) == [
        (TERMINATED, naive("2024-01-10"), end, None),
        (CANCELED, None, None, end),
    ]


def test_a_planned_end_comes_by_the_hourly_job_of_its_local_day(lago: LagoEngine) -> None:
    acme = lago.organization("Acme", timezone="America/New_York")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10 09:00"))
    lago.subscribe(customer, basic, at("2024-01-10 09:00"), ending_at=at("2024-02-20 18:00"))
    lago.run_until(at("2024-03-02"))
    # 00:05 in New York, hours before the planned instant.
    assert rows(lago, "subscriptions", "status", "terminated_at", "ending_at") == [
        (TERMINATED, naive("2024-02-20 05:05"), naive("2024-02-20 18:00"))
    ]


def test_a_planned_end_can_be_taken_back(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    subscription = lago.subscribe(customer, basic, at("2024-01-10"))
    lago.schedule_end(subscription, at("2024-02-20"), at("2024-01-15"))
    assert rows(lago, "subscriptions", "ending_at") == [naive("2024-02-20")]
    lago.schedule_end(subscription, None, at("2024-01-16"))
    lago.run_until(at("2024-03-02"))
    assert rows(lago, "subscriptions", "status", "ending_at") == [(ACTIVE, None)]


def test_a_planned_end_goes_on_to_the_next_row(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, basic, at("2024-01-10"), ending_at=at("2024-03-10 12:00"))
    lago.change_plan(old, pro, at("2024-02-10"))
    lago.run_until(at("2024-04-01"))
    assert rows(lago, "subscriptions", "terminated_at") == [
        naive("2024-02-10 00:00:00.004"),
        naive("2024-03-10 00:05"),
    ]


def test_coming_back_is_a_new_row_without_a_predecessor(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    first = lago.subscribe(customer, basic, at("2024-01-10"), external_id="x")
    with pytest.raises(ValueError, match="already has 'x'"):
        lago.subscribe(customer, basic, at("2024-02-01"), external_id="x")
    lago.terminate(first, at("2024-02-10"))
    lago.subscribe(customer, basic, at("2024-05-10"), external_id="x")
    assert rows(lago, "subscriptions", "external_id", "previous_subscription_id", "status") == [
        ("x", None, TERMINATED),
        ("x", None, ACTIVE),
    ]


def test_a_gated_start_that_is_paid_keeps_its_start(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    lago.subscribe(customer, basic, at("2024-01-10"), gated="succeeds")
    assert rows(lago, "subscriptions", "status", "started_at", "activated_at") == [
        (INCOMPLETE, naive("2024-01-10"), None)
    ]
    assert rows(lago, "invoices", "status", "payment_status") == [(5, 0)]
    assert rows(lago, "subscription_activation_rules", "status") == ["pending"]
    lago.run_until(at("2024-01-11"))
    assert rows(lago, "subscriptions", "status", "started_at", "activated_at") == [
        (ACTIVE, naive("2024-01-10"), naive("2024-01-10 00:10"))
    ]
    assert rows(lago, "invoices", "status", "payment_status") == [(1, 1)]
    assert rows(lago, "subscription_activation_rules", "status") == ["satisfied"]


def test_a_gated_start_that_fails_keeps_a_start_it_never_lived(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    lago.subscribe(customer, basic, at("2024-01-10"), gated="fails")
    lago.run_until(at("2024-03-01"))
    (row,) = rows(lago, "subscriptions")
    assert (row["status"], row["cancellation_reason"]) == (CANCELED, "payment_failed")
    assert (row["started_at"], row["activated_at"]) == (naive("2024-01-10"), None)
    assert row["canceled_at"] == naive("2024-01-10 00:10")
    assert rows(lago, "invoices", "status") == [6]


def test_a_gated_upgrade_replaces_the_old_row_only_when_paid(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, basic, at("2024-01-10"))
    lago.change_plan(old, pro, at("2024-02-10"), gated="fails")
    assert rows(lago, "subscriptions", "status") == [ACTIVE, INCOMPLETE]
    lago.change_plan(old, pro, at("2024-02-20"), gated="succeeds")
    lago.run_until(at("2024-02-21"))
    paid = naive("2024-02-20 00:10")
    assert rows(lago, "subscriptions", "status", "started_at", "terminated_at", "activated_at") == [
        (TERMINATED, naive("2024-01-10"), paid, naive("2024-01-10")),
        (CANCELED, naive("2024-02-10"), None, None),
        (ACTIVE, naive("2024-02-20"), None, paid),
    ]


def test_an_override_swaps_the_plan_in_place_and_is_then_edited(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50", fixed_charges=[FixedCharge("seats", "10")])
    customer = lago.customer(acme, at("2024-01-10"))
    subscription = lago.subscribe(customer, basic, at("2024-01-10"))
    lago.override_price(subscription, "40", at("2024-01-20"))
    root, child = rows(lago, "plans")
    assert (child["parent_id"], child["code"]) == (root["id"], "basic")
    assert (root["amount_cents"], child["amount_cents"]) == (5000, 4000)
    (row,) = rows(lago, "subscriptions")
    assert (row["plan_id"], row["updated_at"]) == (child["id"], naive("2024-01-20"))
    of_root, of_child = rows(lago, "fixed_charges")
    assert of_child["parent_id"] == of_root["id"]
    lago.override_price(subscription, "35", at("2024-02-20"))
    assert rows(lago, "plans", "amount_cents") == [5000, 3500]
    assert rows(lago, "subscriptions", "plan_id") == [child["id"]]


def test_an_edited_price_counts_from_the_next_invoice(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-01"))
    lago.subscribe(customer, basic, at("2024-01-01"))
    lago.edit_plan_price(basic, "60", at("2024-01-15"))
    lago.run_until(at("2024-02-02"))
    assert [price for *_, price in base_fees(lago)] == [5000, 6000]
    assert rows(lago, "plans", "amount_cents", "updated_at") == [(6000, naive("2024-01-15"))]
    assert rows(lago, "versions", "event", "object_changes") == [
        ("create", {"amount_cents": [None, 5000]}),
        ("update", {"amount_cents": [5000, 6000]}),
    ]


def test_deleting_a_plan_ends_all_its_subscriptions(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    one, two = (lago.customer(acme, at("2024-01-10")) for _ in range(2))
    lago.subscribe(one, basic, at("2024-01-10"))
    overridden = lago.subscribe(two, basic, at("2024-01-10"))
    lago.override_price(overridden, "40", at("2024-01-11"))
    kept = lago.subscribe(two, pro, at("2024-01-12"))
    lago.change_plan(kept, basic, at("2024-01-13"))
    lago.subscribe(one, basic, at("2024-01-19 23:59"), gated="succeeds")
    lago.delete_plan(basic, at("2024-01-20"))
    lago.run_until(at("2024-03-01"))
    assert rows(lago, "subscriptions", "status") == [
        TERMINATED,
        CANCELED,
        TERMINATED,
        ACTIVE,
        CANCELED,
    ]
    assert rows(lago, "plans", "deleted_at") == [
        naive("2024-01-20"),
        None,
        naive("2024-01-20"),
    ]


def test_deleting_a_customer_ends_its_subscriptions_minutes_later(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic = lago.plan(acme, "basic", "50")
    customer = lago.customer(acme, at("2024-01-10"))
    lago.subscribe(customer, basic, at("2024-01-10"))
    lago.delete_customer(customer, at("2024-01-20 10:00"))
    assert rows(lago, "customers", "deleted_at") == [naive("2024-01-20 10:00")]
    assert rows(lago, "subscriptions", "terminated_at") == [naive("2024-01-20 10:02")]


def test_a_country_changes_in_place(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    customer = lago.customer(acme, at("2024-01-10"), country="DE")
    lago.change_country(customer, "FR", at("2024-02-10"))
    assert rows(lago, "customers", "country", "updated_at") == [("FR", naive("2024-02-10"))]


def test_units_are_events_and_an_override_row(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    team = lago.plan(acme, "team", "50", fixed_charges=[FixedCharge("seats", "10", units=2)])
    customer = lago.customer(acme, at("2024-01-10"))
    subscription = lago.subscribe(customer, team, at("2024-01-10"))
    assert rows(lago, "subscription_fixed_charge_units_overrides") == []
    lago.set_units(subscription, "seats", 7, at("2024-01-15"))
    lago.set_units(subscription, "seats", 9, at("2024-01-20"), immediately=False)
    assert rows(lago, "fixed_charge_events", "units", "timestamp", "created_at") == [
        (Decimal(2), naive("2024-01-10"), naive("2024-01-10")),
        (Decimal(7), naive("2024-01-15"), naive("2024-01-15")),
        (Decimal(9), naive("2024-02-01"), naive("2024-01-20")),
    ]
    assert rows(lago, "subscription_fixed_charge_units_overrides", "units") == [Decimal(9)]
    lago.run_until(at("2024-03-02"))
    assert rows(lago, "fees", "units", "amount_cents", fee_type=5) == [
        (Decimal(7), 7000),
        (Decimal(9), 9000),
    ]


def test_time_only_runs_forwards(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    customer = lago.customer(acme, at("2024-01-10"))
    with pytest.raises(ValueError, match="only runs forwards"):
        lago.change_country(customer, "FR", at("2024-01-09"))


def test_a_billing_run_does_not_start_what_waits_for_its_payment(lago: LagoEngine) -> None:
    acme = lago.organization("Acme")
    basic, pro = lago.plan(acme, "basic", "50"), lago.plan(acme, "pro", "90")
    customer = lago.customer(acme, at("2024-01-10"))
    old = lago.subscribe(customer, basic, at("2024-01-10"))
    lago.change_plan(old, pro, at("2024-02-01 00:05"), gated="fails")
    lago.run_until(at("2024-02-02"))
    assert rows(lago, "subscriptions", "status") == [ACTIVE, CANCELED]
    assert [price for *_, price in base_fees(lago)] == [5000, 9000, 5000]
