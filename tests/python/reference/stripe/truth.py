"""The subscription intervals as they really were, by a plain loop over everything Stripe said.

Every event of a subscription carries the whole of it. Only what no event says is looked up: what
a price costs (the catalogue), and the terms of a discount (the newer shape only names it).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tidemill_cli.demo.stripe.catalog import Price, digits
from tidemill_cli.demo.stripe.model import Discount

Doc = Mapping[str, Any]
Row = dict[str, Any]
ZERO = Decimal(0)
IN_FORCE = ("trialing", "active", "past_due", "paused")
KINDS = ("once", "repeating", "forever")


@dataclass
class Life:
    """What Stripe said of one subscription: its states in order, the last one of each second."""

    states: list[tuple[int, Doc]] = field(default_factory=list)

    def tell(self, when: int, doc: Doc) -> None:
        """Note a state; it replaces one of the same second."""
        if self.states and self.states[-1][0] == when:
            self.states.pop()
        # It is created as what it was from its start on.
        self.states.append((when if self.states else min(when, doc["start_date"]), doc))

    @property
    def last(self) -> Doc:
        """Return what it is now."""
        return self.states[-1][1]


@dataclass(frozen=True)
class OnceOff:
    """What a line bears for its period, of discounts for one invoice and of all together."""

    discounts: tuple[str, ...]
    start: int
    end: int
    total: Decimal


@dataclass
class Told:
    """All that was said, sorted."""

    lives: dict[str, Life] = field(default_factory=dict)
    customers: dict[str, Doc] = field(default_factory=dict)
    # Since when a customer has which discount.
    customer_discounts: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    once: dict[str, list[OnceOff]] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    tax_rates: dict[str, int] = field(default_factory=dict)


def subscription_intervals(
    events: Iterable[Doc],
    prices: Mapping[str, Price],
    discounts: Mapping[str, Discount],
    tax_rates: Mapping[str, int] | None = None,
) -> list[Row]:
    """Return the rows of the surface, each over the longest time in which no fact changes.

    Tax rates are those of the customers, in percent.
    """
    told = listen(events, discounts)
    told.tax_rates = dict(tax_rates or {})
    return [row for life in told.lives.values() for row in _rows(life, told, prices, discounts)]


def listen(events: Iterable[Doc], discounts: Mapping[str, Discount]) -> Told:
    """Sort what was said, in the order in which it was said."""
    told = Told()
    for event in events:
        kind, doc, when = event["type"], event["data"]["object"], int(event["created"])
        match kind.split("."):
            case ["customer", "subscription", _]:
                told.lives.setdefault(doc["id"], Life()).tell(when, doc)
            case ["customer", _]:
                told.customers[doc["id"]] = {**told.customers.get(doc["id"], {}), **doc}
                held = (doc.get("discount") or {}).get("id")
                told.customer_discounts.setdefault(doc["id"], []).append((when, held))
            case ["product", _]:
                told.products[doc["id"]] = doc["name"]
            case ["invoice", "created"]:
                _note_once(told, doc, discounts)
    return told


def _note_once(told: Told, invoice: Doc, discounts: Mapping[str, Discount]) -> None:
    for line in invoice["lines"]["data"]:
        item, period = item_of(line), line["period"]
        off = {each["discount"]: each["amount"] for each in line["discount_amounts"]}
        names = [name for name in off if discounts[name].coupon.duration == "once" and off[name]]
        if item is not None and names:
            total = _major(sum(off.values()), invoice["currency"])
            borne = OnceOff(tuple(names), period["start"], period["end"], total)
            told.once.setdefault(item, []).append(borne)


def item_of(line: Doc) -> str | None:
    """Return the subscription item that an invoice line is for."""
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or line
    found: str | None = details.get("subscription_item")
    return found


def _rows(
    life: Life, told: Told, prices: Mapping[str, Price], discounts: Mapping[str, Discount]
) -> list[Row]:
    rows: list[Row] = []
    once: dict[OnceOff, Decimal] = {}
    instants = _instants(life, told, discounts)
    for start, end in zip(instants, [*instants[1:], None], strict=True):
        state = [doc for since, doc in life.states if since <= start][-1]
        for facts in _facts(state, start, life, told, prices, discounts, once):
            for row in rows:
                # What goes on unchanged is one interval.
                if row["valid_to"] == _moment(start) and facts.items() <= row.items():
                    row["valid_to"] = _moment(end)
                    break
            else:
                rows.append({**facts, "valid_from": _moment(start), "valid_to": _moment(end)})
    return rows


def _instants(life: Life, told: Told, discounts: Mapping[str, Discount]) -> list[int]:
    """Return every instant at which something may change, in order."""
    first = life.states[0][0]
    found = {since for since, _ in life.states}
    found |= {since for since, _ in told.customer_discounts[life.last["customer"]]}
    found |= {held.end for held in discounts.values() if held.end is not None}
    for _, state in life.states:
        for item in state["items"]["data"]:
            for borne in told.once.get(item["id"], ()):
                found |= {borne.start, borne.end}
    return sorted(instant for instant in found if instant >= first)


def _facts(
    state: Doc,
    when: int,
    life: Life,
    told: Told,
    prices: Mapping[str, Price],
    discounts: Mapping[str, Discount],
    once: dict[OnceOff, Decimal],
) -> list[Row]:
    """Return the facts of every item that is in force at an instant.

    What lasts counts as if there were nothing else; `once` is what the invoice took beyond.
    """
    status = state["status"]
    if status not in IN_FORCE:
        return []
    if state["pause_collection"] is not None:
        status = "paused"
    items, last = state["items"]["data"], life.last
    customer = told.customers[state["customer"]]
    amounts = [_amount(item, state["currency"], prices) for item in items]
    listed = [
        [name for name in _listed(item, state, when, told) if _is_for(discounts[name], item)]
        for item in items
    ]
    lasting = [
        [discounts[name] for name in names if _lasts(discounts[name], when)] for names in listed
    ]
    off = cascade(amounts, lasting, state["currency"])
    planned = last["cancel_at"]
    if planned is None and last["cancel_at_period_end"]:
        planned = last["current_period_end"]
    reason = last["cancellation_details"]["reason"]
    rows = []
    for item, amount, each, names in zip(items, amounts, off, listed, strict=True):
        price = item["price"]
        taken = [b for b in told.once.get(item["id"], ()) if b.start <= when < b.end]
        lasting = each["repeating"] + each["forever"]
        for borne in taken:
            once.setdefault(borne, borne.total - lasting)
        taken_once = min(sum((once[borne] for borne in taken), ZERO), amount - lasting)
        product = price["product"]
        # What is taken off is taxed like the rest.
        is_taxed = prices[price["id"]].tax_included
        rate = told.tax_rates.get(state["customer"], 0) if is_taxed else 0
        untaxed = Decimal(100) / (100 + rate)
        rows.append(
            {
                "billing_source": "stripe",
                "customer_id": state["customer"],
                "subscription_id": state["id"],
                "item_id": item["id"],
                "status": _status(item, status, when),
                "charge_kind": price["recurring"]["usage_type"],
                "plan": price["lookup_key"] or price["nickname"] or price["id"],
                "actual_plan_id": price["id"],
                "product": told.products.get(product, product),
                "quantity": Decimal(item.get("quantity") or 1),
                "amount": amount * untaxed,
                "period_unit": price["recurring"]["interval"],
                "period_count": price["recurring"]["interval_count"],
                "once_discount": taken_once * untaxed,
                "repeating_discount": each["repeating"] * untaxed,
                "forever_discount": each["forever"] * untaxed,
                "currency": state["currency"].upper(),
                "country": (customer["address"] or {}).get("country") or "unknown",
                "scheduled_end_at": None if last["ended_at"] else _moment(planned),
                "cancel_requested_at": _moment(last["canceled_at"]),
                "cancel_effective_at": _moment(last["ended_at"]),
                "cancel_reason": reason,
                "is_voluntary_cancel": None if reason is None else reason == _ASKED,
                "recorded_at": _moment(last["created"]),
                # Not of the surface: every discount that bears on it, also one that is over.
                "discount": (taken_once + lasting) * untaxed,
                "is_taxed": is_taxed,
                "discounts": (*names, *(name for borne in taken for name in borne.discounts)),
            }
        )
    return rows


_ASKED = "cancellation_requested"


def _status(item: Doc, status: str, when: int) -> str:
    """Return the status of an item: it may be on trial, and the rest of the subscription not."""
    trial = item.get("current_trial")
    is_trial = trial is not None and trial["start_date"] <= when < trial["end_date"]
    return "trialing" if is_trial and status in ("active", "past_due") else status


def _is_for(held: Discount, item: Doc) -> bool:
    """Tell whether a coupon takes from what an item is."""
    products = [product.id for product in held.coupon.products]
    return not products or item["price"]["product"] in products


def _amount(item: Doc, currency: str, prices: Mapping[str, Price]) -> Decimal:
    """Return what a period of an item costs, exactly; what is metered costs what is used."""
    price = prices[item["price"]["id"]]
    if price.metered:
        return ZERO
    return price.exact(item["quantity"], currency).scaleb(-digits(currency))


def _listed(item: Doc, state: Doc, when: int, told: Told) -> list[str]:
    """Return the discounts of an item: its own, then its subscription's.

    The customer's counts where the subscription has none.
    """
    shared = list(state["discounts"])
    if not shared:
        changes = told.customer_discounts[state["customer"]]
        (*_, latest) = [name for since, name in changes if since <= when] or [None]
        shared = [] if latest is None else [latest]
    return [*item["discounts"], *shared]


def _lasts(held: Discount, when: int) -> bool:
    return held.coupon.duration != "once" and (held.end is None or when < held.end)


def cascade(
    amounts: Sequence[Decimal], held: Sequence[Sequence[Discount]], currency: str
) -> list[dict[str, Decimal]]:
    """Return by kind what each amount bears: a discount is taken from what others have left.

    An amount off is spread in proportion to what is left.
    """
    left = list(amounts)
    borne = [dict.fromkeys(KINDS, ZERO) for _ in amounts]
    for discount in dict.fromkeys(each for some in held for each in some):
        coupon = discount.coupon
        places = [place for place, some in enumerate(held) if discount in some]
        whole = sum((left[place] for place in places), ZERO)
        for place in places:
            if coupon.percent_off is not None:
                share = left[place] * coupon.percent_off / 100
            else:
                off = min(_major(coupon.amount_off or 0, currency), whole)
                share = off * left[place] / whole if whole else ZERO
            borne[place][coupon.duration] += share
        for place in places:
            left[place] = amounts[place] - sum(borne[place].values(), ZERO)
    return borne


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-digits(currency))


def _moment(when: int | None) -> datetime | None:
    return None if when is None else datetime.fromtimestamp(when, UTC)
