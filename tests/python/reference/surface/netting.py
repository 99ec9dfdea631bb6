"""The parts of one window, netted into typed rows and transfers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from .changes import Part
from .facts import ZERO, Place, rounded_fraction

Key = tuple[Place, str]
"""A place and a reason."""


@dataclass(frozen=True)
class Row:
    """A change of one type in one place for one reason; the amount is native."""

    type: str
    reason: str
    place: Place
    amount: Decimal
    is_voluntary: bool | None
    subscription_ids: frozenset[str]


def typed_rows(
    parts: list[Part], kind: str | None, rates: Mapping[str, Decimal], *, is_discount_apart: bool
) -> Iterator[Row]:
    """The rows of one level, window and reporting currency.

    `kind` is their type if the level began or ceased to pay; else the sign of the total decides.
    `rates` lead from each currency to the reporting one.
    """
    by_key: dict[Key, list[Part]] = defaultdict(list)
    for part in parts:
        by_key[part.place, part.reason].append(part)
    keys = sorted(by_key)
    worths = {key: sum((part.worth for part in by_key[key]), ZERO) for key in keys}
    shares = _shares(worths)
    total = sum(shares.values())
    kind = kind or ("expansion" if total > 0 else "contraction")
    types = dict.fromkeys(keys, kind)
    if is_discount_apart and kind in ("expansion", "contraction"):
        others = [key for key in keys if key[1] != "discount"]
        rest = sum(shares[key] for key in others)
        types = dict.fromkeys(keys, "discount")
        types |= dict.fromkeys(others, "expansion" if rest > 0 else "contraction")
        if rest == 0:
            shares |= dict.fromkeys(others, Fraction(0))

    moved: dict[Place, dict[str, Decimal]] = defaultdict(dict)
    for key, typed in _native(shares, rates).items():
        place, reason = key
        amount = sum((part.amount for part in by_key[key]), ZERO)
        if typed:
            voluntary = _is_voluntary(by_key[key]) if types[key] == "churn" else None
            yield Row(types[key], reason, place, typed, voluntary, _subscriptions(by_key[key]))
        if amount != typed:
            moved[place][reason] = amount - typed
    for place, by_reason in moved.items():
        amount = sum(by_reason.values(), ZERO)
        if amount:
            behind = [part for reason in by_reason for part in by_key[place, reason]]
            subscriptions = _subscriptions(behind)
            yield Row("transfer", min(by_reason), place, amount, None, subscriptions)


def _shares(worths: dict[Key, Decimal]) -> dict[Key, Fraction]:
    """How much of the total's change belongs to each place and reason.

    Where all places gain, or all lose, each has its own. Else the total belongs to those that
    gained, in proportion, and what the others lost has only moved. Fractions, since a sum of
    rounded quotients falls short where the true one lies halfway between two amounts.
    """
    total = sum(worths.values(), ZERO)
    if total == 0:
        return dict.fromkeys(worths, Fraction(0))
    by_place: dict[Place, Decimal] = defaultdict(Decimal)
    for (place, _), worth in worths.items():
        by_place[place] += worth
    gained = sum((worth for worth in by_place.values() if worth > 0), ZERO)
    if gained == 0 or not any(worth < 0 for worth in by_place.values()):
        return {key: Fraction(worth) for key, worth in worths.items()}
    return {
        key: Fraction(total) * Fraction(worth) / Fraction(gained)
        if by_place[key[0]] > 0
        else Fraction(0)
        for key, worth in worths.items()
    }


def _native(shares: dict[Key, Fraction], rates: Mapping[str, Decimal]) -> dict[Key, Decimal]:
    """Shares in their own currency, ten decimals.

    As differences of a running sum, so that in one currency they add up to the last digit.
    """
    running = [Fraction(0), *accumulate(shares.values())]
    result = {}
    for index, key in enumerate(shares):
        rate = Fraction(rates[key[0].currency])
        before, after = running[index : index + 2]
        result[key] = rounded_fraction(after / rate) - rounded_fraction(before / rate)
    return result


def _is_voluntary(parts: list[Part]) -> bool | None:
    """Whether the customer wanted every end among the parts that is known to be wanted or not."""
    known = [part.is_voluntary for part in parts if part.is_voluntary is not None]
    return all(known) if known else None


def _subscriptions(parts: list[Part]) -> frozenset[str]:
    return frozenset(part.subscription_id for part in parts)
