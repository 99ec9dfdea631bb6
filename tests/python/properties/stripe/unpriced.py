"""What no model can know of amounts: what Stripe only says to who asks, until a line bills it."""

from collections import defaultdict
from collections.abc import Iterator

from reference.stripe.truth import Doc, Row, item_of
from tidemill_cli.demo.stripe.model import Discount

from .compare import DISCOUNTS, Unknown
from .play import END, Played

# A smaller line may bear less of a discount than can be seen.
SEEN = 100


class Bills:
    """What the lines of invoices tell of prices, taxes and coupons."""

    def __init__(self, played: Played) -> None:
        """Sort the lines."""
        self.quantities: set[tuple[str, str, int]] = set()
        self.units: set[tuple[str, str]] = set()
        self.taxes: set[tuple[str, str]] = set()
        # By discount: products that it is known to lower, or not to.
        self.products: dict[str, set[str]] = defaultdict(set)
        for invoice in played.objects.get("invoices", ()):
            lines = [line for line in invoice["lines"]["data"] if item_of(line) is not None]
            for line in lines:
                self._hear(line, invoice["customer"])
            self._compare([line for line in lines if line["amount"] > 0 and _is_regular(line)])

    def _hear(self, line: Doc, customer: str) -> None:
        price, currency = _price_of(line), line["currency"]
        if "pricing" in line:
            # The newer shape has the amount of one in the currency of the line.
            self.units.add((price, currency))
        if line["amount"] > 0 and _is_regular(line):
            self.quantities.add((price, currency, line["quantity"]))
            self.units.add((price, currency))
            if _left_of(line) > 0:
                self.taxes.add((customer, price))

    def _compare(self, lines: list[Doc]) -> None:
        held = {each["discount"] for line in lines for each in _borne(line)}
        for line in lines:
            own = {each["discount"] for each in _borne(line)}
            known = own | (held if _left_of(line) >= SEEN else set())
            for discount in known:
                self.products[discount].add(_product_of(line))


def of_prices(played: Played, rows: list[Row]) -> Iterator[Unknown]:
    """Return whose amount nothing tells: of tiers, in another currency, or without the tax."""
    bills = Bills(played)
    for row in rows:
        price, currency = played.prices[row["actual_plan_id"]], row["currency"].lower()
        if row["charge_kind"] == "metered":
            continue
        why = None
        if price.tiers and (price.id, currency, int(row["quantity"])) not in bills.quantities:
            why = "no invoice bills this quantity of tiers"
        elif currency != price.currency and (price.id, currency) not in bills.units:
            why = "no invoice bills the price in this currency"
        elif (
            price.tax_included
            and played.tax_rates.get(row["customer_id"])
            and (row["customer_id"], price.id) not in bills.taxes
        ):
            why = "no invoice says what tax is in the price"
        if why is not None:
            since, until = row["valid_from"], row["valid_to"] or END
            columns = ("amount", *DISCOUNTS)
            yield Unknown(why, row["subscription_id"], since, until, columns, row["item_id"])
            # An amount off is shared in proportion to what all of them cost.
            yield Unknown(why, row["subscription_id"], since, until, DISCOUNTS)


def of_limits(played: Played, rows: list[Row]) -> Iterator[Unknown]:
    """Return whose discounts nothing tells: a coupon is for some products, and no line shows it."""
    bills = Bills(played)
    limited = [held for held in played.discounts.values() if held.coupon.products]
    for row in rows:
        product = played.prices[row["actual_plan_id"]].product.id
        for held in limited:
            if _is_near(held, row) and product not in bills.products[held.id]:
                since, until = row["valid_from"], row["valid_to"] or END
                why = "no line shows whether the coupon is for it"
                yield Unknown(why, row["subscription_id"], since, until, DISCOUNTS)


def _is_near(held: Discount, row: Row) -> bool:
    """Tell whether a discount is one of the subscription, or of its customer."""
    if held.subscription is None:
        return True
    return bool(held.subscription.id == row["subscription_id"])


def _is_regular(line: Doc) -> bool:
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or line
    return not details["proration"]


def _borne(line: Doc) -> list[Doc]:
    return [each for each in line["discount_amounts"] if each["amount"] > 0]


def _left_of(line: Doc) -> int:
    return int(line["amount"]) - sum(int(each["amount"]) for each in line["discount_amounts"])


def _price_of(line: Doc) -> str:
    pricing = line.get("pricing")
    found: str = pricing["price_details"]["price"] if pricing else line["price"]["id"]
    return found


def _product_of(line: Doc) -> str:
    pricing = line.get("pricing")
    found: str = pricing["price_details"]["product"] if pricing else line["price"]["product"]
    return found
