"""What one item's change does to the money of its customer, and for which reasons."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from .facts import ZERO, Place, rounded
from .items import ItemState

Worth = Callable[[str, str], tuple[str, Decimal]]
"""Of a level and a currency: the reporting currency, and the rate to it."""


@dataclass(frozen=True)
class Part:
    """Money that came to or left a place for one reason.

    `amount` is native. `worth` is how much of it changes the total, in the reporting currency;
    the rest only moves from or to another place.
    """

    level_id: str
    place: Place
    reason: str
    amount: Decimal
    worth: Decimal
    subscription_id: str
    is_end: bool
    is_voluntary: bool | None


def level_of(item: ItemState, movement_level: str) -> str:
    """Whose balance an item belongs to, within the customer."""
    levels = {"subscription": item.subscription_id, "plan": item.place.plan}
    return levels.get(movement_level, "")


def parts(
    old: ItemState | None, new: ItemState | None, movement_level: str, worth: Worth
) -> Iterator[Part]:
    """The parts of one item's change; None is an item that is not there."""
    reason = _reason(old, new)
    is_same_level = (
        old is not None
        and new is not None
        and level_of(old, movement_level) == level_of(new, movement_level)
    )
    if old is None or new is None or not is_same_level:
        # It leaves one balance, or comes to one, or both.
        if old is not None:
            yield _part(old, reason, -old.mrr, None, movement_level, worth, is_end=new is None)
        if new is not None:
            yield _part(new, reason, new.mrr, None, movement_level, worth)
        return

    level_id = level_of(new, movement_level)
    old_currency, old_rate = worth(level_id, old.place.currency)
    new_currency, new_rate = worth(level_id, new.place.currency)
    if old.place == new.place:
        for step, amount in _steps(old, new):
            yield _part(new, step, amount, None, movement_level, worth)
    elif old.mrr == 0 or new.mrr == 0 or old_currency != new_currency:
        # Nothing in common: no money moves to or from a price of zero, or between currencies
        # that cannot be compared.
        yield _part(old, reason, -old.mrr, None, movement_level, worth)
        yield _part(new, reason, new.mrr, None, movement_level, worth)
    else:
        # What was paid before moves whole; the difference belongs to the new place.
        yield _part(old, reason, -old.mrr, ZERO, movement_level, worth)
        if old.place.currency == new.place.currency:
            yield _part(new, reason, old.mrr, ZERO, movement_level, worth)
            for step, amount in _steps(old, new):
                yield _part(new, step, amount, None, movement_level, worth)
        else:
            # Told in the new currency, where it has ten decimals as every amount.
            change = rounded((new.mrr * new_rate - old.mrr * old_rate) / new_rate) * new_rate
            yield _part(new, reason, new.mrr, change, movement_level, worth)


def _part(
    item: ItemState,
    reason: str,
    amount: Decimal,
    change: Decimal | None,
    movement_level: str,
    worth: Worth,
    *,
    is_end: bool = False,
) -> Part:
    """A part in the place of an item; it changes the total by `change`, or as a whole if None."""
    level_id = level_of(item, movement_level)
    _, rate = worth(level_id, item.place.currency)
    return Part(
        level_id=level_id,
        place=item.place,
        reason=reason,
        amount=amount,
        worth=amount * rate if change is None else change,
        subscription_id=item.subscription_id,
        is_end=is_end,
        is_voluntary=item.is_voluntary if is_end else None,
    )


def _reason(old: ItemState | None, new: ItemState | None) -> str:
    """Why an item's money came, left or moved as a whole."""
    if any(item is not None and item.is_usage for item in (old, new)):
        return "usage"
    if old is None or new is None:
        return "subscription"
    if old.is_paused != new.is_paused:
        return "pause"
    if old.place.currency != new.place.currency:
        return "currency_change"
    if _is_plan_change(old, new):
        return "plan"
    if old.subscription_id != new.subscription_id:
        return "subscription"
    return "other"


def _is_plan_change(old: ItemState, new: ItemState) -> bool:
    """Whether the price is another one by plan, not by edit: a plan is billed by its interval."""
    return (old.place.plan, old.place.billing_interval) != (
        new.place.plan,
        new.place.billing_interval,
    )


def _steps(old: ItemState, new: ItemState) -> list[tuple[str, Decimal]]:
    """An item's change within one currency, told in order: plan, quantity, price, discount.

    Usage and pauses are not told in steps. Units that come or go count at the price before, or at
    the new one if the plan changed: the plan comes first, at the old quantity. From or to no units
    at all the list price has no other reason than the quantity.
    """
    whole = _reason(old, new)
    if whole in ("usage", "pause"):
        return [(whole, new.mrr - old.mrr)]
    list_change = new.list_mrr - old.list_mrr
    units = new.quantity - old.quantity
    if old.quantity == 0 or new.quantity == 0:
        quantity = list_change
    elif _is_plan_change(old, new):
        quantity = rounded(new.list_mrr / new.quantity * units)
    else:
        quantity = rounded(old.list_mrr / old.quantity * units)
    return [
        ("plan" if _is_plan_change(old, new) else "price", list_change - quantity),
        ("quantity", quantity),
        ("discount", (new.mrr - new.list_mrr) - (old.mrr - old.list_mrr)),
    ]
