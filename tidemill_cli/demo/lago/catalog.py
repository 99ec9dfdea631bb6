"""What an organisation sells: plans with fixed charges and commitments, and coupons."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tidemill_cli.demo.lago.pricing import Amount as Amount
from tidemill_cli.demo.lago.pricing import FixedCharge as FixedCharge
from tidemill_cli.demo.lago.pricing import Interval, Timeline, UnitPrice
from tidemill_cli.demo.lago.pricing import UsageCharge as UsageCharge
from tidemill_cli.demo.lago.rows import FALSE, NULL, Rows, escape, flag, moment, optional

Frequency = Literal["once", "recurring", "forever"]

INTERVAL_CODE = {"weekly": "0", "monthly": "1", "yearly": "2", "quarterly": "3", "semiannual": "4"}
PER_YEAR = {"weekly": 52, "monthly": 12, "quarterly": 4, "semiannual": 2, "yearly": 1}
FREQUENCY_CODE = {"once": "0", "recurring": "1", "forever": "2"}
SCHEMA_MIGRATION = "20260821000000"


@dataclass(slots=True)
class Organization:
    """A tenant and its default billing entity."""

    id: str
    billing_entity_id: str
    name: str
    timezone: str
    currency: str
    country: str | None
    created_at: int

    @property
    def slug(self) -> str:
        """Return the name as used in addresses."""
        return "-".join(self.name.lower().split())

    @property
    def prefix(self) -> str:
        """Return the prefix of customer slugs and invoice numbers."""
        return self.name[:3].upper()

    def write(self, rows: Rows) -> None:
        """Add the organisation's rows."""
        created = moment(self.created_at)
        country = escape(self.country)
        rows.add(
            "organizations",
            id=self.id,
            name=escape(self.name),
            default_currency=self.currency,
            timezone=self.timezone,
            country=country,
            hmac_key=f"hmac-{self.id}",
            slug=escape(self.slug),
            created_at=created,
            updated_at=created,
        )
        rows.add(
            "billing_entities",
            id=self.billing_entity_id,
            organization_id=self.id,
            name=escape(self.name),
            code=escape(self.slug),
            default_currency=self.currency,
            timezone=self.timezone,
            country=country,
            created_at=created,
            updated_at=created,
        )


@dataclass(slots=True)
class PlanCharge:
    """A fixed charge as part of a plan or of an override of it."""

    id: str
    add_on_id: str
    parent_id: str | None
    spec: FixedCharge
    units: Decimal
    price: Timeline[UnitPrice]
    updated_at: int


@dataclass(slots=True)
class PlanUsage:
    """A usage charge as part of a plan or of an override of it."""

    id: str
    metric_id: str
    parent_id: str | None
    spec: UsageCharge


@dataclass(slots=True)
class Plan:
    """A plan, or (with a parent) the override of one for a single subscription."""

    id: str
    organization: Organization
    code: str
    interval: Interval
    currency: str
    pay_in_advance: bool
    trial_days: int
    price: Timeline[int]
    created_at: int
    updated_at: int
    parent: "Plan | None" = None
    charges: list[PlanCharge] = field(default_factory=list)
    commitment: tuple[str, int] | None = None
    monthly_fixed_charges: bool = False
    usage: list[PlanUsage] = field(default_factory=list)
    monthly_usage: bool = False
    deleted_at: int | None = None

    @property
    def root_id(self) -> str:
        """Return the id of the plan as sold."""
        return self.id if self.parent is None else self.parent.id

    def yearly_price(self, when: int) -> int:
        """Return what Lago compares to tell an upgrade from a downgrade."""
        return self.price.at(when) * PER_YEAR[self.interval]

    def charge(self, code: str) -> PlanCharge:
        """Return the fixed charge with a code."""
        for charge in self.charges:
            if charge.spec.code == code:
                return charge
        message = f"plan {self.code!r} has no fixed charge {code!r}"
        raise KeyError(message)

    def override(self, rows: Rows, amount: int, when: int) -> "Plan":
        """Clone the plan for one subscription at another price."""
        child = Plan(
            id=rows.uuid(),
            organization=self.organization,
            code=self.code,
            interval=self.interval,
            currency=self.currency,
            pay_in_advance=self.pay_in_advance,
            trial_days=self.trial_days,
            price=Timeline(amount),
            created_at=when,
            updated_at=when,
            parent=self,
            monthly_fixed_charges=self.monthly_fixed_charges,
            monthly_usage=self.monthly_usage,
        )
        if self.commitment:
            child.commitment = (rows.uuid(), self.commitment[1])
        for charge in self.charges:
            clone = PlanCharge(
                id=rows.uuid(),
                add_on_id=charge.add_on_id,
                parent_id=charge.id,
                spec=charge.spec,
                units=charge.units,
                price=Timeline(charge.price.at(when)),
                updated_at=when,
            )
            child.charges.append(clone)
        for usage in self.usage:
            child.usage.append(PlanUsage(rows.uuid(), usage.metric_id, usage.id, usage.spec))
        return child

    def write(self, rows: Rows) -> None:
        """Add the plan's rows in their final state."""
        created, updated = moment(self.created_at), moment(self.updated_at)
        deleted = moment(self.deleted_at)
        organization_id = self.organization.id
        rows.add(
            "plans",
            id=self.id,
            organization_id=organization_id,
            parent_id=self.parent.id if self.parent else NULL,
            name=escape(self.code.title()),
            code=escape(self.code),
            interval=INTERVAL_CODE[self.interval],
            amount_cents=str(self.price.last),
            amount_currency=self.currency,
            trial_period=str(self.trial_days),
            pay_in_advance=flag(self.pay_in_advance),
            bill_charges_monthly=flag(self.monthly_usage),
            bill_fixed_charges_monthly=flag(self.monthly_fixed_charges),
            created_at=created,
            updated_at=updated,
            deleted_at=deleted,
        )
        for charge in self.charges:
            rows.add(
                "fixed_charges",
                id=charge.id,
                organization_id=organization_id,
                plan_id=self.id,
                add_on_id=charge.add_on_id,
                parent_id=charge.parent_id or NULL,
                charge_model=charge.spec.charge_model,
                properties=charge.price.last.properties,
                pay_in_advance=flag(charge.spec.pay_in_advance),
                prorated=flag(charge.spec.prorated),
                units=str(charge.units),
                code=escape(charge.spec.code),
                created_at=created,
                updated_at=moment(charge.updated_at),
                deleted_at=deleted,
            )
        for usage in self.usage:
            rows.add(
                "charges",
                id=usage.id,
                organization_id=organization_id,
                plan_id=self.id,
                billable_metric_id=usage.metric_id,
                parent_id=usage.parent_id or NULL,
                code=escape(usage.spec.code),
                charge_model="0",
                properties=json.dumps({"amount": str(usage.spec.amount)}),
                pay_in_advance=FALSE,
                created_at=created,
                updated_at=updated,
                deleted_at=deleted,
            )
        if self.commitment:
            commitment_id, amount = self.commitment
            rows.add(
                "commitments",
                id=commitment_id,
                plan_id=self.id,
                commitment_type="0",
                amount_cents=str(amount),
                created_at=created,
                updated_at=created,
                organization_id=organization_id,
            )
        self._write_versions(rows)

    def _write_versions(self, rows: Rows) -> None:
        """Add what the audit log keeps: the creation and the last five changes."""
        if self.parent is not None:
            return
        versions = [("create", self.created_at, {"amount_cents": [None, self.price.at(0)]})]
        for when, before, after in self.price.changes()[-5:]:
            versions.append(("update", when, {"amount_cents": [before, after]}))
        for event, when, changes in versions:
            rows.add(
                "versions",
                id=str(len(rows["versions"]) + 1),
                item_type="Plan",
                item_id=_hyphenated(self.id),
                event=event,
                object_changes=json.dumps(changes),
                created_at=moment(when),
            )


