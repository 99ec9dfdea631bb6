"""Subscriptions begin, and move through the phases of their plans."""

from datetime import datetime

from tidemill_cli.demo.killbill import blocking, timeline
from tidemill_cli.demo.killbill.catalog import Plan, phase_name
from tidemill_cli.demo.killbill.model import Account, Bundle, Event, Subscription
from tidemill_cli.demo.killbill.rows import touch
from tidemill_cli.demo.killbill.world import World

MARKERS = ("UNCANCEL", "UNDO_CHANGE")
_API = ("CREATE", "TRANSFER", "CHANGE", "CANCEL", *MARKERS)


def new_bundle(world: World, account: Account, key: str | None = None) -> Bundle:
    """Make a bundle; a key that was used before is taken from the bundle that had it."""
    row = world.rows.add(
        "bundles",
        world.now,
        external_key="",
        account_id=account.id,
        original_created_date=world.now,
        **account.keys,
    )
    key = key or f"bundle-{row['record_id']}"
    for other in account.bundles:
        if other.row["external_key"] == key:
            taken = f"kbcncl-{other.row['record_id']}:{key}"
            touch(other.row, world.now, external_key=taken)
            row["original_created_date"] = other.row["original_created_date"]
    row["external_key"] = key
    made = Bundle(account, row, key)
    account.bundles.append(made)
    return made


def new_subscription(
    world: World,
    bundle: Bundle,
    category: str,
    aligned_at: datetime,
    *,
    migrated: bool = False,
) -> Subscription:
    """Make a subscription that nothing has happened to."""
    row = world.rows.add(
        "subscriptions",
        world.now,
        bundle_id=bundle.id,
        external_key=world.rows.new_id(),
        category=category,
        start_date=aligned_at,
        bundle_start_date=aligned_at,
        migrated=migrated,
        **bundle.account.keys,
    )
    made = Subscription(bundle, row, category, aligned_at)
    bundle.account.subscriptions.append(made)
    return made


def create(
    world: World,
    bundle: Bundle,
    plan_name: str,
    at: datetime,
    *,
    quantity: int = 1,
    entitled_at: datetime | None = None,
) -> Subscription:
    """Subscribe to a plan from an instant on; access may have begun earlier (migrated)."""
    account = bundle.account
    plan, _, _ = timeline.plan_of(account.tenant, plan_name, at, at)
    category = next(
        product.category
        for version in reversed(account.tenant.versions)
        for product in version.products
        if product.name == plan.product
    )
    made = new_subscription(world, bundle, category, at, migrated=entitled_at is not None)
    begin(world, made, "CREATE", plan_name, 0, at)
    if quantity != 1:
        add_event(world, made, "QUANTITY_UPDATE", at, quantity=quantity)
    blocking.started(world, made, entitled_at or at)
    return made


def begin(
    world: World, subscription: Subscription, kind: str, plan: str, phase: int, at: datetime
) -> None:
    """Give a subscription a plan, and plan the phase that comes next."""
    add_event(world, subscription, kind, at, plan=plan, phase=phase)
    plan_next(world, subscription, plan, phase, at, at)


def add_event(
    world: World,
    subscription: Subscription,
    kind: str,
    at: datetime,
    *,
    plan: str = "",
    phase: int = -1,
    quantity: int = 0,
    billing_day: int = 0,
) -> Event:
    """Write a subscription event; when its time comes, its consequences follow."""
    account = subscription.account
    name = None
    if phase >= 0:
        plan_name = plan or current_plan(subscription, at)
        found = definition(subscription, plan_name, at)
        name = phase_name(plan_name, found.phases[min(phase, len(found.phases) - 1)].type)
    row = world.rows.add(
        "subscription_events",
        world.now,
        event_type="API_USER" if kind in _API else kind,
        user_type=kind if kind in _API else None,
        effective_date=at,
        subscription_id=subscription.id,
        plan_name=plan or None,
        phase_name=name,
        price_list_name="DEFAULT" if plan else None,
        billing_cycle_day_local=billing_day,
        quantity=quantity,
        **account.keys,
    )
    made = Event(row, kind, at, plan, phase, quantity, billing_day)
    if kind not in MARKERS:
        subscription.events.append(made)
        subscription.mark(account.local(at))
        if at > world.now:
            world.at(at, lambda: _take_effect(world, subscription, made))
    world.changed(account)
    return made


