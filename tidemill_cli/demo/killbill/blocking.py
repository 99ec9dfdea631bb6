"""Blocking states: entitlement, pauses, dunning, closed accounts."""

from datetime import datetime
from typing import Literal

from tidemill_cli.demo.killbill.model import Account, Block, Bundle, Subscription
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.world import World

ENTITLEMENT = "entitlement-service"
OVERDUE = "overdue-service"
CLEAR_OVERDUE = "__KILLBILL__CLEAR__OVERDUE_STATE__"
Blockable = Subscription | Bundle | Account


def add(
    world: World,
    blockable: Blockable,
    state: str,
    at: datetime,
    service: str = ENTITLEMENT,
    *,
    change: bool = False,
    entitlement: bool = False,
    billing: bool = False,
) -> Row:
    """Write a blocking state; one that says something of billing changes what is billed."""
    account = blockable if isinstance(blockable, Account) else blockable.account
    row = world.rows.add(
        "blocking_states",
        world.now,
        blockable_id=blockable.id,
        type=_type(blockable),
        state=state,
        service=service,
        block_change=change,
        block_entitlement=entitlement,
        block_billing=billing,
        effective_date=at,
        **account.keys,
    )
    if billing or any(block.service == service for block in blockable.blocked):
        blockable.blocked.append(Block(row, at, service, billing))
        _mark(blockable, at)
        _bill_at(world, account, at)
    return row


def started(world: World, subscription: Subscription, at: datetime) -> None:
    """Say since when there is access."""
    add(world, subscription, "ENT_STARTED", at)


def cancelled(world: World, subscription: Subscription, at: datetime) -> None:
    """Say when access ends."""
    subscription.entitlement_end = add(
        world, subscription, "ENT_CANCELLED", at, change=True, entitlement=True
    )


def pause(world: World, bundle: Bundle, at: datetime) -> None:
    """Stop access and billing of a bundle."""
    add(world, bundle, "ENT_BLOCKED", at, change=True, entitlement=True, billing=True)


def resume(world: World, bundle: Bundle, at: datetime) -> None:
    """Go on with a bundle."""
    add(world, bundle, "ENT_CLEAR", at)


def close(world: World, account: Account) -> None:
    """Close an account."""
    add(world, account, "CLOSE_ACCOUNT", world.now, "account-service", change=True)


def _type(
    blockable: Blockable,
) -> Literal["ACCOUNT", "SUBSCRIPTION_BUNDLE", "SUBSCRIPTION"]:
    if isinstance(blockable, Account):
        return "ACCOUNT"
    return "SUBSCRIPTION_BUNDLE" if isinstance(blockable, Bundle) else "SUBSCRIPTION"


def _mark(blockable: Blockable, at: datetime) -> None:
    account = blockable if isinstance(blockable, Account) else blockable.account
    for subscription in account.subscriptions:
        if blockable in (subscription, subscription.bundle, account):
            # A block that turns out to be over within a day is as if it had not been.
            first = min(block.at for block in blockable.blocked[-2:])
            subscription.mark(account.local(min(at, first)))


def _bill_at(world: World, account: Account, at: datetime) -> None:
    if at > world.now:
        world.at(at, lambda: world.changed(account))
    else:
        world.changed(account)
