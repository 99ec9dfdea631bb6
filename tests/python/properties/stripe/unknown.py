"""What no model can know of a history, by what was kept of it: when, of which item, and why.

Everything else has to be as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from reference.stripe.truth import Doc, Life, Row, item_of, listen
from tidemill_cli.demo.stripe.load import NEVER_WRITTEN
from tidemill_cli.demo.stripe.schema import Generation

from .compare import DISCOUNTS, KINDS, PERIOD, PRESENCE, PRICED, STATUS, Unknown
from .play import END, Played
from .unpriced import of_limits, of_prices

ITEMS = (*PRICED, *PERIOD, *DISCOUNTS, PRESENCE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_events(played: Played, rows: list[Row], generation: Generation) -> list[Unknown]:
    """Return what a complete table of events leaves open: only discounts have a word elsewhere."""
    return [
        *_unnamed(played, rows, generation, events=True),
        *_of_customer_discounts(played, rows),
        *of_prices(played, rows),
        *of_limits(played, rows),
        *_of_the_deleted(played, rows, generation),
    ]


def of_landing(played: Played, rows: list[Row], generation: Generation) -> list[Unknown]:
    """Return what invoices and the rows of now leave open."""
    told = listen(played.events, played.discounts)
    spoken = Invoices(played)
    found = [*_unnamed(played, rows, generation), *_of_discounts(played, rows, spoken)]
    found += _of_reasons(played, generation)
    found += [*of_prices(played, rows), *of_limits(played, rows)]
    found += _of_the_deleted(played, rows, generation)
    for name, life in told.lives.items():
        found += _of_items(name, life, spoken)
        found += _of_status(name, life, spoken)
    return found


def of_captures(played: Played, rows: list[Row], generation: Generation) -> list[Unknown]:
    """Return what captures leave open: what came and went between two of them."""
    told = listen(played.events, played.discounts)
    # A run that found no subscription has captured nothing.
    first = min((moment for moment, docs in played.captures if docs), default=END)
    before = [
        replace(each, until=min(each.until, first)) for each in of_landing(played, rows, generation)
    ]
    found = [each for each in before if each.since < each.until]
    found += _unnamed(played, rows, generation, captures=True)
    found += _of_customer_discounts(played, rows)
    found += _of_reasons(played, generation)
    found += [*of_prices(played, rows), *of_limits(played, rows)]
    found += _of_the_deleted(played, rows, generation)
    if generation == "classic":
        # No column has the list of discounts: invoices have to tell of them all the time.
        found += _of_discounts(played, rows, Invoices(played))
    captures = [
        *played.captures,
        (END, played.objects.get("subscriptions", [])),
    ]
    for name, life in told.lives.items():
        changes = [_moment(since) for since, _ in life.states]
        seen = None if changes[0] < first else changes[0]
        for moment, docs in captures:
            synced = [_moment(doc["_last_synced_at"]) for doc in docs if doc["id"] == name]
            if not synced:
                continue
            since = [
                change
                for change in changes
                if change <= moment and (seen is None or change >= seen)
            ]
            if seen is not None and since and since[0] < synced[0]:
                why = "only the last of the states between two captures is seen"
                found.append(Unknown(why, name, since[0], synced[0]))
            seen = moment
    return found


class Invoices:
    """What the invoices of a landing say, by item: only lines of subscriptions."""

    def __init__(self, played: Played) -> None:
        """Sort the lines."""
        self.stated: dict[str, set[int]] = defaultdict(set)
        self.regular: dict[str, set[int]] = defaultdict(set)
        self.billed: dict[str, set[int]] = defaultdict(set)
        self.credited: dict[str, set[int]] = defaultdict(set)
        self.ends: dict[str, int] = {}
        self.given_up: dict[str, list[int]] = defaultdict(list)
        self.paid: dict[str, list[int]] = defaultdict(list)
        for invoice in played.objects.get("invoices", ()):
            moved = invoice["status_transitions"]
            lost = moved["voided_at"] or moved["marked_uncollectible_at"]
            if lost is not None:
                self.given_up[_subscription_of(invoice) or ""].append(lost)
            if moved["paid_at"] is not None:
                self.paid[_subscription_of(invoice) or ""].append(moved["paid_at"])
            for line in invoice["lines"]["data"]:
                self._hear(line)

    def _hear(self, line: Doc) -> None:
        item, start = item_of(line), line["period"]["start"]
        if item is None:
            return
        if line["amount"] < 0:
            self.credited[item].add(start)
            return
        self.stated[item].add(start)
        self.ends[item] = max(self.ends.get(item, 0), line["period"]["end"])
        if not _is_proration(line):
            self.regular[item].add(start)
            if line["amount"]:
                self.billed[item].add(start)


def _is_proration(line: Doc) -> bool:
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or line
    return bool(details["proration"])


def _subscription_of(invoice: Doc) -> str | None:
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or invoice
    found: str | None = details.get("subscription")
    return found


def _after(instants: Iterable[int], since: int) -> datetime:
    later = [instant for instant in instants if instant > since]
    return _moment(min(later)) if later else END


def _of_items(name: str, life: Life, spoken: Invoices) -> Iterator[Unknown]:
    """Prices, quantities and items that changed without a line that says so.

    Nothing is prorated without `proration_behavior`, within a trial, or when it costs nothing;
    prorations that wait for an invoice, or that an end dropped, have not landed.
    """
    before: dict[str, tuple[Any, ...]] = {}
    for position, (since, state) in enumerate(life.states):
        now = {
            item["id"]: (item["price"]["id"], item.get("quantity"))
            for item in state["items"]["data"]
        }
        for item, facts in now.items():
            is_first = position == 0
            if before.get(item) != facts and not is_first and since not in spoken.stated[item]:
                until = _after(spoken.stated[item], since)
                yield Unknown(
                    "no line says that it changed", name, _moment(since), until, ITEMS, item
                )
        for item in before.keys() - now.keys():
            if since not in spoken.credited[item]:
                until = _moment(max(spoken.ends.get(item, since), since))
                why = "no line says that it is gone"
                yield Unknown(why, name, _moment(since), until, ITEMS, item)
        before = now


def _of_status(name: str, life: Life, spoken: Invoices) -> Iterator[Unknown]:
    states = [(_moment(since), doc) for since, doc in life.states]
    late_since = END
    for (since, state), (until, _) in pairwise([*states, (END, {})]):
        late_since = min(since, late_since) if state["status"] == "past_due" else END
        is_last = until == END
        if state["status"] == "incomplete":
            why = "a first payment that comes late leaves no trace of when"
            yield Unknown(why, name, since, until)
        if state["pause_collection"] is not None:
            yield Unknown("invoices tell of no pause", name, since, until, STATUS)
        if state["status"] == "paused" and not is_last:
            yield Unknown("invoices tell of no pause", name, since, until, STATUS)
        if state["status"] == "unpaid" and not is_last:
            yield Unknown("nothing tells of the time as unpaid", name, since, until)
        if state["status"] == "past_due":
            for lost in spoken.given_up[name]:
                if lost <= until.timestamp():
                    yield Unknown("its invoice was given up", name, since, until, STATUS)
            for paid in spoken.paid[name]:
                if late_since.timestamp() < paid < until.timestamp():
                    # Stripe takes this for the end of it, and the simulator does not.
                    why = "a newer invoice is paid, and an older one is not"
                    yield Unknown(why, name, max(since, _moment(paid)), until, STATUS)


def _of_discounts(played: Played, rows: list[Row], spoken: Invoices) -> Iterator[Unknown]:
    """Discounts that changed between two bills: prorations are net of them, trials bear none."""
    for (name, item), found in _by_item(rows).items():
        known = found[0]["recorded_at"]
        if any(row["discounts"] for row in found if row["valid_from"] < known):
            why = "the first bill came late, and bears the discount for all of its time"
            yield Unknown(why, name, found[0]["valid_from"], known, DISCOUNTS, item)
        before: tuple[Any, ...] = ()
        for row in found:
            held = [played.discounts[each] for each in row["discounts"]]
            # An amount off is spread anew with every change of any item.
            spread = row["amount"] if any(each.coupon.amount_off for each in held) else None
            now = row["discounts"], spread, *(row[kind] for kind in KINDS)
            since = int(row["valid_from"].timestamp())
            is_news = bool(before) or bool(row["discounts"])
            if is_news and now != before and since not in spoken.billed[item]:
                until = _after(spoken.billed[item], since)
                why = "no bill bears the discount yet"
                yield Unknown(why, name, row["valid_from"], until, DISCOUNTS, item)
            before = now


def _unnamed(
    played: Played,
    rows: list[Row],
    generation: Generation,
    *,
    events: bool = False,
    captures: bool = False,
) -> Iterator[Unknown]:
    """Discounts of which only an id has landed: newer payloads name no coupon of a subscription.

    Their kind is guessed, and their share known from invoices: unless they end, or are no share, or
    no invoice bears them, or only one does and they may be for that one alone.
    """
    borne: dict[str, set[str]] = defaultdict(set)
    for invoice in played.objects.get("invoices", ()):
        for line in invoice["lines"]["data"]:
            for each in line["discount_amounts"]:
                if each["amount"]:
                    borne[each["discount"]].add(invoice["id"])
    named = {
        doc["discount"]["id"]
        for doc in _subscriptions(played, events=events, captures=captures)
        if doc.get("discount")
    }
    for doc in played.objects.get("customers", ()):
        held = None if doc["id"] in deleted(played, generation) else doc.get("discount")
        if held and ("coupon" in held or generation not in NEVER_WRITTEN):
            named.add(held["id"])
    for row in rows:
        unnamed = [played.discounts[name] for name in row["discounts"] if name not in named]
        if unnamed:
            since, until = row["valid_from"], row["valid_to"] or END
            is_rate = all(
                held.coupon.duration == "forever"
                and held.coupon.percent_off is not None
                and len(borne[held.id]) > 1
                for held in unnamed
            )
            columns = KINDS if is_rate else DISCOUNTS
            why = "only the id of a discount has landed"
            yield Unknown(why, row["subscription_id"], since, until, columns, row["item_id"])
        # One that was taken away after its only bill looks like one for that bill.
        for line in played.lines.get(row["item_id"], ()):
            since, until = _moment(line["period"]["start"]), _moment(line["period"]["end"])
            gone = {each["discount"] for each in line["discount_amounts"]} - {*row["discounts"]}
            if gone - named and since < (row["valid_to"] or END) and row["valid_from"] < until:
                why = "a bill bears a discount that is gone, and may be for this bill only"
                since, until = row["valid_from"], row["valid_to"] or END
                yield Unknown(why, row["subscription_id"], since, until, DISCOUNTS, row["item_id"])


def _subscriptions(played: Played, *, events: bool, captures: bool) -> Iterator[Doc]:
    yield from played.objects.get("subscriptions", ())
    if events:
        for event in played.events:
            if event["type"].startswith("customer.subscription."):
                yield event["data"]["object"]
    if captures:
        for _, docs in played.captures:
            yield from docs


def _of_reasons(played: Played, generation: Generation) -> Iterator[Unknown]:
    """Why a subscription is cancelled: the classic engine has no column for it."""
    if generation == "classic":
        for doc in played.objects.get("subscriptions", ()):
            why = "no column has the reason"
            columns = ("cancel_reason", "is_voluntary_cancel")
            yield Unknown(why, doc["id"], EPOCH, END, columns)


def _of_the_deleted(played: Played, rows: list[Row], generation: Generation) -> Iterator[Unknown]:
    """Where a customer lived who is gone from the landing."""
    gone = deleted(played, generation)
    for name in {row["subscription_id"] for row in rows if row["customer_id"] in gone}:
        yield Unknown("its customer was deleted", name, EPOCH, END, ("country",))


def deleted(played: Played, generation: Generation) -> set[str]:
    """Return the customers of whom v2 keeps no row."""
    customers = played.objects.get("customers", ()) if generation == "v2" else ()
    return {doc["id"] for doc in customers if doc.get("deleted")}


def _of_customer_discounts(played: Played, rows: list[Row]) -> Iterator[Unknown]:
    """A customer's discount: only its customer and invoices have it."""
    for row in rows:
        held = [played.discounts[name] for name in row["discounts"]]
        if any(each.subscription is None for each in held):
            since, until = row["valid_from"], row["valid_to"] or END
            why = "subscriptions say nothing of their customer's discount"
            yield Unknown(why, row["subscription_id"], since, until, DISCOUNTS, row["item_id"])


def _by_item(rows: Iterable[Row]) -> Mapping[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        found[row["subscription_id"], row["item_id"]].append(row)
    return found


def _moment(when: int) -> datetime:
    return datetime.fromtimestamp(when, UTC)
