"""What invoices say of MRR, in terms of Tidemill's options."""

from __future__ import annotations

from tidemill_cli.reconcile import Choice

# Options that change no level, and those that invoices have nothing for, are left out.
CHOICES = {
    "mrr_discounts": Choice(("all",), "an invoice has every discount of its period"),
    "mrr_usage": Choice(("exclude",), "only recurring lines are compared"),
    "mrr_tax": Choice(("exclude",), "lines are taken without taxes"),
    "mrr_past_due": Choice(("keep",), "what is owed was invoiced"),
    "exclude_customers": Choice(("[]",), "who is left out is invoiced all the same"),
    "netting": Choice(("day", "none"), "the end of each day is compared"),
    "as_reported_at": Choice(("null",), "invoices are taken as they are now"),
}
