"""The end of a subscription: asked for, taken back, and come."""

from tidemill_cli.demo.stripe.model import Customer, Invoice, Subscription


def cancel(
    subscription: Subscription,
    when: int,
    reason: str = "cancellation_requested",
    feedback: str | None = None,
) -> None:
    """End a subscription now; prorations that were not billed yet are dropped."""
    # A request made before stays the time of the request.
    if subscription.canceled_at is None:
        subscription.canceled_at = when
    subscription.cancel_reason = reason
    subscription.cancel_feedback = feedback or subscription.cancel_feedback
    subscription.pending.clear()
    end(subscription, when)


def end(
    subscription: Subscription,
    when: int,
    status: str = "canceled",
    final: Invoice | None = None,
) -> None:
    """Note that a subscription is over; only a final invoice is still to be collected."""
    customer = subscription.customer
    subscription.status = status
    subscription.ended_at = when
    for invoice in customer.invoices:
        if invoice.subscription is subscription and invoice is not final:
            invoice.next_attempt = None
            if invoice.status == "draft":
                invoice.auto_advance = False
    schedule = subscription.schedule
    if schedule is not None and schedule.status in ("not_started", "active"):
        schedule.status, schedule.canceled_at, schedule.current = "canceled", when, None
        customer.journal.schedule(schedule, "canceled", when)
    kind = "deleted" if status == "canceled" else "updated"
    customer.journal.subscription(subscription, when, kind)


def request(
    subscription: Subscription,
    when: int,
    cancel_at: int | None = None,
    feedback: str | None = None,
) -> None:
    """Ask for the end at an instant, or at the end of the running period."""
    subscription.canceled_at = when
    subscription.cancel_at_period_end = cancel_at is None
    subscription.cancel_at = subscription.period_end if cancel_at is None else cancel_at
    subscription.cancel_reason = "cancellation_requested"
    subscription.cancel_feedback = feedback
    subscription.customer.journal.subscription(subscription, when)


def take_back(subscription: Subscription, when: int) -> None:
    """Take the request back."""
    subscription.canceled_at = subscription.cancel_at = None
    subscription.cancel_at_period_end = False
    subscription.cancel_reason = subscription.cancel_feedback = None
    subscription.customer.journal.subscription(subscription, when)


def delete_customer(customer: Customer, when: int) -> None:
    """Delete a customer: every subscription ends now."""
    for subscription in customer.live:
        cancel(subscription, when, "cancellation_requested")
    for schedule in customer.schedules:
        if schedule.status == "not_started":
            schedule.status, schedule.canceled_at = "canceled", when
            customer.journal.schedule(schedule, "canceled", when)
    customer.deleted = True
    customer.journal.customer(customer, when, "deleted")
