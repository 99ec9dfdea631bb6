"""The clock's jobs for one customer: activation, first payment, trial end, planned end, billing."""

from tidemill_cli.demo.lago.account import ACTIVE, INCOMPLETE, PENDING, Account, Subscription
from tidemill_cli.demo.lago.billing import periodic_fees, start_fees
from tidemill_cli.demo.lago.changes import resolve_gate, rotate
from tidemill_cli.demo.lago.clock import NEVER
from tidemill_cli.demo.lago.ends import terminate
from tidemill_cli.demo.lago.invoicing import Draft, finalize
from tidemill_cli.demo.lago.starts import activate, reschedule


def advance(account: Account, until: int) -> None:
    """Run every job due up to an instant."""
    if until < account.now:
        message = "the simulator's clock only runs forwards"
        raise ValueError(message)
    live = account.live
    while live:
        due = live[0].due if len(live) == 1 else min([other.due for other in live])
        if due > until:
            break
        account.now = max(account.now, due)
        _tick(account, due)
        live = account.live
    account.now = max(account.now, until)


def _tick(account: Account, when: int) -> None:
    billing = []
    for subscription in list(account.live):
        if subscription.due != when:
            continue
        if subscription.status == PENDING:
            activate(account, subscription, when)
        elif subscription.status == INCOMPLETE:
            resolve_gate(account, subscription, when)
        elif subscription.ending_due == when:
            terminate(account, subscription, when)
        elif subscription.trial_due == when:
            end_trial(account, subscription, when)
        else:
            billing.append(subscription)
    if billing:
        _bill(account, billing, when)


def _bill(account: Account, subscriptions: list[Subscription], when: int) -> None:
    """Bill everything of a customer that has billing day, one invoice per currency."""
    if len(subscriptions) == 1 and subscriptions[0].pending_change is None:
        draft = Draft(subscriptions[0].plan.currency)
        periodic_fees(account, subscriptions[0], draft, when)
        reschedule(subscriptions[0])
        finalize(account, draft, when)
        return
    drafts: dict[str, Draft] = {}
    for subscription in subscriptions:
        currency = subscription.plan.currency
        draft = drafts.setdefault(currency, Draft(currency))
        change = subscription.pending_change
        # A successor that waits for its payment takes over when that arrives.
        if change is not None and change.status == PENDING and _has_new_period(subscription, when):
            target = drafts.setdefault(change.plan.currency, Draft(change.plan.currency))
            rotate(account, subscription, draft, target, when)
        else:
            periodic_fees(account, subscription, draft, when)
            reschedule(subscription)
    for draft in drafts.values():
        finalize(account, draft, when)


def _has_new_period(subscription: Subscription, when: int) -> bool:
    period = subscription.period
    return period is not None and period.following.run_at == when


def end_trial(account: Account, subscription: Subscription, when: int) -> None:
    """Note the computed end of a trial; what is paid in advance starts being billed."""
    subscription.trial_due = NEVER
    subscription.trial_ended_at = account.trial_end(subscription)
    subscription.updated_at = when
    reschedule(subscription)
    if subscription.plan.pay_in_advance and subscription.status == ACTIVE:
        billed = subscription.billed
        if billed is None or billed.period is not subscription.period:
            draft = Draft(subscription.plan.currency)
            start_fees(account, subscription, draft, when, after_trial=True)
            finalize(account, draft, when)
