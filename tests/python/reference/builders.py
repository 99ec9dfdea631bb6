"""Small raw Lago databases written by hand: only the columns that bear on recurring revenue."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from .items import Options
from .ledger import Result, compute

AS_OF = datetime(2025, 7, 1, 12, tzinfo=UTC)
INTERVALS = {"weekly": 0, "monthly": 1, "yearly": 2, "quarterly": 3, "semiannual": 4}
FREQUENCIES = {"once": 0, "recurring": 1, "forever": 2}


def at(when: str) -> datetime:
    """A naive UTC instant, as Lago stores it: `at("2025-02-10")` or `at("2025-02-10 09:30")`."""
    return datetime.fromisoformat(when)


class RawLago:
    """Rows of one organization, added one by one."""

    def __init__(self) -> None:
        """Start with an organization's billing entity and nothing else."""
        self.raw: dict[str, list[dict[str, Any]]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self._ids = count(1)
        self.entity = self.add("billing_entities", timezone="UTC")["id"]

    def add(self, table: str, **columns: object) -> dict[str, Any]:
        """Add a row; ids grow in the order of writing."""
        row = {"id": f"{next(self._ids):08d}", "organization_id": "org", **columns}
        self.raw.setdefault(table, []).append(row)
        return row

    def capture(self, table: str, row: dict[str, Any], when: str, **changed: object) -> None:
        """Note a version of a row as seen at an instant."""
        version = {**row, **changed, "observed_at": at(when)}
        self.history.setdefault(f"lago_{table}_history", []).append(version)

    def plan(
        self, code: str, cents: int | None, interval: str = "monthly", **columns: object
    ) -> dict[str, Any]:
        """Add a plan; the amount is in minor units."""
        defaults = {"amount_currency": "USD", "parent_id": None, "trial_period": None}
        known = {"code": code, "amount_cents": cents, "interval": INTERVALS[interval]}
        return self.add("plans", **{**defaults, **known, **columns})

    def customer(self, **columns: object) -> dict[str, Any]:
        """Add a customer in Germany, in UTC."""
        defaults = {
            "billing_entity_id": self.entity,
            "timezone": None,
            "country": "DE",
            "account_type": "customer",
            "deleted_at": None,
        }
        return self.add("customers", **{**defaults, **columns})

    def subscription(
        self,
        customer: dict[str, Any],
        plan: dict[str, Any],
        start: str,
        end: str | None = None,
        **columns: object,
    ) -> dict[str, Any]:
        """Add a subscription row that lived from `start`, terminated at `end` if given."""
        defaults = {
            "organization_id": customer["organization_id"],
            "customer_id": customer["id"],
            "plan_id": plan["id"],
            "external_id": f"sub-{customer['id']}",
            "status": 2 if end else 1,
            "started_at": at(start),
            "terminated_at": at(end) if end else None,
            "created_at": at(start),
            "subscription_at": at(start),
            "ending_at": None,
            "previous_subscription_id": None,
            "billing_time": 0,
        }
        return self.add("subscriptions", **{**defaults, **columns})

    def invoice(
        self, subscription: dict[str, Any], first: str, last: str, **columns: object
    ) -> dict[str, Any]:
        """Add a finalized invoice for the days `first` to `last`, both included."""
        defaults = {"created_at": at(first), "status": 1, "payment_dispute_lost_at": None}
        invoice = self.add("invoices", **{**defaults, "self_billed": False, **columns})
        self.add(
            "invoice_subscriptions",
            invoice_id=invoice["id"],
            subscription_id=subscription["id"],
            from_datetime=at(first),
            to_datetime=at(f"{last} 23:59:59.999"),
        )
        return invoice

    def fee(
        self,
        subscription: dict[str, Any],
        first: str,
        last: str,
        cents: object,
        invoice: dict[str, Any] | None = None,
        **columns: object,
    ) -> dict[str, Any]:
        """Add the base fee of a period that states the plan's price, on an invoice of its own."""
        invoice = invoice or self.invoice(subscription, first, last)
        defaults = {
            "invoice_id": invoice["id"],
            "subscription_id": subscription["id"],
            "fee_type": 2,
            "deleted_at": None,
            "created_at": at(first),
            "amount_details": {"plan_amount_cents": cents},
            "properties": {
                "from_datetime": f"{first}T00:00:00.000Z",
                "to_datetime": f"{last}T23:59:59.999Z",
            },
        }
        return self.add("fees", **{**defaults, **columns})

    def fixed_charge(
        self,
        plan: dict[str, Any],
        properties: dict[str, object],
        units: int = 0,
        **columns: object,
    ) -> dict[str, Any]:
        """Add a fixed charge, by default seats with a standard price."""
        defaults = {
            "plan_id": plan["id"],
            "parent_id": None,
            "code": "seats",
            "charge_model": "standard",
            "properties": properties,
            "units": units,
            "deleted_at": None,
        }
        return self.add("fixed_charges", **{**defaults, **columns})

    def set_units(
        self, subscription: dict[str, Any], charge: dict[str, Any], when: str, units: int
    ) -> dict[str, Any]:
        """Add a unit event that counts from `when` on."""
        return self.add(
            "fixed_charge_events",
            subscription_id=subscription["id"],
            fixed_charge_id=charge["id"],
            units=units,
            timestamp=at(when),
            created_at=at(when),
            deleted_at=None,
        )

    def coupon(
        self,
        customer: dict[str, Any],
        when: str,
        frequency: str,
        *,
        percent: object = None,
        cents: int | None = None,
        plans: Sequence[dict[str, Any]] | None = None,
        remaining: int | None = None,
        **columns: object,
    ) -> dict[str, Any]:
        """Add a coupon and give it to a customer; percent off, or a fixed amount."""
        definition = self.add(
            "coupons",
            coupon_type=1 if percent is not None else 0,
            limited_plans=plans is not None,
            limited_billable_metrics=False,
        )
        for plan in plans or ():
            coupon_id, plan_id = definition["id"], plan["id"]
            self.add("coupon_targets", coupon_id=coupon_id, plan_id=plan_id, deleted_at=None)
        defaults = {
            "coupon_id": definition["id"],
            "customer_id": customer["id"],
            "status": 0,
            "frequency": FREQUENCIES[frequency],
            "frequency_duration_remaining": remaining,
            "percentage_rate": percent,
            "amount_cents": cents,
            "amount_currency": "USD" if cents is not None else None,
            "created_at": at(when),
            "terminated_at": None,
        }
        return self.add("applied_coupons", **{**defaults, **columns})

    def use(self, coupon: dict[str, Any], invoice: dict[str, Any]) -> None:
        """Note that a coupon was used on an invoice."""
        coupon_id, invoice_id = coupon["id"], invoice["id"]
        self.add("credits", applied_coupon_id=coupon_id, invoice_id=invoice_id)

    def compute(self, as_of: datetime = AS_OF, **options: Any) -> Result:  # noqa: ANN401
        """Compute from the rows so far, and check that no change falls between two cut points."""
        chosen = Options(**options)
        result = compute(self.raw, self.history, as_of, chosen)
        assert result == compute(self.raw, self.history, as_of, chosen, every_day=True)
        return result


def figures(*amounts: Decimal) -> str:
    """Amounts without trailing zeros, side by side."""
    return " ".join(f"{Decimal(amount).normalize():f}" for amount in amounts)


def moves(result: Result) -> list[tuple[str, str, str]]:
    """Movements as (day, type, signed total), to be read at a glance."""
    return [(str(m.day), m.type, figures(m.total)) for m in result.movements]


def total(result: Result, day: str) -> str:
    """MRR over everything at the end of a day."""
    level = result.levels(date.fromisoformat(day))
    return figures(sum(level.values(), Decimal(0)))
