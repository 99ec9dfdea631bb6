"""How Kill Bill's analytics plugin makes MRR, in terms of Tidemill's options."""

from __future__ import annotations

from tidemill_cli.reconcile import Choice

# Options that change no level, and those that the plugin has nothing for, are left out.
CHOICES = {
    "churn_date": Choice(
        ("cancel_effective",), "the plugin drops it where the entitlement ends, billed or not"
    ),
    "mrr_discounts": Choice(
        ("recurring", "all"), "the plugin takes the price of the phase, a discounted one, too"
    ),
    "mrr_start_at": Choice(("trial_end",), "the plugin has no MRR in a phase without a price"),
    "mrr_paused": Choice(("keep",), "the plugin keeps the MRR of what is paused"),
    "mrr_past_due": Choice(("keep",), "the plugin looks at no payment"),
    "mrr_price_source": Choice(("catalog",), "the plugin knows the catalog's prices alone"),
    "mrr_usage": Choice(("exclude",), "the plugin leaves usage out"),
    "mrr_tax": Choice(("exclude",), "the plugin leaves taxes out"),
    "refunds": Choice(("ignore",), "the plugin counts what was refunded"),
    "exclude_customers": Choice(("[]",), "the plugin leaves out test and partner accounts alone"),
    "as_reported_at": Choice(("null",), "the plugin counts what is known now"),
    "netting": Choice(("day", "none"), "the end of each day is compared"),
    "reporting_timezone": Choice(("UTC",), "the plugin's days are UTC"),
    "tenant_timezones": Choice(("[]",), "the plugin's days are UTC"),
}
