"""Random histories of Stripe: what the models make of what is left of them is what truly happened.

The project is built once, over empty landings. Each example loads what one of them would hold at
the end, fills the models, and compares their intervals with the truth, which heard every event.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from reference.stripe.truth import subscription_intervals
from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.schema import GENERATIONS, Generation

from .actions import Subscribe
from .build import Row, StripeBuild
from .catalogue import START
from .compare import KINDS, PERIOD, differences
from .histories import Example, examples
from .play import END, Played, play
from .unknown import Invoices, of_captures, of_events, of_landing
from .unpriced import of_prices

BILLED = ("customer_id", "actual_plan_id", "quantity", "amount", "currency", *PERIOD)


def played(example: Example) -> Played:
    """Play an example in its version of the API, or in one that changes on the way."""
    if example.shape == "turning":
        turns = START + timedelta(days=120)
        return play(StripeEngine(1, START, clover_from=turns), example.history)
    return play(StripeEngine(1, START, example.shape), example.history)


def truth(of: Played) -> list[Row]:
    return subscription_intervals(of.events, of.prices, of.discounts, of.tax_rates)


def licensed(rows: list[Row]) -> list[Row]:
    """Leave out what is metered: no invoice says beforehand that it is there."""
    return [row for row in rows if row["charge_kind"] == "licensed"]


def with_sums(rows: list[Row]) -> list[Row]:
    """Add what is compared of rows that are otherwise only compared with."""
    return [{**row, "discount": sum(row[kind] for kind in KINDS)} for row in rows]


@given(example=examples())
def test_kept_events_tell_everything(build: StripeBuild, example: Example) -> None:
    happened, build = played(example), build.over(example.generation)
    rows = truth(happened)
    unknown = of_events(happened, rows, build.generation)
    found = differences(rows, build.intervals(happened, events=True), unknown)
    assert not found, "\n".join(found[:20])


def test_an_amount_off_is_borne_by_what_costs_something(build: StripeBuild) -> None:
    # "floor" sells whole packages of three: one unit of it costs nothing.
    items = (("basic", 1), ("floor", 1))
    happened = played(Example([Subscribe(START, 0, 0, items, coupons=("twenty_off",))], "acacia"))
    built = build.intervals(happened, events=True)
    assert differences(truth(happened), built) == []


@given(example=examples())
def test_invoices_tell_what_they_can(build: StripeBuild, example: Example) -> None:
    happened, build = played(example), build.over(example.generation)
    rows = truth(happened)
    unknown = of_landing(happened, rows, build.generation)
    found = differences(licensed(rows), licensed(build.intervals(happened)), unknown)
    assert not found, "\n".join(found[:20])


@given(example=examples())
def test_captures_tell_what_lasts_from_one_to_the_next(
    build: StripeBuild, example: Example
) -> None:
    happened, build = played(example), build.over(example.generation)
    rows = truth(happened)
    unknown = of_captures(happened, rows, build.generation)
    built = build.intervals(happened, captures=True)
    found = differences(licensed(rows), licensed(built), unknown)
    assert not found, "\n".join(found[:20])


@given(example=examples())
def test_events_captures_and_invoices_agree_where_they_overlap(
    build: StripeBuild, example: Example
) -> None:
    happened, build = played(example), build.over(example.generation)
    rows = truth(happened)
    told = build.intervals(happened, events=True)
    captured = build.intervals(happened, captures=True)
    invoiced = build.intervals(happened)
    of_kept = of_events(happened, rows, build.generation)
    of_seen = [*of_kept, *of_captures(happened, rows, build.generation)]
    of_billed = [*of_kept, *of_landing(happened, rows, build.generation)]
    # No word of the reference is in this: what it knows is only where each of them cannot know.
    found = [
        *differences(licensed(with_sums(told)), licensed(captured), of_seen),
        *differences(licensed(with_sums(told)), licensed(invoiced), of_billed),
        *differences(licensed(with_sums(captured)), licensed(invoiced), [*of_seen, *of_billed]),
    ]
    assert not found, "\n".join(found[:20])


@given(example=examples())
def test_a_subscription_that_never_landed_is_told_by_its_invoices(
    build: StripeBuild, example: Example
) -> None:
    # Engines may fill a landing without the subscriptions that were cancelled before.
    happened, build = played(example), build.over(example.generation)
    forgotten = {
        doc["id"]
        for doc in happened.objects.get("subscriptions", ())
        if doc["status"] == "canceled"
    }
    built = build.intervals(happened, forgets=forgotten)
    others = [row for row in build.intervals(happened) if row["subscription_id"] not in forgotten]
    known = [row for row in built if row["subscription_id"] not in forgotten]
    found = differences(with_sums(others), known)
    spoken, rows = Invoices(happened), truth(happened)
    unpriced = [*of_prices(happened, rows)]
    for row in licensed(rows):
        if row["subscription_id"] in forgotten and row["status"] in ("active", "past_due"):
            item, until = (row["subscription_id"], row["item_id"]), row["valid_to"] or END
            # What a tier or the tax in a price is, no bill may have told.
            if any(each.covers(item, row["valid_from"], until, "amount") for each in unpriced):
                continue
            for start in spoken.billed[row["item_id"]]:
                moment = datetime.fromtimestamp(start, UTC)
                if row["valid_from"] <= moment < (row["valid_to"] or END):
                    found += unlike(row, built, moment)
    assert not found, "\n".join(found[:20])


def unlike(row: Row, built: list[Row], moment: datetime) -> list[str]:
    """Tell how what is built for an item at an instant is not what is billed for it then."""
    (*_, told) = [
        {},
        *(
            {column: one[column] for column in BILLED}
            for one in built
            if one["item_id"] == row["item_id"]
            and one["valid_from"] <= moment < (one["valid_to"] or END)
        ),
    ]
    wanted = {column: row[column] for column in BILLED}
    return [] if told == wanted else [f"{row['item_id']} at {moment}: {told}, in truth {wanted}"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_of_two_changes_within_a_second_the_landing_keeps_the_first(
    build: StripeBuild, generation: Generation
) -> None:
    # Sync engines take an event only when it is newer than what they have, and know whole seconds.
    stripe = StripeEngine(1, START)
    account = stripe.account("Acme")
    price = stripe.price(stripe.product(account, "Basic"), "50")
    subscription = stripe.subscribe(stripe.customer(account, START), price, START)
    late = END - timedelta(days=3)
    for quantity in (2, 3):
        stripe.set_quantity(subscription, quantity, late, proration_behavior="none")
    stripe.run_until(END)
    objects, second = stripe.objects(), int(late.timestamp())
    kept = next(event for event in stripe.events() if event["created"] == second)
    objects["subscriptions"] = [{**objects["subscriptions"][0], **kept["data"]["object"]}]
    happened = Played(objects, stripe.events(), [], {price.id: price}, {})
    build = build.over(generation)
    quantities = {
        events: sorted(row["quantity"] for row in build.intervals(happened, events=events))
        for events in (False, True)
    }
    assert quantities == {False: [1, 2], True: [1, 3]}