@dataclass(slots=True)
class Coupon:
    """A coupon: a percentage or a fixed amount per invoice, perhaps for some plans only."""

    id: str
    organization: Organization
    code: str
    percentage: Decimal | None
    amount: int | None
    currency: str | None
    frequency: Frequency
    duration: int | None
    plans: tuple[Plan, ...]
    created_at: int

    @property
    def percentage_text(self) -> str | None:
        """Return the percentage as stored."""
        return None if self.percentage is None else str(self.percentage)

    def covers(self, plan: Plan) -> bool:
        """Tell whether fees of a plan (or an override of it) are discounted."""
        return not self.plans or any(plan.root_id == target.id for target in self.plans)

    def write(self, rows: Rows) -> None:
        """Add the coupon's rows."""
        created = moment(self.created_at)
        rows.add(
            "coupons",
            id=self.id,
            organization_id=self.organization.id,
            name=escape(self.code.title()),
            code=escape(self.code),
            status="0",
            amount_cents=optional(self.amount),
            amount_currency=optional(self.currency),
            expiration="0",
            coupon_type="0" if self.percentage is None else "1",
            percentage_rate=optional(self.percentage_text),
            frequency=FREQUENCY_CODE[self.frequency],
            frequency_duration=optional(self.duration),
            limited_plans=flag(bool(self.plans)),
            created_at=created,
            updated_at=created,
        )
        for plan in self.plans:
            rows.add(
                "coupon_targets",
                id=rows.uuid(),
                coupon_id=self.id,
                plan_id=plan.id,
                created_at=created,
                updated_at=created,
                organization_id=self.organization.id,
            )


def write_catalog(
    rows: Rows, organizations: list[Organization], plans: list[Plan], coupons: list[Coupon]
) -> None:
    """Add the rows of everything customers share."""
    rows.add(
        "schema_migrations",
        version=SCHEMA_MIGRATION,
    )
    for organization in organizations:
        organization.write(rows)
    _write_metrics(rows, plans)
    for plan in plans:
        created = moment(plan.created_at)
        for charge in plan.charges:
            rows.add(
                "add_ons",
                id=charge.add_on_id,
                organization_id=plan.organization.id,
                name=charge.spec.code.title(),
                code=charge.spec.code,
                amount_cents="0",
                amount_currency=plan.currency,
                created_at=created,
                updated_at=created,
            )
        plan.write(rows)
    for coupon in coupons:
        coupon.write(rows)


def _write_metrics(rows: Rows, plans: list[Plan]) -> None:
    """Add the billable metrics that plans charge for; plans of one organisation share them."""
    metrics = {usage.metric_id: (plan, usage) for plan in plans for usage in plan.usage}
    for metric_id, (plan, usage) in metrics.items():
        created = moment(plan.organization.created_at)
        rows.add(
            "billable_metrics",
            id=metric_id,
            organization_id=plan.organization.id,
            name=escape(usage.spec.code.title()),
            code=escape(usage.spec.code),
            # Sum.
            aggregation_type="1",
            recurring=FALSE,
            created_at=created,
            updated_at=created,
        )


def _hyphenated(uuid: str) -> str:
    return "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]))
