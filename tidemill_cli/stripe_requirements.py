"""Which tables and columns of a Stripe sync engine Tidemill reads, and what tells engines apart."""

from __future__ import annotations

# Newer engines keep Stripe's object; with these two columns nothing else is read of a table.
PAYLOAD = "_raw_data"
BESIDE_PAYLOAD = ("_account_id", "_last_synced_at")

# The classic engine has typed columns, read where a release has them.
SYNCED_AT = "last_synced_at"
REQUIRED: dict[str, tuple[str, ...]] = {
    "subscriptions": (
        "id",
        "status",
        "customer",
        "currency",
        "items",
        "metadata",
        "created",
        "start_date",
        "trial_start",
        "trial_end",
        "current_period_start",
        "current_period_end",
        "cancel_at",
        "cancel_at_period_end",
        "canceled_at",
        "ended_at",
        "pause_collection",
        "discount",
        "collection_method",
        "schedule",
        "livemode",
        "billing_cycle_anchor",
    ),
    "invoices": (
        "id",
        "status",
        "customer",
        "subscription",
        "currency",
        "collection_method",
        "billing_reason",
        "lines",
        "total",
        "subtotal",
        "tax",
        "total_tax_amounts",
        "total_discount_amounts",
        "amount_due",
        "amount_paid",
        "paid",
        "attempt_count",
        "due_date",
        "created",
        "status_transitions",
        "charge",
        "payment_intent",
        "livemode",
        "period_start",
        "period_end",
        "starting_balance",
        "ending_balance",
    ),
    "customers": (
        "id",
        "name",
        "email",
        "address",
        "shipping",
        "currency",
        "metadata",
        "discount",
        "deleted",
        "created",
        "livemode",
    ),
}
OPTIONAL_TABLES: dict[str, tuple[str, ...]] = {
    "subscription_items": (
        "id",
        "subscription",
        "price",
        "quantity",
        "deleted",
        "created",
        "current_period_start",
        "current_period_end",
    ),
    "products": (
        "id",
        "name",
        "livemode",
    ),
    "prices": (
        "id",
        "product",
        "currency",
        "unit_amount",
        "unit_amount_decimal",
        "recurring",
        "billing_scheme",
        "tiers_mode",
        "transform_quantity",
        "nickname",
        "lookup_key",
        "livemode",
    ),
    "plans": (
        "id",
        "product",
        "currency",
        "amount",
        "interval",
        "interval_count",
        "usage_type",
        "billing_scheme",
        "tiers_mode",
        "transform_usage",
        "nickname",
        "livemode",
    ),
    "coupons": (
        "id",
        "duration",
        "percent_off",
        "amount_off",
        "currency",
    ),
    "credit_notes": (
        "id",
        "invoice",
        "customer",
        "status",
        "type",
        "amount",
        "total",
        "subtotal",
        "currency",
        "lines",
        "refund",
        "out_of_band_amount",
        "customer_balance_transaction",
        "tax_amounts",
        "discount_amount",
        "created",
        "voided_at",
    ),
    "refunds": (
        "id",
        "charge",
        "payment_intent",
        "amount",
        "currency",
        "status",
        "created",
    ),
    "charges": (
        "id",
        "invoice",
        "payment_intent",
        "customer",
        "amount",
        "amount_refunded",
        "currency",
        "paid",
        "status",
        "created",
    ),
    "invoice_payments": (
        "id",
        "invoice",
        "payment",
        "amount_paid",
        "currency",
        "status",
        "status_transitions",
        "created",
    ),
    "subscription_schedules": (
        "id",
        "subscription",
        "released_subscription",
        "customer",
        "status",
        "phases",
        "end_behavior",
        "created",
        "canceled_at",
        "released_at",
        "completed_at",
        "livemode",
    ),
}
# Without these there is nothing to build an object of.
_NEEDED: dict[str, tuple[str, ...]] = {
    "subscriptions": ("id", "status", "customer", "items", "created"),
    "invoices": ("id", "status", "customer", "lines", "created"),
    "customers": ("id",),
}

# Parsed once per version of a row, which PostgreSQL's own columns tell apart; so are the events.
VERSIONED = "invoices"
VERSION_COLUMNS = ("tableoid", "xmin", "ctid")

# The table of events that a user may keep, and what it must have.
EVENTS = "stripe_events"
EVENT_COLUMNS = ("id", "type", "created", "data")
EVENT_COLUMNS_READ = (*EVENT_COLUMNS, "_account_id")

_Columns = dict[str, dict[str, bool]]

# Left behind by what runs the migrations of the engines before v1.
_JOURNAL = "migrations"
GENERATIONS = {
    "classic": "the classic engine (@supabase/stripe-sync-engine)",
    "replit": "replit (stripe-replit-sync)",
    "v1": "v1 (@stripe/sync-engine)",
    "v2": "v2 (@stripe/sync-*)",
}


def tables_to_look_at() -> set[str]:
    """Every table that a check names."""
    return {*REQUIRED, *OPTIONAL_TABLES, _JOURNAL}


def generation(found: _Columns, generated: set[str]) -> str:
    """The engine that keeps these tables; `generated` are those columns of subscriptions."""
    if PAYLOAD not in found["subscriptions"]:
        return "classic"
    if "_account_id" in generated:
        return "v2"
    if _JOURNAL in found:
        return "replit"
    # Without a description of the API, v2 leaves it in the object.
    return "v1" if "_account_id" in found["subscriptions"] else "v2"


def missing(found: _Columns) -> str | None:
    """The first column without which a table cannot be read."""
    for table, needed in _NEEDED.items():
        if PAYLOAD not in found[table]:
            for column in needed:
                if column not in found[table]:
                    return f"{table}.{column}"
    return None


def read(found: _Columns) -> dict[str, tuple[str, ...]]:
    """The columns that are read of each table that is there."""
    wanted: dict[str, tuple[str, ...]] = {}
    for table, columns in {**REQUIRED, **OPTIONAL_TABLES}.items():
        present = found.get(table, {})
        listed = (PAYLOAD, *BESIDE_PAYLOAD) if PAYLOAD in present else (*columns, SYNCED_AT)
        if present:
            wanted[table] = tuple(column for column in listed if column in present)
    return wanted
