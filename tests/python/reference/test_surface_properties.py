"""What holds for any surface under any options."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .surface.books import Books, compute
from .surface.builders import AS_OF, SurfaceRows, check

RATES = [
    (date(2025, 1, 1), "USD", Decimal("1.10")),
    (date(2025, 2, 1), "USD", Decimal("1.30")),
    (date(2025, 2, 10), "GBP", Decimal("0.85")),
]
# Ten decimals of one currency are this much in another.
CENTS_OF_A_RATE = Decimal("1e-8")
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
OPTIONS: dict[str, list[Any]] = {
    "mrr_discounts": ["recurring", "none", "forever", "all"],
    "mrr_past_due": ["keep", "exclude", "churn_after_days(5)"],
    "mrr_paused": ["zero", "keep"],
    "mrr_usage": ["exclude", "last_period", "trailing_2", "component"],
    "mrr_start_at": ["trial_end", "subscription_start", "first_payment"],
    "mrr_commitments": ["include", "exclude"],
    "mrr_tax": ["exclude", "include"],
    "reporting_timezone": ["UTC", "America/New_York", "Asia/Kolkata"],
    "reporting_currency": ["USD", "EUR", None],
    "fx_mode": ["daily", "month_end", "at_start"],
    "movement_level": ["customer", "subscription", "plan"],
    "free_to_paid": ["new", "expansion"],
    "paid_to_free": ["churn", "contraction"],
    "discount_as_movement": ["true", "separate_type"],
    "netting": ["day", "none", "60min", "month"],
    "reactivation_max_gap_days": [None, 10],
    "churn_date": ["service_end", "cancel_effective", "cancel_requested"],
    "refunds": ["ignore", "full_refund_voids"],
    "as_reported_at": [None, "2025-02-15"],
}
# What may be wrong with an interval, if anything.
DEFECTS: list[dict[str, Any]] = [
    {"customer_id": "nobody"},
    {"quantity": -1},
    {"amount": Decimal(-1)},
    {"amount": Decimal("NaN")},
    {"currency": "Dollar"},
    {"period_unit": "quarter"},
    {"valid_from": BEGIN},
    {"valid_to": BEGIN},
    {"valid_to": BEGIN + timedelta(days=40)},
    {"valid_to": BEGIN + timedelta(days=40_000)},
    {"plan": None},
    {"scheduled_end_at": AS_OF - timedelta(days=1)},
    {"scheduled_end_at": AS_OF - timedelta(hours=3)},
    {"scheduled_end_at": AS_OF + timedelta(days=40_000)},
]
defects = st.sampled_from([{}] * 3 * len(DEFECTS) + DEFECTS)
hours = st.integers(min_value=0, max_value=24 * 60).map(lambda n: BEGIN + timedelta(hours=n))
maybe_hours = st.none() | hours


@st.composite
def surfaces(draw: st.DrawFn) -> SurfaceRows:
    surface = SurfaceRows()
    for subscription in ("a", "b", "c"):
        cuts = sorted(draw(st.sets(hours, min_size=1, max_size=5)))
        lasts = draw(st.none() | st.integers(1, 24 * 30))
        end = None if lasts is None else cuts[-1] + timedelta(hours=lasts)
        cancelled = draw(maybe_hours)
        for start, stop in zip(cuts, [*cuts[1:], end], strict=True):
            if stop is not None and draw(st.integers(0, 5)) == 0:
                continue
            quantity = draw(st.integers(0, 3))
            surface.item(
                "2025-01-01",
                None,
                quantity * draw(st.sampled_from([0, 10, 25])),
                plan=draw(st.sampled_from(["free", "plus", "pro"])),
                subscription=subscription,
                quantity=quantity,
                forever_discount=draw(st.sampled_from([0, 0, 3, 30])),
                repeating_discount=draw(st.sampled_from([0, 0, 7])),
                status=draw(
                    st.sampled_from(["active", "active", "trialing", "paused", "past_due"])
                ),
                currency=draw(st.sampled_from(["EUR", "USD", "GBP"])),
                period_unit=draw(st.sampled_from(["month", "month", "year", "week"])),
                charge_kind=draw(
                    st.sampled_from(["licensed", "licensed", "commitment", "metered"])
                ),
                is_voluntary_cancel=draw(st.sampled_from([None, True, False])),
                cancel_requested_at=cancelled,
                cancel_effective_at=cancelled and cancelled + timedelta(days=3),
                recorded_at=start + timedelta(days=draw(st.integers(0, 20))),
            )
            surface.rows["subscription_intervals"][-1].update(valid_from=start, valid_to=stop)
            surface.rows["subscription_intervals"][-1].update(draw(defects))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(hours)
        amount = draw(st.integers(0, 40))
        surface.line(
            draw(st.sampled_from(["recurring", "usage"])),
            amount,
            "2025-01-01",
            "2025-02-01",
            subscription_id=draw(st.sampled_from("abc")),
            plan=draw(st.sampled_from(["basic", "basic", "plus", None])),
            service_from=start,
            service_to=start + timedelta(days=draw(st.integers(1, 31))),
            tax=draw(st.integers(0, 9)),
            paid_at=draw(maybe_hours),
            refunded=draw(st.sampled_from([0, amount])),
        )
    return surface


@st.composite
def choices(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sets(st.sampled_from(sorted(OPTIONS)), max_size=6))
    chosen = {name: draw(st.sampled_from(OPTIONS[name])) for name in sorted(names)}
    # What would contradict is left at its default.
    if chosen.get("reporting_currency") is None:
        chosen.pop("fx_mode", None)
    if chosen.get("movement_level", "customer") != "customer":
        chosen.pop("free_to_paid", None)
        chosen.pop("paid_to_free", None)
    if chosen.get("mrr_discounts") == "none":
        chosen.pop("discount_as_movement", None)
    return {"trial_converted_when": "first_payment", **chosen}


def computed(surface: SurfaceRows, chosen: dict[str, Any]) -> Books:
    variables = {f"tidemill_{name}": value for name, value in chosen.items()}
    return compute(surface.rows, variables, AS_OF, RATES)


@given(surfaces(), choices())
def test_the_ledger_ends_where_the_states_do(surface: SurfaceRows, chosen: dict[str, Any]) -> None:
    check(computed(surface, chosen))


@given(surfaces(), choices())
def test_what_only_moves_adds_up_to_nothing(surface: SurfaceRows, chosen: dict[str, Any]) -> None:
    books = computed(surface, {**chosen, "netting": "day"})
    moved: dict[tuple[str, date, str], list[Any]] = defaultdict(list)
    for movement in books.movements:
        if movement.type == "transfer":
            key = movement.level_id, movement.day, movement.reporting_currency
            moved[key].append(movement)
    for movements in moved.values():
        total = sum((m.reporting_amount for m in movements), Decimal(0))
        assert abs(total) < CENTS_OF_A_RATE
        if chosen.get("reporting_currency") is None:
            assert total == 0


@given(surfaces(), choices())
def test_a_level_begins_once_and_ends_only_what_it_had(
    surface: SurfaceRows, chosen: dict[str, Any]
) -> None:
    # Without a greatest gap each level is new at most once, before it churns or comes back.
    chosen.pop("reactivation_max_gap_days", None)
    books = computed(surface, chosen)
    kinds: dict[str, list[str]] = defaultdict(list)
    for movement in books.movements:
        if movement.type in ("new", "churn", "reactivation"):
            known = kinds[movement.level_id]
            if known[-1:] != [movement.type]:
                known.append(movement.type)
    for known in kinds.values():
        assert known.count("new") <= 1
        assert "new" not in known[1:]


@given(surfaces(), choices())
def test_balances_at_their_start_rates_are_the_sum_of_the_movements(
    surface: SurfaceRows, chosen: dict[str, Any]
) -> None:
    books = computed(surface, {**chosen, "reporting_currency": "USD", "fx_mode": "at_start"})
    for unit in books.units():
        level = books.reporting_level(unit, books.last_day)
        closing = sum((amount for _, amount in level.values()), Decimal(0))
        moved = sum((m.reporting_amount for m in books.movements if m.unit == unit), Decimal(0))
        assert abs(closing - moved) < CENTS_OF_A_RATE
