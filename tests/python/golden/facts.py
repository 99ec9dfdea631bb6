"""Words for the facts of a golden case as an adapter states them; instants are UTC."""

from collections.abc import Callable

from reference.surface.builders import SurfaceRows, at

Fact = Callable[[SurfaceRows], object]


def item(
    start: str, end: str | None = None, amount: object = 50, *, by: str = "acme", **columns: object
) -> Fact:
    """A customer's subscription holds an item over [start, end), monthly in USD."""

    def fact(surface: SurfaceRows) -> None:
        if by not in {row["customer_id"] for row in surface.rows["customers"]}:
            surface.customer(by)
        known = {"actual_plan_id": "basic", "history_source": "events", "recorded_at": at(start)}
        surface.item(start, end, amount, subscription=by, customer_id=by, **known, **columns)

    return fact


def line(kind: str, amount: object, first: str, last: str, **columns: object) -> Fact:
    """The subscription of acme is billed a line for the service over [first, last)."""
    return lambda surface: surface.line(
        kind, amount, first, last, **{"subscription_id": "acme", **columns}
    )
