"""What a subscription is over time: its events replayed, less the time its billing was blocked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tidemill_cli.demo.killbill import catalog
from tidemill_cli.demo.killbill.catalog import Mode, Phase, Plan
from tidemill_cli.demo.killbill.clock import later
from tidemill_cli.demo.killbill.model import Block, Event, Subscription, Tenant, phase_of

STARTS = ("CREATE", "TRANSFER")
PLANNED = (*STARTS, "CHANGE")
ENDS = ("CANCEL", "EXPIRED")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class State:
    """Plan, phase, quantity and billing day, from an event on."""

    since: datetime
    plan: str
    phase: int
    quantity: int
    billing_day: int
    changed_at: datetime
    opens_phase: bool


@dataclass(frozen=True)
class Segment:
    """A time in which one price is billed; `opens_phase` where what is due once is due."""

    start: datetime
    end: datetime | None
    plan: str
    product: str
    phase_name: str
    phase: Phase
    rate: Decimal | None
    once: Decimal | None
    mode: Mode
    billing_day: int
    catalog_at: datetime
    opens_phase: bool
    phase_end: datetime | None


def replay(subscription: Subscription) -> tuple[list[State], datetime | None]:
    """Return the states a subscription has gone and will go through, and its end."""
    order = sorted(
        (event for event in subscription.events if event.active),
        key=lambda event: (event.at, event.kind not in STARTS),
    )
    states: list[State] = []
    for event in order:
        if event.kind in ENDS:
            return states, event.at
        if event.kind in PLANNED:
            states.append(_started(event, states))
        elif states:
            states.append(_gone_on(event, states[-1]))
    return states, None


def _started(event: Event, states: list[State]) -> State:
    quantity = states[-1].quantity if states else 1
    day = states[-1].billing_day if states else 0
    return State(event.at, event.plan, event.phase, quantity, day, event.at, opens_phase=True)


def _gone_on(event: Event, last: State) -> State:
    is_phase = event.kind == "PHASE"
    # No units are one unit to the engine.
    quantity = max(event.quantity, 1) if event.kind == "QUANTITY_UPDATE" else last.quantity
    return State(
        event.at,
        last.plan,
        event.phase if is_phase else last.phase,
        quantity,
        event.billing_day or last.billing_day,
        last.changed_at,
        opens_phase=is_phase,
    )


def state_at(subscription: Subscription, when: datetime) -> State | None:
    """Return the state at an instant, if there is one."""
    states, end = replay(subscription)
    if end is not None and end <= when:
        return None
    return next((state for state in reversed(states) if state.since <= when), None)


def plan_of(
    tenant: Tenant, name: str, at: datetime, changed_at: datetime
) -> tuple[Plan, datetime, Mode]:
    """Return the plan behind a name at an instant, since when its version is, and how it bills."""
    override = tenant.overrides.get(name)
    parent = override.parent if override else name
    version, plan = catalog.of_plan(tenant.versions, parent, at, changed_at)
    return plan, version.effective_at, plan.mode or version.mode


def phase_starts(plan: Plan, aligned_at: datetime) -> tuple[list[datetime], datetime | None]:
    """Return when the phases of a plan start, and its end, if the last has one."""
    found, at = [], aligned_at
    for phase in plan.phases:
        found.append(at)
        if phase.unit == "UNLIMITED":
            return found, None
        at = later(at, phase.unit, phase.number)
    return found, at


def segments(subscription: Subscription) -> list[Segment]:
    """Return what is billed over time, as far as it is known now."""
    states, end = replay(subscription)
    found: list[Segment] = []
    for number, state in enumerate(states):
        until = states[number + 1].since if number + 1 < len(states) else end
        if until is not None and until <= state.since:
            continue
        found += _priced(subscription, state, until)
    return list(_unblocked(found, blocked(subscription)))


def _priced(subscription: Subscription, state: State, until: datetime | None) -> Iterator[Segment]:
    """Cut a state where another version of the catalog brings another price."""
    tenant = subscription.account.tenant
    override = tenant.overrides.get(state.plan)
    cuts = [state.since]
    for version in tenant.versions:
        plan = version.plan(override.parent if override else state.plan)
        since = plan.existing_from if plan else None
        if since is not None and state.since < max(since, version.effective_at):
            since = max(since, version.effective_at)
            if until is None or since < until:
                cuts.append(since)
    cuts = sorted(set(cuts))
    for start, end in zip(cuts, [*cuts[1:], until], strict=True):
        plan, catalog_at, mode = plan_of(tenant, state.plan, start, state.changed_at)
        phase = phase_of(plan, state.phase)
        currency = subscription.account.currency
        price = phase.price(currency)
        if override and price is not None:
            price = override.prices.get(state.phase, price)
        starts, plan_end = phase_starts(plan, subscription.aligned_at)
        ends = [*starts[1:], plan_end]
        yield Segment(
            start,
            end,
            state.plan,
            plan.product,
            catalog.phase_name(state.plan, phase.type),
            phase,
            None if price is None else price * state.quantity,
            phase.once(currency),
            mode,
            state.billing_day,
            catalog_at,
            state.opens_phase and start == state.since,
            ends[min(state.phase, len(ends) - 1)],
        )


def blocked(subscription: Subscription) -> list[tuple[datetime, datetime | None]]:
    """Return when billing is blocked, by the subscription, its bundle or its account."""
    bundle = subscription.bundle
    found: list[tuple[datetime, datetime | None]] = []
    for blocks in (subscription.blocked, bundle.blocked, bundle.account.blocked):
        for service in dict.fromkeys(block.service for block in blocks):
            found += _intervals(block for block in blocks if block.service == service)
    return sorted(found, key=lambda pair: pair[0])


def _intervals(blocks: Iterable[Block]) -> Iterator[tuple[datetime, datetime | None]]:
    since: datetime | None = None
    for block in sorted(blocks, key=lambda block: block.at):
        if block.stops_billing and since is None:
            since = block.at
        elif not block.stops_billing and since is not None:
            # What is over within a day is as if it had not been.
            if block.at - since >= DAY:
                yield since, block.at
            since = None
    if since is not None:
        yield since, None


def _unblocked(
    found: Iterable[Segment], gaps: list[tuple[datetime, datetime | None]]
) -> Iterator[Segment]:
    for segment in found:
        rest: list[tuple[datetime, datetime | None]] = [(segment.start, segment.end)]
        for start, end in gaps:
            rest = [piece for part in rest for piece in _without(part, start, end)]
        for start, end in rest:
            yield replace_times(segment, start, end)


def _without(
    part: tuple[datetime, datetime | None], start: datetime, end: datetime | None
) -> Iterator[tuple[datetime, datetime | None]]:
    since, until = part
    if since < start:
        yield since, start if until is None else min(until, start)
    if end is not None and (until is None or end < until):
        yield max(since, end), until


def replace_times(segment: Segment, start: datetime, end: datetime | None) -> Segment:
    """Return a part of a segment; what is due once is due where the phase starts."""
    if start == segment.start and end == segment.end:
        return segment
    opens = segment.opens_phase and start == segment.start
    values = {**segment.__dict__, "start": start, "end": end, "opens_phase": opens}
    return Segment(**values)