def plan_next(
    world: World,
    subscription: Subscription,
    plan_name: str,
    phase: int,
    since: datetime,
    changed_at: datetime,
) -> None:
    """Plan what follows a phase: the next one, or the end of the last one."""
    plan, _, _ = timeline.plan_of(subscription.account.tenant, plan_name, since, changed_at)
    aligned_at = subscription.aligned_at
    if phase and changed_at == subscription.moved_at:
        # Behind the trial in which it was moved, phases are counted from then.
        aligned_at = changed_at
    begins, end = timeline.phase_starts(plan, aligned_at)
    following = [number for number, begin in enumerate(begins) if begin > since]
    if following:
        add_event(world, subscription, "PHASE", begins[following[0]], phase=following[0])
    elif end is not None:
        add_event(world, subscription, "EXPIRED", end)


def phase_at(subscription: Subscription, plan_name: str, at: datetime) -> int:
    """Return the phase of a plan that an instant is in, counted from the subscription's start."""
    plan = definition(subscription, plan_name, at)
    begins, _ = timeline.phase_starts(plan, subscription.aligned_at)
    return max(number for number, start in enumerate(begins) if start <= at)


def definition(subscription: Subscription, plan_name: str, at: datetime) -> Plan:
    """Return a plan as it is for who takes it at an instant."""
    return timeline.plan_of(subscription.account.tenant, plan_name, at, at)[0]


def current_plan(subscription: Subscription, at: datetime) -> str:
    """Return the plan at an instant."""
    states, _ = timeline.replay(subscription)
    return [state.plan for state in states if state.since <= at][-1]


def drop(
    world: World, subscription: Subscription, since: datetime, kinds: tuple[str, ...] = ()
) -> None:
    """Let events from an instant on count no more (of some kinds, or all but the start)."""
    account = subscription.account
    for event in subscription.events:
        is_meant = event.kind in kinds if kinds else event.kind not in timeline.STARTS
        if event.active and event.at >= since and is_meant:
            touch(event.row, world.now, is_active=False)
            subscription.mark(account.local(event.at))


def _take_effect(world: World, subscription: Subscription, event: Event) -> None:
    if not event.active:
        return
    if event.kind == "PHASE":
        state = timeline.state_at(subscription, event.at)
        if state is not None:
            plan_next(world, subscription, state.plan, event.phase, event.at, state.changed_at)
    elif event.kind == "CANCEL" and subscription.category == "BASE":
        end_add_ons(world, subscription.bundle, event.at)
    elif event.kind == "CHANGE":
        drop_unavailable(world, subscription, event.plan, event.at)
    world.changed(subscription.account)


def end_add_ons(
    world: World, bundle: Bundle, at: datetime, products: tuple[str, ...] | None = None
) -> None:
    """End the add-ons of a base (those of some products, or all): each has rows of its own."""
    for other, states in _add_ons(bundle, at):
        product = definition(other, states[-1].plan, at).product
        if products is not None and product not in products:
            continue
        drop(world, other, at)
        add_event(world, other, "CANCEL", at)
        _shut(world, other, at)


def shut_add_ons(world: World, bundle: Bundle, at: datetime) -> None:
    """End access to the add-ons of a base, whose own events follow when its billing ends."""
    for other, _ in _add_ons(bundle, at):
        _shut(world, other, at)


def _shut(world: World, subscription: Subscription, at: datetime) -> None:
    known = subscription.entitlement_end
    if known is not None and str(known["effective_date"]) <= str(at):
        return
    if known is not None:
        touch(known, world.now, is_active=False)
    blocking.cancelled(world, subscription, at)


def _add_ons(bundle: Bundle, at: datetime) -> list[tuple[Subscription, list[timeline.State]]]:
    """Return the add-ons of a base that are there at an instant."""
    found = []
    for other in bundle.account.subscriptions:
        if other.bundle is bundle and other.category == "ADD_ON":
            states, end = timeline.replay(other)
            if states and (end is None or end > at):
                found.append((other, states))
    return found


def drop_unavailable(
    world: World, subscription: Subscription, plan_name: str, at: datetime
) -> None:
    """End the add-ons that a base's new plan does not come with."""
    if subscription.category != "BASE":
        return
    tenant = subscription.account.tenant
    product = definition(subscription, plan_name, at).product
    version = [v for v in tenant.versions if v.effective_at <= at][-1]
    available = version.product(product).available
    gone = [p.name for p in version.products if p.category == "ADD_ON" and p.name not in available]
    end_add_ons(world, subscription.bundle, at, tuple(gone))
