"""What a part of a period costs."""

from collections.abc import Mapping
from decimal import Decimal

from tidemill_cli.demo.stripe.catalog import rounded
from tidemill_cli.demo.stripe.clock import day_text
from tidemill_cli.demo.stripe.discounts import Borne, lasting
from tidemill_cli.demo.stripe.model import Item, Line


def share_of(item: Item, seconds: int, of: int, when: int) -> int:
    """Return what a part of a period costs after the discounts that last."""
    borne = lasting(item.subscription.items, when)[item]
    net = item.gross - sum(amount for _, amount in borne)
    return rounded(Decimal(net) * seconds / of)


def proration_line(
    item: Item, borne: Mapping[Item, Borne], when: int, *, credit: bool, new_id: str
) -> Line:
    """Return the line for the rest of an item's period as it is: given back, or billed.

    Amounts are net of discounts and bear none of their own, unless the subscription itemises.
    """
    subscription = item.subscription
    left, whole = item.period_end - when, item.period_end - item.period_start
    sign = -1 if credit else 1
    discounts = borne[item]
    net = item.gross - sum(amount for _, amount in discounts)

    def part(amount: int) -> int:
        return sign * rounded(Decimal(amount) * left / whole)

    word = "Unused" if credit else "Remaining"
    line = Line(
        new_id,
        f"{word} time on {item.quantity} \u00d7 {item.price.product.name} after {day_text(when)}",
        part(net),
        when,
        item.period_end,
        item.quantity,
        subscription,
        item,
        item.price,
        proration=True,
        discountable=False,
        invoice_item=subscription.customer.new_id("ii"),
    )
    if subscription.itemized and discounts:
        line.amount = part(item.gross)
        line.discounts = [(discount, part(amount)) for discount, amount in discounts]
    return line
