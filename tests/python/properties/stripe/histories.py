"""Hypothesis strategies: sequences of actions over a small catalogue and nine months, landed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import strategies as st

from tidemill_cli.demo.stripe.schema import Generation

from .actions import (
    Action,
    AddItem,
    Cancel,
    Capture,
    ChangeCountry,
    ChangePrice,
    DeleteCustomer,
    GiveBack,
    GiveCoupon,
    GiveUpInvoice,
    MoveTrialEnd,
    Pause,
    PayInvoice,
    PlanEnd,
    PlanItems,
    PlanStart,
    Release,
    RemoveItem,
    Resume,
    SetCard,
    SetQuantity,
    Subscribe,
    TakeBackEnd,
    TakeCoupon,
    Use,
)
from .catalogue import COUPONS, CUSTOMERS, DAYS, PRICES, SLOTS, START

# Few times of a day, so that things fall on the ends of periods; whole seconds, as Stripe's are.
TIMES = (0, 0, 1, 3600, 12 * 3600, 86_399)


@dataclass(frozen=True)
class Example:
    """A history, the version of the API in which Stripe tells of it, and what lands it."""

    history: list[Action]
    shape: Literal["acacia", "clover", "turning"]
    generation: Generation = "v1"


def instants(first_day: int = 0, last_day: int = DAYS - 1) -> st.SearchStrategy[datetime]:
    """Instants that fall on and around the edges of days."""
    return st.builds(
        lambda day, second: START + timedelta(days=day, seconds=second),
        st.integers(first_day, last_day),
        st.sampled_from(TIMES),
    )


def spans(first_day: int, last_day: int) -> st.SearchStrategy[timedelta]:
    """Spans of days, some with a part of a day."""
    return st.builds(
        lambda days, hours: timedelta(days=days, hours=hours),
        st.integers(first_day, last_day),
        st.sampled_from((0, 0, 7)),
    )


# The simplest to explain comes first.
LANDED_BY: st.SearchStrategy[Generation] = st.sampled_from(("v1", "classic", "replit", "v2"))
CUSTOMER = st.integers(0, len(CUSTOMERS) - 1)
PRICE_CODES = st.sampled_from(sorted(PRICES))
COUPON_CODES = st.sampled_from(sorted(COUPONS))
QUANTITIES = st.integers(1, 12)
# The first slot more often: what follows on one subscription matters most.
ANY_SLOT = st.sampled_from((0, 0, *range(SLOTS)))
ITEM = st.sampled_from((0, 0, 1, 2))
PRORATION: st.SearchStrategy[Literal["create_prorations", "always_invoice", "none"]]
PRORATION = st.sampled_from(
    ("create_prorations", "create_prorations", "always_invoice", "always_invoice", "none")
)
PROPORTION = {
    cadence: sorted(code for code, p in PRICES.items() if (p.interval, p.count) == cadence)
    for cadence in {(p.interval, p.count) for p in PRICES.values()}
}
BASKETS = st.one_of(
    st.tuples(st.tuples(PRICE_CODES, QUANTITIES)),
    st.tuples(st.tuples(PRICE_CODES, QUANTITIES)),
    st.lists(st.sampled_from(PROPORTION["month", 1]), min_size=1, max_size=3, unique=True).flatmap(
        lambda codes: st.tuples(*[st.tuples(st.just(code), QUANTITIES) for code in codes])
    ),
)
LICENSED = BASKETS.filter(lambda items: not any(PRICES[code].metered for code, _ in items))


@st.composite
def subscribes(
    draw: st.DrawFn, customers: st.SearchStrategy[int], last_day: int = DAYS - 1
) -> Subscribe:
    """Subscriptions: most of them plain, some on trial, back-dated, anchored, sent or ending."""
    made = draw(
        st.builds(
            Subscribe,
            at=instants(0, last_day),
            customer=customers,
            slot=ANY_SLOT,
            items=BASKETS,
            coupons=st.lists(COUPON_CODES, max_size=2, unique=True).map(tuple),
            days_until_due=st.sampled_from((None, None, None, 3, 30)),
            after_retries=st.sampled_from(("cancel", "unpaid", "leave")),
            flexible=st.booleans(),
            itemized=st.booleans(),
        )
    )
    kind = draw(st.sampled_from(("plain", "plain", "trial", "trial", "past", "anchor", "ends")))
    if kind == "trial":
        missing = draw(st.sampled_from(("create_invoice", "cancel", "pause")))
        days = draw(st.sampled_from((7, 14, 30)))
        return replace(made, trial_days=days, missing_card=missing)
    if kind == "past":
        return replace(made, starts_ago=draw(spans(1, 70)))
    if kind == "anchor":
        # Shorter than every period there is.
        return replace(made, anchored_in=draw(spans(1, 6)))
    if kind == "ends":
        return replace(made, cancels_in=draw(spans(1, 90)))
    return made


# How often each kind of action is drawn, of all of these together.
WEIGHTS: dict[type[Action], int] = {
    ChangePrice: 6,
    SetQuantity: 6,
    AddItem: 3,
    RemoveItem: 3,
    Cancel: 2,
    PlanEnd: 3,
    TakeBackEnd: 1,
    Pause: 2,
    Resume: 2,
    MoveTrialEnd: 1,
    Use: 1,
    PlanItems: 2,
    PlanStart: 1,
    Release: 1,
    GiveCoupon: 5,
    TakeCoupon: 2,
    SetCard: 4,
    PayInvoice: 2,
    GiveUpInvoice: 1,
    GiveBack: 1,
    ChangeCountry: 1,
    DeleteCustomer: 1,
    Subscribe: 3,
    Capture: 4,
}


def actions(customers: st.SearchStrategy[int]) -> st.SearchStrategy[Action]:
    """Any action at any time; what makes no sense when its time comes is left out by `play`."""
    at = instants()
    person = {"at": at, "customer": customers}
    place = {**person, "slot": ANY_SLOT}
    maybe_soon = st.one_of(st.none(), spans(1, 60))
    builders: dict[type[Action], st.SearchStrategy[Action]] = {
        ChangePrice: st.builds(
            ChangePrice,
            **place,
            item=ITEM,
            price=PRICE_CODES.filter(lambda code: not PRICES[code].metered),
            quantity=st.one_of(st.none(), QUANTITIES),
            proration=PRORATION,
            new_item=st.booleans(),
        ),
        SetQuantity: st.builds(
            SetQuantity, **place, item=ITEM, quantity=QUANTITIES, proration=PRORATION
        ),
        AddItem: st.builds(
            AddItem, **place, price=PRICE_CODES, quantity=QUANTITIES, proration=PRORATION
        ),
        RemoveItem: st.builds(RemoveItem, **place, item=ITEM, proration=PRORATION),
        Cancel: st.builds(
            Cancel,
            **place,
            reason=st.sampled_from(
                ("cancellation_requested", "payment_failed", "payment_disputed")
            ),
        ),
        PlanEnd: st.builds(PlanEnd, **place, ends_in=maybe_soon),
        TakeBackEnd: st.builds(TakeBackEnd, **place),
        Pause: st.builds(
            Pause,
            **place,
            behavior=st.sampled_from(("void", "keep_as_draft", "mark_uncollectible")),
            resumes_in=maybe_soon,
        ),
        Resume: st.builds(Resume, **place),
        MoveTrialEnd: st.builds(MoveTrialEnd, **place, ends_in=spans(0, 20)),
        Use: st.builds(Use, **place, units=st.integers(1, 99)),
        PlanItems: st.builds(
            PlanItems, **place, items=LICENSED, starts_in=spans(1, 50), proration=PRORATION
        ),
        PlanStart: st.builds(PlanStart, **person, items=LICENSED, starts_in=spans(1, 50)),
        Release: st.builds(Release, **person),
        GiveCoupon: st.builds(
            GiveCoupon,
            **person,
            slot=st.one_of(ANY_SLOT, ANY_SLOT, st.none()),
            coupon=COUPON_CODES,
            item=st.one_of(st.none(), st.none(), ITEM),
        ),
        TakeCoupon: st.builds(TakeCoupon, **person, index=st.integers(0, 1)),
        SetCard: st.builds(
            SetCard, **person, present=st.sampled_from((True, True, False)), failing=st.booleans()
        ),
        PayInvoice: st.builds(PayInvoice, **person),
        GiveUpInvoice: st.builds(GiveUpInvoice, **person, voided=st.booleans()),
        GiveBack: st.builds(
            GiveBack, **person, percent=st.sampled_from((30, 100)), credit_note=st.booleans()
        ),
        ChangeCountry: st.builds(
            ChangeCountry, **person, country=st.sampled_from(("DE", "FR", "US"))
        ),
        DeleteCustomer: st.builds(DeleteCustomer, **person),
        Subscribe: subscribes(customers),
        Capture: st.builds(Capture, at=at),
    }
    kinds = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    return st.sampled_from(kinds).flatmap(lambda kind: builders[kind])


@st.composite
def changes_of_heart(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """An end is planned, taken back, and perhaps planned again."""
    customer, slot = draw(customers), draw(ANY_SLOT)
    first = draw(instants(20, 200))
    ends_in = draw(st.one_of(st.none(), spans(20, 60)))
    story: list[Action] = [
        PlanEnd(first, customer, slot, ends_in),
        TakeBackEnd(first + draw(spans(1, 10)), customer, slot),
    ]
    if draw(st.booleans()):
        story.append(PlanEnd(first + timedelta(days=15), customer, slot))
    return story


@st.composite
def troubles(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """A card is declined, and later works again, or somebody pays or gives up."""
    customer = draw(customers)
    first = draw(instants(10, 200))
    later = first + draw(spans(5, 60))
    cure = draw(st.sampled_from(("works", "paid", "given up")))
    story: list[Action] = [SetCard(first, customer, failing=True)]
    if cure == "works":
        story.append(SetCard(later, customer))
    elif cure == "paid":
        story.append(PayInvoice(later, customer))
    else:
        story.append(GiveUpInvoice(later, customer, voided=draw(st.booleans())))
    return story


@st.composite
def recounts(draw: st.DrawFn, customers: st.SearchStrategy[int]) -> list[Action]:
    """A quantity goes up and down again, within a period or a day."""
    first = draw(
        st.builds(SetQuantity, instants(20, 200), customers, ANY_SLOT, ITEM, QUANTITIES, PRORATION)
    )
    gap = draw(st.sampled_from((timedelta(seconds=1), timedelta(hours=3), timedelta(days=9))))
    return [first, replace(first, at=first.at + gap, quantity=draw(QUANTITIES))]


@st.composite
def examples(draw: st.DrawFn, max_actions: int = 16) -> Example:
    """Histories in order of time: some first subscriptions, then anything, and short stories."""
    first, last = sorted(draw(st.tuples(CUSTOMER, CUSTOMER)))
    history: list[Action] = [
        draw(subscribes(st.just(customer), last_day=100)) for customer in range(first, last + 1)
    ]
    some_customer = st.integers(first, last)
    # Left alone, lists are short; most of what can go wrong takes several steps.
    at_least = draw(st.integers(0, max_actions))
    history += draw(st.lists(actions(some_customer), min_size=at_least, max_size=max_actions))
    stories = st.one_of(
        changes_of_heart(some_customer), troubles(some_customer), recounts(some_customer)
    )
    for story in draw(st.lists(stories, max_size=3)):
        history += story
    shape = draw(st.sampled_from(("acacia", "clover", "turning")))
    generation = draw(LANDED_BY)
    return Example(sorted(history, key=lambda action: action.at), shape, generation)
