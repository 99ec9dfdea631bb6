"""Random histories: the simulator plays them, and the reference obeys its own invariants."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given

from reference.items import Options
from reference.ledger import Result, compute
from tidemill_cli.demo.lago.engine import LagoEngine

from .actions import Action
from .catalogue import START
from .histories import histories
from .mutations import Mutation, mutate, mutations
from .play import END, play

ZONES = ("UTC", "America/New_York", "Asia/Tokyo")


@given(history=histories(), changes=mutations())
def test_the_reference_holds_its_invariants_over_any_history(
    history: list[Action], changes: list[Mutation]
) -> None:
    played = play(LagoEngine(seed=1, start=START), history)
    rows = mutate(played.rows, changes)
    for zone in ZONES:
        options = Options(reporting_timezone=zone)
        result = compute(rows, played.history, END, options)
        # Nothing changes on a day on which no known instant falls.
        assert result == compute(rows, played.history, END, options, every_day=True)
        check_invariants(result)


@given(history=histories())
def test_what_is_known_earlier_is_a_prefix_of_what_is_known_later_without_scheduled_ends(
    history: list[Action],
) -> None:
    # An interval that lies before now does not depend on now.
    played = play(LagoEngine(seed=1, start=START), history)
    for subscription in played.rows.get("subscriptions", ()):
        if subscription["status"] == 1:
            subscription["ending_at"] = None
    halfway = END - timedelta(days=90)
    early = compute(played.rows, played.history, halfway)
    late = compute(played.rows, played.history, END)
    before = halfway.date()
    assert [m for m in early.movements if m.day < before] == [
        m for m in late.movements if m.day < before
    ]


def check_invariants(result: Result) -> None:
    news = [m.customer_id for m in result.movements if m.type == "new"]
    firsts = {(m.customer_id, m.day) for m in result.movements if m.type == "new"}
    assert len(set(news)) == len(firsts), "a customer is new on one day only"
    for _, level in result.days():
        assert all(amount > 0 for amount in level.values())
    for movement in result.movements:
        assert sum(movement.changes.values()) == movement.total
        assert (movement.total == 0) == (movement.type == "transfer")
    for grain in ("day", "week", "month", "quarter", "year"):
        for row in result.waterfall_totals(grain).values():
            gains = row.new + row.reactivation + row.expansion
            losses = row.contraction + row.churn
            assert row.opening + gains - losses == row.closing
    total: Decimal = sum((m.total for m in result.movements), Decimal(0))
    assert total == sum(result.levels(result.last_day).values())
