"""Which of Lago's tables and columns Tidemill reads, and what tells its releases apart."""

from __future__ import annotations

OLDEST_RELEASE = "v1.26"
NEWEST_RELEASE = "v1.51"

# Every supported release has these.
REQUIRED: dict[str, tuple[str, ...]] = {
    "billing_entities": ("id", "timezone"),
    "customers": (
        "id",
        "organization_id",
        "external_id",
        "name",
        "country",
        "currency",
        "timezone",
        "account_type",
        "billing_entity_id",
        "created_at",
        "deleted_at",
    ),
    "customer_metadata": ("customer_id", "key", "value"),
    "plans": (
        "id",
        "organization_id",
        "parent_id",
        "code",
        "interval",
        "amount_cents",
        "amount_currency",
        "trial_period",
        "bill_charges_monthly",
    ),
    "subscriptions": (
        "id",
        "organization_id",
        "customer_id",
        "plan_id",
        "previous_subscription_id",
        "external_id",
        "status",
        "billing_time",
        "subscription_at",
        "started_at",
        "terminated_at",
        "ending_at",
        "created_at",
    ),
    "invoices": (
        "id",
        "customer_id",
        "status",
        "payment_status",
        "self_billed",
        "payment_dispute_lost_at",
        "finalized_at",
        "created_at",
    ),
    "invoice_subscriptions": ("invoice_id", "from_datetime", "to_datetime"),
    "fees": (
        "id",
        "invoice_id",
        "subscription_id",
        "charge_id",
        "fee_type",
        "amount_cents",
        "amount_currency",
        "precise_coupons_amount_cents",
        "taxes_amount_cents",
        "amount_details",
        "properties",
        "payment_status",
        "succeeded_at",
        "deleted_at",
        "created_at",
    ),
    "charges": ("id", "billable_metric_id"),
    "billable_metrics": ("id", "code"),
    "payments": ("payable_type", "payable_id", "payable_payment_status", "created_at"),
    "invoices_payment_requests": ("invoice_id", "payment_request_id"),
    "credit_notes": (
        "id",
        "invoice_id",
        "status",
        "total_amount_cents",
        "total_amount_currency",
        "taxes_amount_cents",
        "refund_amount_cents",
        "refund_status",
    ),
    "credit_note_items": ("id", "credit_note_id", "fee_id", "amount_cents", "amount_currency"),
    "commitments": ("id", "plan_id", "commitment_type", "amount_cents"),
    "coupons": ("id", "coupon_type", "limited_plans", "limited_billable_metrics"),
    "coupon_targets": ("coupon_id", "plan_id", "deleted_at"),
    "applied_coupons": (
        "id",
        "coupon_id",
        "customer_id",
        "status",
        "amount_cents",
        "amount_currency",
        "percentage_rate",
        "frequency",
        "frequency_duration_remaining",
        "created_at",
        "terminated_at",
    ),
    "credits": (
        "id",
        "applied_coupon_id",
        "credit_note_id",
        "invoice_id",
        "amount_cents",
        "amount_currency",
    ),
}

# Read where a release has them. A table that is there has all of its columns listed.
OPTIONAL_COLUMNS: dict[str, tuple[str, ...]] = {
    "subscriptions": ("activated_at",),
    "plans": ("bill_fixed_charges_monthly",),
    "fees": ("fixed_charge_id",),
    "credit_notes": ("offset_amount_cents",),
}
OPTIONAL_TABLES: dict[str, tuple[str, ...]] = {
    "fixed_charges": (
        "id",
        "plan_id",
        "parent_id",
        "code",
        "charge_model",
        "properties",
        "units",
        "deleted_at",
    ),
    "fixed_charge_events": (
        "id",
        "subscription_id",
        "fixed_charge_id",
        "units",
        "timestamp",
        "deleted_at",
        "created_at",
    ),
    "subscription_fixed_charge_units_overrides": (
        "subscription_id",
        "fixed_charge_id",
        "units",
        "deleted_at",
    ),
    "subscription_activation_rules": ("subscription_id",),
}

# The first release that has a column, newest first: the first one found names the release.
_MARKERS: tuple[tuple[str, str, str], ...] = (
    ("plans", "pricing_type", "newer than v1.51"),
    ("subscriptions", "cancellation_reason", "v1.49 or newer"),
    ("subscriptions", "billing_entity_id", "v1.46 or newer"),
    ("subscriptions", "activated_at", "v1.45 or newer"),
    ("credit_notes", "offset_amount_cents", "v1.40 or newer"),
    ("fixed_charge_events", "id", "v1.33 or newer"),
    ("fixed_charges", "id", "v1.32 or newer"),
    ("invoices", "voided_invoice_id", "v1.31 or newer"),
    ("credits", "organization_id", "v1.28 or newer"),
    ("applied_coupons", "organization_id", "v1.27 or newer"),
    ("subscriptions", "organization_id", "v1.26 or newer"),
)


def tables_to_look_at() -> set[str]:
    """Every table that a check or a marker names."""
    return {*REQUIRED, *OPTIONAL_TABLES, *(table for table, _, _ in _MARKERS)}


def release_name(columns: dict[str, dict[str, bool]]) -> str | None:
    """The release that the columns found belong to; None when older than the oldest supported."""
    for table, column, release in _MARKERS:
        if column in columns.get(table, {}):
            return release
    return None
