"""Which of Kill Bill's tables and columns Tidemill reads, and what tells its releases apart."""

from __future__ import annotations

# Every supported release has these.
REQUIRED: dict[str, tuple[str, ...]] = {
    "tenants": ("record_id", "id"),
    "tenant_kvs": (
        "record_id",
        "tenant_record_id",
        "tenant_key",
        "tenant_value",
        "is_active",
        "created_date",
    ),
    "accounts": (
        "record_id",
        "id",
        "external_key",
        "name",
        "company_name",
        "currency",
        "country",
        "parent_account_id",
        "reference_time",
        "time_zone",
        "created_date",
        "tenant_record_id",
    ),
    "account_history": (
        "record_id",
        "target_record_id",
        "country",
        "change_type",
        "created_date",
        "updated_date",
        "tenant_record_id",
    ),
    "bundles": (
        "record_id",
        "id",
        "external_key",
        "account_id",
        "created_date",
        "tenant_record_id",
    ),
    "subscriptions": (
        "id",
        "bundle_id",
        "category",
        "start_date",
        "created_date",
        "account_record_id",
        "tenant_record_id",
    ),
    "subscription_events": (
        "record_id",
        "id",
        "event_type",
        "user_type",
        "effective_date",
        "subscription_id",
        "plan_name",
        "phase_name",
        "price_list_name",
        "is_active",
        "created_date",
        "tenant_record_id",
    ),
    "blocking_states": (
        "record_id",
        "blockable_id",
        "type",
        "state",
        "service",
        "block_billing",
        "effective_date",
        "is_active",
        "created_date",
        "tenant_record_id",
    ),
    "invoices": (
        "id",
        "account_id",
        "status",
        "migrated",
        "parent_invoice",
        "created_date",
        "tenant_record_id",
    ),
    "invoice_items": (
        "record_id",
        "id",
        "type",
        "invoice_id",
        "account_id",
        "subscription_id",
        "product_name",
        "plan_name",
        "phase_name",
        "catalog_effective_date",
        "start_date",
        "end_date",
        "amount",
        "rate",
        "currency",
        "linked_item_id",
        "created_date",
        "tenant_record_id",
    ),
    "invoice_payments": (
        "record_id",
        "id",
        "type",
        "invoice_id",
        "payment_date",
        "amount",
        "tenant_record_id",
    ),
    "invoice_parent_children": (
        "parent_invoice_id",
        "child_invoice_id",
        "tenant_record_id",
    ),
    "custom_fields": (
        "record_id",
        "object_id",
        "object_type",
        "is_active",
        "field_name",
        "field_value",
        "tenant_record_id",
    ),
    "tags": (
        "tag_definition_id",
        "object_id",
        "object_type",
        "is_active",
        "tenant_record_id",
    ),
    "catalog_override_plan_definition": (
        "record_id",
        "parent_plan_name",
        "is_active",
        "tenant_record_id",
    ),
    "catalog_override_plan_phase": (
        "phase_number",
        "phase_def_record_id",
        "target_plan_def_record_id",
        "tenant_record_id",
    ),
    "catalog_override_phase_definition": (
        "record_id",
        "currency",
        "fixed_price",
        "recurring_price",
        "tenant_record_id",
    ),
}

# Read where a release has them.
OPTIONAL_COLUMNS: dict[str, tuple[str, ...]] = {
    "subscription_events": ("quantity",),
    "invoice_payments": ("status", "success"),
}

# Catalogs stand in one table with the credentials of plugins. A role that may not read it has this.
CATALOGS = "tenant_kvs"
CATALOG_SCHEMA = "tidemill_killbill"
CATALOG_FUNCTION = f"{CATALOG_SCHEMA}.catalogs()"


def missing(found: dict[str, dict[str, bool]]) -> str | None:
    """The first table or column that every supported release has and that was not found."""
    for table, columns in REQUIRED.items():
        if table not in found:
            return f"table {table}"
        for column in columns:
            if column not in found[table]:
                return f"column {table}.{column}"
    return None


def release_name(found: dict[str, dict[str, bool]]) -> str | None:
    """The release that the columns found belong to; None when it is none of the supported."""
    if {"quantity"} <= found["subscription_events"].keys():
        return "0.24 or newer" if "status" in found["invoice_payments"] else None
    return "0.22" if "success" in found["invoice_payments"] else None
