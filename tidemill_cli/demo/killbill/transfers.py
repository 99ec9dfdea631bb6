"""A bundle moves to another account: it ends there, and begins here, with other ids."""

from datetime import datetime

from tidemill_cli.demo.killbill import blocking, changes, starts, timeline
from tidemill_cli.demo.killbill.model import Account, Bundle, Policy, Subscription
from tidemill_cli.demo.killbill.rows import touch
from tidemill_cli.demo.killbill.world import World


def transfer(
    world: World, bundle: Bundle, target: Account, *, cancel_immediately: bool = False
) -> Bundle:
    """Move a bundle now; the old one is billed to the end of its term, unless cancelled at once."""
    key = bundle.key
    touch(bundle.row, world.now, external_key=f"kbtsf-{bundle.row['record_id']}:{key}")
    made = starts.new_bundle(world, target, key)
    made.row["original_created_date"] = bundle.row["original_created_date"]
    for old in [s for s in bundle.account.subscriptions if s.bundle is bundle]:
        state = timeline.state_at(old, world.now)
        if state is None:
            continue
        _copy(world, old, state, made)
        policy: Policy = "IMMEDIATE" if cancel_immediately else "END_OF_TERM"
        _end(world, old, changes.effective(world, old, policy))
    return made


def _copy(world: World, old: Subscription, state: timeline.State, bundle: Bundle) -> None:
    """Begin what an old subscription is, with what was planned for it."""
    new = starts.new_subscription(world, bundle, old.category, old.aligned_at)
    plan = starts.definition(old, state.plan, state.changed_at)
    if plan.phases[state.phase].type == "TRIAL":
        new.moved_at = world.now
    starts.add_event(world, new, "TRANSFER", world.now, plan=state.plan, phase=state.phase)
    if state.quantity != 1:
        starts.add_event(world, new, "QUANTITY_UPDATE", world.now, quantity=state.quantity)
    for event in list(old.events):
        if event.active and event.at > world.now and event.kind != "CANCEL":
            starts.add_event(
                world,
                new,
                event.kind,
                event.at,
                plan=event.plan,
                phase=event.phase,
                quantity=event.quantity,
                billing_day=event.billing_day,
            )
    blocking.started(world, new, world.now)


def _end(world: World, old: Subscription, at: datetime) -> None:
    starts.drop(world, old, at)
    starts.add_event(world, old, "CANCEL", at)
    blocking.cancelled(world, old, world.now)
