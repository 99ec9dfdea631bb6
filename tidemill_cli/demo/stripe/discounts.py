"""Coupons on customers, subscriptions and items, and how invoices bear them."""

from collections.abc import Sequence
from decimal import Decimal

from tidemill_cli.demo.stripe.catalog import Coupon, rounded
from tidemill_cli.demo.stripe.clock import add_months
from tidemill_cli.demo.stripe.model import Customer, Discount, Item, Line, Subscription

Borne = list[tuple[Discount, int]]


def hold(
    customer: Customer,
    coupon: Coupon,
    when: int,
    subscription: Subscription | None = None,
    item: Item | None = None,
) -> Discount:
    """Give a coupon to a customer, a subscription or one item."""
    end = None
    if coupon.duration == "repeating":
        end = add_months(when, coupon.months or 1)
    discount = Discount(customer.new_id("di"), coupon, when, end, None, subscription, item)
    if item is not None:
        item.discounts.append(discount)
    elif subscription is not None:
        subscription.discounts.append(discount)
    else:
        customer.discount = discount
    return discount


def of_item(item: Item, when: int) -> list[Discount]:
    """Return the discounts of an item at an instant: its own first, then its subscription's.

    A customer's discount counts where the subscription has none.
    """
    subscription = item.subscription
    shared = subscription.discounts
    held = subscription.customer.discount
    if not shared and held is not None:
        shared = [held]
    return [
        discount
        for discount in [*item.discounts, *shared]
        if discount.applies(when) and discount.is_for(item.price.product)
    ]


def spread(
    amounts: Sequence[int], held: Sequence[Sequence[Discount]], currency: str
) -> list[Borne]:
    """Return what each amount bears of its discounts, one after the other.

    A percentage is rounded on each amount; an amount off is spread in proportion to what is left.
    """
    borne: list[Borne] = [[] for _ in amounts]
    left = list(amounts)
    order = list(dict.fromkeys(discount for each in held for discount in each))
    for discount in order:
        places = [
            place for place, each in enumerate(held) if discount in each and amounts[place] > 0
        ]
        coupon = discount.coupon
        if coupon.percent_off is not None:
            shares = [rounded(left[place] * coupon.percent_off / 100) for place in places]
        else:
            shares = in_proportion(coupon.off(currency), [left[place] for place in places])
        for place, share in zip(places, shares, strict=True):
            left[place] -= share
            borne[place].append((discount, share))
    return borne


def in_proportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Spread an amount over weights without losing a unit; never more than the weights."""
    total = sum(weights)
    amount = min(amount, total)
    shares, done, seen = [], 0, 0
    for weight in weights:
        seen += weight
        upto = rounded(Decimal(amount) * seen / total) if total else 0
        shares.append(upto - done)
        done = upto
    return shares


def lasting(items: Sequence[Item], when: int) -> dict[Item, Borne]:
    """Return what whole periods of items bear of all discounts but those for one invoice."""
    held = [[d for d in of_item(item, when) if d.coupon.duration != "once"] for item in items]
    currency = items[0].subscription.currency
    return dict(zip(items, spread([item.gross for item in items], held, currency), strict=True))


def apply_to_lines(lines: Sequence[Line], currency: str, when: int) -> None:
    """Write discounts on the lines of an invoice; a discount for one invoice is used up."""
    bearing = [line for line in lines if line.discountable and line.item is not None]
    held = [of_item(line.item, when) for line in bearing if line.item is not None]
    amounts = [line.amount for line in bearing]
    for line, borne in zip(bearing, spread(amounts, held, currency), strict=True):
        line.discounts = borne
        for discount, amount in borne:
            if discount.coupon.duration == "once" and amount:
                discount.gone_at = when


def forget(subscription: Subscription, when: int) -> None:
    """Take discounts that are over off the subscription, its items and its customer."""
    customer = subscription.customer
    subscription.discounts = [d for d in subscription.discounts if d.applies(when)]
    for item in subscription.items:
        item.discounts = [d for d in item.discounts if d.applies(when)]
    if customer.discount is not None and not customer.discount.applies(when):
        customer.discount = None
        customer.journal.customer(customer, when)
