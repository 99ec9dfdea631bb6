"""What the second reference does with a change of currency, worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal

from reference.surface.changes import parts
from reference.surface.facts import Place, exact
from reference.surface.items import ItemState
from reference.surface.netting import typed_rows

RATES = {"USD": Decimal(1), "JPY": Decimal("0.985181818182")}


def item(name: str, plan: str, currency: str, mrr: str) -> ItemState:
    return ItemState(
        item_id=name,
        subscription_id=name,
        place=Place(plan, "basic", currency, "DE", "month"),
        quantity=Decimal(1),
        list_mrr=Decimal(mrr),
        mrr=Decimal(mrr),
        is_paused=False,
        is_usage=False,
        is_voluntary=None,
        source_row=name,
        since=datetime(2024, 10, 6, tzinfo=UTC),
    )


@exact
def test_what_was_lost_in_another_currency_is_shared_as_it_was_told() -> None:
    """99.99 dollars become yen, a loss of 1.50395589183 that is told as 1.5039558918 yen.

    The total gains 100 - 1.5039558918 x 0.985181818182 = 98.51833000005; without the rounding it
    would be 98.51833000002, another amount in the tenth decimal.
    """

    def worth(_: str, currency: str) -> tuple[str, Decimal]:
        return "USD", RATES[currency]

    told = [
        *parts(None, item("new", "free", "USD", "100"), "customer", worth),
        *parts(
            item("old", "basic", "USD", "99.99"),
            item("old", "basic", "JPY", "99.99"),
            "customer",
            worth,
        ),
    ]

    rows = typed_rows(told, None, RATES, is_discount_apart=False)

    gained = [row for row in rows if row.type == "expansion"]
    assert [(row.place.plan, row.amount) for row in gained] == [("free", Decimal("98.5183300001"))]
