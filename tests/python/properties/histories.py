"""Hypothesis strategies: sequences of actions over a small catalogue and half a year."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from .actions import (
    Action,
    Capture,
    ChangeCountry,
    ChangePlan,
    DeleteCustomer,
    DeletePlan,
    DisputeInvoice,
    EditPlanPrice,
    EditSeatPrice,
    GiveCoupon,
    OverridePrice,
    ScheduleEnd,
    SetUnits,
    Subscribe,
    TakeCoupon,
    Terminate,
    VoidInvoice,
)
from .catalogue import COUPONS, CUSTOMERS, DAYS, PLANS, SLOTS, START

# Midnights of the three zones and the minutes around them, and the middle of a day.
TIMES = (0, 1, 4 * 60, 5 * 60, 5 * 60 + 20, 12 * 60, 14 * 60 + 59, 15 * 60, 23 * 60 + 59)


def instants(first_day: int = 0, last_day: int = DAYS - 1) -> st.SearchStrategy[datetime]:
    """Instants that fall on and around the edges of days."""
    return st.builds(
        lambda day, minute, milliseconds: (
            START + timedelta(days=day, minutes=minute, milliseconds=milliseconds)
        ),
        st.integers(first_day, last_day),
        st.sampled_from(TIMES),
        st.sampled_from((0, 0, 0, 1, 59_999)),
    )


def spans(first_day: int, last_day: int) -> st.SearchStrategy[timedelta]:
    """Spans of days, some with a part of a day."""
    return st.builds(
        lambda days, hours: timedelta(days=days, hours=hours),
        st.integers(first_day, last_day),
        st.sampled_from((0, 0, 7)),
    )


AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "15", "35.55", "50", "120")])
PLAN_CODES = st.sampled_from(sorted(PLANS))
COUPON_CODES = st.sampled_from(sorted(COUPONS))
UNITS = st.integers(0, 12)
# The first slot more often: what follows on one subscription matters most.
ANY_SLOT = st.sampled_from((0, 0, *range(SLOTS)))


def subscribes(
    customers: st.SearchStrategy[int], last_day: int = DAYS - 1
) -> st.SearchStrategy[Subscribe]:
    """Subscriptions: most of them plain, some back-dated, future, ending or payment gated."""
    return st.builds(
        Subscribe,
        at=instants(0, last_day),
        customer=customers,
        slot=ANY_SLOT,
        plan=PLAN_CODES,
        billing_time=st.sampled_from(("calendar", "anniversary")),
        starts_in=st.one_of(st.just(timedelta(0)), st.just(timedelta(0)), spans(-70, 20)),
        ends_in=st.one_of(st.none(), st.none(), st.none(), spans(1, 90)),
        units=st.one_of(st.none(), UNITS),
        gated=st.sampled_from((None, None, None, None, "succeeds", "fails")),
        keeps_external_id=st.booleans(),
    )


# How often each kind of action is drawn, of all of these together.
WEIGHTS: dict[type[Action], int] = {
    ChangePlan: 6,
    SetUnits: 4,
    Terminate: 3,
    Subscribe: 3,
    GiveCoupon: 3,
    OverridePrice: 3,
    EditPlanPrice: 3,
    Capture: 3,
    EditSeatPrice: 2,
    ScheduleEnd: 2,
    TakeCoupon: 1,
    ChangeCountry: 1,
    VoidInvoice: 1,
    DisputeInvoice: 1,
    DeletePlan: 1,
    DeleteCustomer: 1,
}


def actions(customers: st.SearchStrategy[int]) -> st.SearchStrategy[Action]:
    """Any action at any time; what makes no sense when its time comes is left out by `play`."""
    at = instants()
    place = {"at": at, "customer": customers, "slot": ANY_SLOT}
    person = {"at": at, "customer": customers}
    ends = st.one_of(st.none(), spans(0, 60))
    builders: dict[type[Action], st.SearchStrategy[Action]] = {
        ChangePlan: st.builds(ChangePlan, **place, plan=PLAN_CODES),
        SetUnits: st.builds(SetUnits, **place, units=UNITS, immediately=st.booleans()),
        Terminate: st.builds(Terminate, **place),
        Subscribe: subscribes(customers),
        GiveCoupon: st.builds(GiveCoupon, **person, coupon=COUPON_CODES),
        OverridePrice: st.builds(OverridePrice, **place, amount=AMOUNTS),
        EditPlanPrice: st.builds(EditPlanPrice, **place, amount=AMOUNTS),
        Capture: st.builds(Capture, at=at),
        EditSeatPrice: st.builds(EditSeatPrice, **place, amount=AMOUNTS),
        ScheduleEnd: st.builds(ScheduleEnd, **place, ends_in=ends),
        TakeCoupon: st.builds(TakeCoupon, **person, index=st.integers(0, 1)),
        ChangeCountry: st.builds(
            ChangeCountry, **person, country=st.sampled_from(("DE", "FR", "US"))
        ),
        VoidInvoice: st.builds(VoidInvoice, **person, regenerate=st.booleans()),
        DisputeInvoice: st.builds(DisputeInvoice, **person),
        DeletePlan: st.builds(DeletePlan, **place),
        DeleteCustomer: st.builds(DeleteCustomer, **person),
    }
    kinds = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    return st.sampled_from(kinds).flatmap(lambda kind: builders[kind])


@st.composite
def comebacks(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """A subscription ends, and within the day or weeks later another one follows."""
    leave = draw(st.builds(Terminate, at=instants(40, 150), customer=customers, slot=st.just(0)))
    gap = draw(st.sampled_from((timedelta(hours=2), timedelta(days=1), timedelta(days=25))))
    plan, keeps = draw(PLAN_CODES), draw(st.booleans())
    join = Subscribe(leave.at + gap, leave.customer, leave.slot, plan, keeps_external_id=keeps)
    return [leave, join]


@st.composite
def discounted(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """A customer with two coupons for what it has, one of which is perhaps taken away."""
    customer = draw(customers)
    plan = draw(st.sampled_from(("basic", "team", "later", "yen")))
    join = draw(st.builds(Subscribe, instants(0, 90), st.just(customer), ANY_SLOT, st.just(plan)))
    story: list[Action] = [join]
    for coupon in draw(st.lists(COUPON_CODES, min_size=2, max_size=2, unique=True)):
        story.append(GiveCoupon(join.at, customer, coupon))
    if draw(st.booleans()):
        story.append(TakeCoupon(join.at + draw(spans(1, 70)), customer, draw(st.integers(0, 1))))
    return story


@st.composite
def recounts(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """The units of the next period are stated, and stated again the day after."""
    first = draw(st.builds(SetUnits, instants(20, 150), customers, ANY_SLOT, UNITS, st.just(False)))
    again = replace(first, at=first.at + timedelta(days=1), units=draw(UNITS))
    return [first, again]


@st.composite
def histories(draw: st.DrawFn, max_actions: int = 18) -> list[Action]:
    """Histories in order of time: some first subscriptions, then anything, and short stories."""
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(CUSTOMERS) - 1)] * 2)))
    history: list[Action] = [
        draw(subscribes(st.just(customer), last_day=60)) for customer in range(first, last + 1)
    ]
    # Left alone, lists are short; most of what can go wrong takes several steps.
    at_least = draw(st.integers(0, max_actions))
    some_customer = st.integers(first, last)
    history += draw(st.lists(actions(some_customer), min_size=at_least, max_size=max_actions))
    stories = st.one_of(
        comebacks(some_customer), discounted(some_customer), recounts(some_customer)
    )
    for story in draw(st.lists(stories, max_size=3)):
        history += story
    return sorted(history, key=lambda action: action.at)
