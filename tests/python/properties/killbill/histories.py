"""Hypothesis strategies: sequences of actions over a small catalogue and ten months."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from tidemill_cli.demo.killbill.model import Policy

from . import actions as do
from .catalogue import ADD_ONS, CUSTOMERS, DAYS, LASTING, PLANS, SLOTS, START

# Few times of a day, so that things fall on the ends of periods and around midnight.
TIMES = (0, 0, 1, 3600, 9 * 3600, 12 * 3600, 23 * 3600)
COUNTRIES = st.sampled_from(("US", "DE", "FR", "JP"))
# One customer more often than the others, for the same reason.
CUSTOMER = st.sampled_from((0, 0, 0, *range(len(CUSTOMERS))))
# The first slot more often: what follows on one subscription matters most.
SLOT = st.sampled_from((0, 0, *range(SLOTS)))
QUANTITY = st.sampled_from((1, 1, 2, 3, 7, 0))
OWN_PRICE = st.sampled_from((None, None, None, 7, 33))
POLICY: st.SearchStrategy[Policy] = st.sampled_from(("IMMEDIATE", "END_OF_TERM"))
NOISE = ("charge", "credit", "adjust", "refund", "use", "draft", "import")


def instants(last_day: int = DAYS - 1) -> st.SearchStrategy[datetime]:
    """Instants that fall on and around the edges of days."""
    return st.builds(
        lambda day, second: START + timedelta(days=day, seconds=second),
        st.integers(0, last_day),
        st.sampled_from(TIMES),
    )


def _on_slot(action: type, /, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[do.Action]:
    return st.builds(action, instants(), CUSTOMER, SLOT, **fields)


BEGIN = st.builds(
    do.Subscribe, instants(60), CUSTOMER, SLOT, st.sampled_from(LASTING), QUANTITY, OWN_PRICE
)
SUBSCRIBE = _on_slot(
    do.Subscribe,
    plan=st.sampled_from(PLANS),
    quantity=QUANTITY,
    own_price=OWN_PRICE,
    starts_in=st.sampled_from((0, 0, 0, 5)),
)
CHANGE = _on_slot(do.ChangePlan, plan=st.sampled_from(LASTING), policy=POLICY, own_price=OWN_PRICE)
ACTIONS = st.one_of(
    SUBSCRIBE,
    SUBSCRIBE,
    CHANGE,
    CHANGE,
    _on_slot(do.AddOn, plan=st.sampled_from(ADD_ONS), quantity=QUANTITY),
    _on_slot(do.UndoChange),
    _on_slot(do.SetQuantity, quantity=QUANTITY, of_add_on=st.booleans(), policy=POLICY),
    _on_slot(do.Cancel, entitlement=POLICY, billing=POLICY, of_add_on=st.booleans()),
    _on_slot(do.Uncancel),
    _on_slot(do.Pause),
    st.builds(do.Stop, instants(), CUSTOMER),
    st.builds(do.Owe, instants(), CUSTOMER, st.booleans()),
    _on_slot(do.Move, country=COUNTRIES, at_once=st.booleans()),
    st.builds(do.ChangeCountry, instants(), CUSTOMER, COUNTRIES),
    _on_slot(do.BillOn, day=st.integers(1, 31)),
    _on_slot(do.Noise, kind=st.sampled_from(NOISE)),
)


def histories(most: int = 24) -> st.SearchStrategy[list[do.Action]]:
    """Actions in order of time; the first ones subscribe."""
    return st.builds(
        lambda first, rest: sorted([*first, *rest], key=lambda action: action.at),
        st.lists(BEGIN, min_size=2, max_size=4),
        st.lists(ACTIONS, min_size=6, max_size=most),
    )
