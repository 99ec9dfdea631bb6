"""Rows that cannot be used as they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Issue:
    """One thing wrong with the data; a quarantined row counts nowhere."""

    billing_source: str
    tenant_id: str
    customer_id: str | None
    issue: str
    severity: str
    is_quarantined: bool
    source_table: str
    source_row_id: str
