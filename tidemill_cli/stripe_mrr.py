"""How Stripe makes its own MRR, in terms of Tidemill's options."""

from __future__ import annotations

from tidemill_cli.reconcile import Choice

# Options that change no level, and those that Stripe has nothing for, are left out.
CHOICES = {
    "churn_date": Choice(
        ("cancel_requested",),
        "Stripe drops it when the cancellation is asked for, unless set to the end of the period",
    ),
    "mrr_discounts": Choice(
        ("forever",), "Stripe takes forever coupons off, and others only where it is set to"
    ),
    "mrr_start_at": Choice(("trial_end",), "Stripe counts from the end of a trial, paid or not"),
    "mrr_past_due": Choice(("keep",), "Stripe counts what is past due until it is unpaid"),
    "mrr_paused": Choice(("zero",), "Stripe counts nothing while the status is paused"),
    "mrr_usage": Choice(("exclude",), "Stripe leaves metered prices out"),
    "mrr_tax": Choice(("exclude",), "Stripe leaves taxes out"),
    "refunds": Choice(("ignore",), "Stripe counts what was refunded"),
    "exclude_customers": Choice(("[]",), "Stripe counts every customer"),
    "as_reported_at": Choice(("null",), "Stripe counts what is known now"),
    "netting": Choice(("day", "none"), "the end of each day is compared"),
}
