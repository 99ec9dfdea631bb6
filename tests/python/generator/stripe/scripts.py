"""Short words for scripting the simulator and reading its objects."""

from datetime import UTC, datetime
from typing import Any

from tidemill_cli.demo.stripe.engine import StripeEngine
from tidemill_cli.demo.stripe.model import Customer, Subscription
from tidemill_cli.demo.stripe.render import Shape

Doc = dict[str, Any]


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def unix(text: str) -> int:
    """An instant as Stripe says it."""
    return int(at(text).timestamp())


def day(seconds: int) -> str:
    """An instant as a readable day, with its time unless it is midnight."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")[:19].removesuffix(" 00:00:00")


def engine(shape: Shape = "acacia", **options: Any) -> StripeEngine:  # noqa: ANN401
    return StripeEngine(seed=1, start=at("2024-01-01"), shape=shape, **options)


def one(stripe: StripeEngine, table: str) -> Doc:
    """The only object of a table."""
    (found,) = stripe.objects()[table]
    return found


def lines(stripe: StripeEngine) -> list[tuple[str, str, int | None, int, int]]:
    """Lines of all invoices: from, until, quantity, amount, discounts."""
    return [
        (
            day(line["period"]["start"]),
            day(line["period"]["end"]),
            line["quantity"],
            line["amount"],
            sum(discount["amount"] for discount in line["discount_amounts"]),
        )
        for invoice in stripe.objects()["invoices"]
        for line in invoice["lines"]["data"]
    ]


def statuses(stripe: StripeEngine, subscription: Subscription) -> list[tuple[str, str]]:
    """What the events say of a subscription's status, where it changes."""
    seen: list[tuple[str, str]] = []
    for event in stripe.events():
        item = event["data"]["object"]
        if item["id"] == subscription.id and (not seen or seen[-1][1] != item["status"]):
            seen.append((day(event["created"]), item["status"]))
    return seen


def amounts(customer: Customer) -> list[tuple[str, str, int, str]]:
    """A customer's invoices: created, why, total, status."""
    return [(day(i.created), i.reason, i.total, i.status) for i in customer.invoices]
