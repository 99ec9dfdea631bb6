"""Tell what happens as webhook events, in the shape the API had at the time."""

from dataclasses import dataclass, field
from typing import Any

from tidemill_cli.demo.stripe import render, render_invoice
from tidemill_cli.demo.stripe.model import (
    Charge,
    CreditNote,
    Customer,
    Invoice,
    Refund,
    Schedule,
    Subscription,
)
from tidemill_cli.demo.stripe.render import VERSIONS, Doc, Shape


@dataclass(frozen=True, slots=True)
class Shapes:
    """Which shape payloads have: the older one until an instant."""

    clover_from: int

    def at(self, when: int) -> Shape:
        """Return the shape of what is rendered at an instant."""
        return "clover" if when >= self.clover_from else "acacia"


@dataclass(slots=True, eq=False)
class Journal:
    """The events of one customer, or of an account's catalogue."""

    owner: str
    shapes: Shapes
    # Events cost time and memory: a generated history does without.
    enabled: bool = True
    livemode: bool = True
    events: list[Doc] = field(default_factory=list)
    # Of what can be updated: the last rendering, to tell what an update changed.
    _last: dict[str, tuple[Shape, Doc]] = field(default_factory=dict)

    def subscription(self, made: Subscription, when: int, kind: str = "updated") -> None:
        """Tell of a subscription."""
        made.updated = when
        for item in made.items:
            item.updated = when
        if self.enabled:
            shape = self.shapes.at(when)
            doc = render.subscription(made, shape)
            self.emit(f"customer.subscription.{kind}", doc, when)

    def customer(self, made: Customer, when: int, kind: str = "updated") -> None:
        """Tell of a customer."""
        made.updated = when
        if self.enabled:
            self.emit(f"customer.{kind}", render.customer(made, self.shapes.at(when)), when)

    def schedule(self, made: Schedule, kind: str, when: int) -> None:
        """Tell of a subscription schedule."""
        made.updated = when
        if self.enabled:
            doc = render.schedule(made, self.shapes.at(when))
            self.emit(f"subscription_schedule.{kind}", doc, when)

    def invoice(self, made: Invoice, kind: str, when: int) -> None:
        """Tell of an invoice."""
        made.updated = when
        if self.enabled:
            doc = render_invoice.invoice(made, self.shapes.at(when))
            self.emit(f"invoice.{kind}", doc, when)

    def charge(self, made: Charge, kind: str, when: int) -> None:
        """Tell of an attempt to take money, or that some was given back."""
        made.updated = when
        if self.enabled:
            doc = render_invoice.charge(made, self.shapes.at(when))
            self.emit(f"charge.{kind}", doc, when)

    def payment(self, made: Charge, when: int) -> None:
        """Tell which invoice a charge has paid: the older shape says it of the charge."""
        if self.enabled and self.shapes.at(when) == "clover":
            self.emit("invoice_payment.paid", render_invoice.payment(made), when)

    def refund(self, made: Refund, when: int) -> None:
        """Tell of a refund."""
        if self.enabled:
            self.emit("refund.created", render_invoice.refund(made), when)

    def credit_note(self, made: CreditNote, when: int) -> None:
        """Tell of a credit note."""
        if self.enabled:
            doc = render_invoice.credit_note(made, self.shapes.at(when))
            self.emit("credit_note.created", doc, when)

    def emit(self, kind: str, doc: Doc, when: int) -> None:
        """Append an event; an update that changes nothing is none."""
        if not self.enabled:
            return
        shape = self.shapes.at(when)
        data: Doc = {"object": doc}
        # A price and its plan have one id.
        key = f"{doc['object']} {doc['id']}"
        last_shape, last = self._last.get(key, (shape, None))
        if kind.endswith(".updated"):
            # A newer version renders the same object otherwise: that is not a change.
            previous = {} if last is None or last_shape != shape else changes(last, doc)
            if last == doc:
                return
            data["previous_attributes"] = previous
        self._last[key] = (shape, doc)
        self.events.append(
            {
                "id": f"evt_{self.owner}{len(self.events):06d}",
                "object": "event",
                "api_version": VERSIONS[shape],
                "created": when,
                "data": data,
                "livemode": self.livemode,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": kind,
            }
        )


def changes(before: Doc, after: Doc) -> Doc:
    """Return what an update changed as it was before: keys of objects, whole lists."""
    found: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and "id" not in old:
            found[key] = changes(old, new)
        else:
            found[key] = old
    return dict(sorted(found.items()))
