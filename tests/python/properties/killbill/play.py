"""Perform a history on the simulator, and write down what was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import singledispatchmethod

from reference.killbill import told
from tidemill_cli.demo.killbill import model
from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.rows import Row

from . import actions as do
from .catalogue import CUSTOMERS, END, START, TRIALS, VERSIONS, WITH_ADD_ONS, WORTH

RISK, OVERDUE = "risk-service", "overdue-service"
CLEAR = "__KILLBILL__CLEAR__OVERDUE_STATE__"


@dataclass(frozen=True)
class Played:
    """The rows at the end, and what was asked for."""

    rows: dict[str, list[Row]]
    told: told.Told


def play(history: Iterable[do.Action], until: datetime = END) -> Played:
    """Perform actions in order of time, leaving out those that make no sense when they come."""
    player = Player()
    for action in history:
        player.perform(action)
    player.kb.run_until(max(until, player.kb.now))
    return Played(player.kb.rows, told.Told(player.subscriptions, list(VERSIONS)))


@dataclass
class Slot:
    """A subscription with its add-on, as the simulator and as the truth know them."""

    live: model.Subscription
    known: told.Subscription
    extra: tuple[model.Subscription, told.Subscription] | None = None


@dataclass
class Player:
    """A simulator with the fixed catalogue and customers, and a hand on each subscription."""

    kb: KillBillEngine = field(default_factory=lambda: KillBillEngine(1, START))
    accounts: list[tuple[model.Account, told.Account]] = field(default_factory=list)
    slots: dict[tuple[int, int], Slot] = field(default_factory=dict)
    subscriptions: list[told.Subscription] = field(default_factory=list)
    # Prices of one's own, in the order in which they were first given.
    own: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Upload the catalogs and create the customers."""
        self.tenant = self.kb.tenant("Acme")
        for version in VERSIONS:
            self.kb.catalog(self.tenant, version.effective_at, (), version=version)
        for number, customer in enumerate(CUSTOMERS):
            account = self.kb.account(
                self.tenant,
                START,
                customer.country,
                key=f"{number}",
                currency=customer.currency,
                time_zone=customer.time_zone,
                tax_rate=customer.tax_rate,
            )
            self.accounts.append((account, self._known(account, customer.country)))

    def _known(self, account: model.Account, country: str | None) -> told.Account:
        return told.Account(account.id, account.currency, [(self.kb.start, country)])

    def perform(self, action: do.Action) -> None:
        """Do something, unless it makes no sense."""
        self.kb.run_until(action.at)
        self._do(action)

    @singledispatchmethod
    def _do(self, action: do.Action) -> None:
        raise TypeError(action)

    @_do.register
    def _(self, action: do.Subscribe) -> None:
        account, known = self.accounts[action.customer]
        key = (action.customer, action.slot)
        if (key in self.slots and self._runs(self.slots[key])) or self._is_stopped(key):
            return
        start = action.at + timedelta(days=action.starts_in)
        live = self.kb.subscribe(
            account,
            action.plan,
            action.at,
            quantity=action.quantity,
            starts_at=start,
            prices=self._prices(account, action.plan, action.own_price),
        )
        choice = self._choice(account, action.plan, action.own_price, start)
        made = told.Subscription(
            live.id, told.Bundle(known), start, [choice], [(start, action.quantity)]
        )
        self.subscriptions.append(made)
        self.slots[key] = Slot(live, made)

    @_do.register
    def _(self, action: do.AddOn) -> None:
        slot = self._changeable(action)
        if slot is None or slot.known.choice(action.at).plan not in WITH_ADD_ONS:
            return
        if slot.extra and self._is_on(slot.extra[1]):
            return
        # A change that is to come may be to a plan that has no add-ons.
        if slot.known.choices[-1].at > action.at:
            return
        live = self.kb.add_on(slot.live, action.plan, action.at, quantity=action.quantity)
        choice = told.Choice(action.at, action.plan, action.plan)
        made = told.Subscription(
            live.id,
            slot.known.bundle,
            action.at,
            [choice],
            [(action.at, action.quantity)],
            base=slot.known,
        )
        self.subscriptions.append(made)
        slot.extra = (live, made)

    @_do.register
    def _(self, action: do.ChangePlan) -> None:
        slot = self._changeable(action)
        if slot is None:
            return
        known = slot.known
        account = slot.live.account
        prices = self._prices(account, action.plan, action.own_price)
        when = self.kb.change_plan(slot.live, action.plan, action.at, action.policy, prices)
        kept = [choice for choice in known.choices if choice.at < when]
        choice = self._choice(account, action.plan, action.own_price, when)
        known.choices[:] = [*kept, choice]
        if not kept:
            known.trial_until = None
        if action.plan not in WITH_ADD_ONS and slot.extra and self._is_on(slot.extra[1]):
            # It goes when the plan comes; until then the change may still be taken back.
            extra = slot.extra[1]
            if when <= action.at:
                extra.end = told.End(when, when, when)
            else:
                self.kb.cancel(slot.extra[0], action.at)
                extra.end = told.End(action.at, action.at, action.at)

    @_do.register
    def _(self, action: do.UndoChange) -> None:
        slot = self._changeable(action)
        if slot is None or slot.known.choices[-1].at <= action.at:
            return
        self.kb.undo_change(slot.live, action.at)
        slot.known.choices.pop()

    @_do.register
    def _(self, action: do.SetQuantity) -> None:
        slot = self._changeable(action)
        if slot is None:
            return
        live, known = slot.live, slot.known
        if action.of_add_on:
            if slot.extra is None or not self._is_on(slot.extra[1]):
                return
            live, known = slot.extra
            if known.end is not None:
                return
        when = self.kb.set_quantity(live, action.quantity, action.at, action.policy)
        known.quantities.append((when, action.quantity))
        known.quantities.sort(key=lambda pair: pair[0])

    @_do.register
    def _(self, action: do.Cancel) -> None:
        slot = self._slot(action)
        if slot is None or slot.known.start > action.at:
            return
        live, known = slot.live, slot.known
        if action.of_add_on:
            if slot.extra is None or not self._is_on(slot.extra[1]) or known.end is not None:
                return
            live, known = slot.extra
        if known.end is not None or not self._is_on(known):
            return
        through = live.charged_through
        end = self.kb.cancel(
            live, action.at, entitlement=action.entitlement, billing=action.billing
        )
        is_later = action.entitlement == "END_OF_TERM" and through is not None
        access = max(through, action.at) if is_later and through else action.at
        known.choices[:] = [c for c in known.choices if c.at < end] or known.choices[:1]
        # What was to come is gone, also if the end is taken back.
        known.quantities[:] = [pair for pair in known.quantities if pair[0] < end]
        known.end = told.End(action.at, end, access)

    @_do.register
    def _(self, action: do.Uncancel) -> None:
        slot = self._slot(action)
        end = slot.known.end if slot else None
        if slot is None or end is None:
            return
        if end.billing_at <= action.at or end.access_at <= action.at:
            return
        self.kb.uncancel(slot.live, action.at)
        slot.known.end = None

    @_do.register
    def _(self, action: do.Pause) -> None:
        slot = self._slot(action)
        if slot is None or slot.known.start > action.at:
            return
        _turn(slot.known.bundle.pauses, action.at)
        if slot.known.bundle.pauses[-1][1] is None:
            self.kb.pause(slot.live.bundle, action.at)
        else:
            self.kb.resume(slot.live.bundle, action.at)

    @_do.register
    def _(self, action: do.Stop) -> None:
        account, known = self.accounts[action.customer]
        spans = known.stops.setdefault(RISK, [])
        _turn(spans, action.at)
        stops = spans[-1][1] is None
        self.kb.block(account, "STOP" if stops else "GO", RISK, action.at, billing=stops)

    @_do.register
    def _(self, action: do.Owe) -> None:
        account, known = self.accounts[action.customer]
        _turn(known.debts, action.at)
        owes = known.debts[-1][1] is None
        spans = known.stops.setdefault(OVERDUE, [])
        if (owes and action.stops) or (spans and spans[-1][1] is None):
            _turn(spans, action.at)
        stops = bool(spans) and spans[-1][1] is None
        self.kb.block(account, "OD" if owes else CLEAR, OVERDUE, action.at, billing=stops)

    @_do.register
    def _(self, action: do.Move) -> None:
        slot = self._changeable(action)
        if slot is None or slot.known.bundle.moved or slot.known.choices[-1].at > action.at:
            return
        if slot.known.bundle.pauses and slot.known.bundle.pauses[-1][1] is None:
            return
        old = slot.known.bundle
        target = self.kb.account(
            self.tenant, action.at, action.country, currency=slot.live.account.currency
        )
        made = self.kb.transfer(
            slot.live.bundle, target, action.at, cancel_immediately=action.at_once
        )
        known = told.Account(target.id, target.currency, [(START, action.country)])
        bundle = told.Bundle(known)
        old.moved = (action.at, bundle)
        pairs = [(slot.live, slot.known), *([slot.extra] if slot.extra else [])]
        on = [(one, of) for one, of in pairs if self._is_on(of)]
        copies = [self._copy(of, bundle, action.at) for _, of in on]
        new = [one for one in target.subscriptions if one.bundle is made]
        for live, copy in zip(new, copies, strict=True):
            copy.id = live.id
        self.subscriptions += copies
        self.slots[action.customer, action.slot] = Slot(new[0], copies[0])
        if len(copies) > 1:
            copies[1].base = copies[0]
            self.slots[action.customer, action.slot].extra = (new[1], copies[1])

    def _copy(self, old: told.Subscription, bundle: told.Bundle, at: datetime) -> told.Subscription:
        choice = replace(old.choice(at), at=at)
        quantities = [(at, old.quantity(at)), *(pair for pair in old.quantities if pair[0] > at)]
        made = told.Subscription("", bundle, old.aligned_at, [choice], quantities)
        (*_, trial) = [0, *(days for name, days in TRIALS.items() if name == choice.plan)]
        is_first = old.trial_until is not None and old.choice(at) is old.choices[0]
        until = old.trial_until if is_first else old.aligned_at + timedelta(days=trial)
        if trial and until is not None and at < until:
            made.trial_until = until
        elif old.choice(at) is old.choices[0]:
            made.counted_from = old.counted_from or (old.start if is_first else None)
        return made

    @_do.register
    def _(self, action: do.ChangeCountry) -> None:
        account, known = self.accounts[action.customer]
        self.kb.change_country(account, action.country, action.at)
        known.countries.append((action.at, action.country))

    @_do.register
    def _(self, action: do.BillOn) -> None:
        slot = self._changeable(action)
        if slot is not None:
            self.kb.set_billing_day(slot.live, action.day, action.at)

    @_do.register
    def _(self, action: do.Noise) -> None:
        account, _ = self.accounts[action.customer]
        invoices = [i for i in account.invoices if i.status == "COMMITTED"]
        match action.kind:
            case "charge":
                self.kb.charge(account, 30, action.at)
            case "credit":
                self.kb.credit(account, 20, action.at)
            case "import":
                self.kb.import_invoice(account, 999, action.at)
            case "use":
                slot = self._slot(action)
                if slot is not None:
                    self.kb.use(slot.live, "call", 5, action.at)
            case "draft" if "AUTO_INVOICING_DRAFT" not in account.tags:
                self.kb.tag(account, "AUTO_INVOICING_DRAFT", action.at)
            case "refund" if invoices and invoices[-1].payments:
                payment = invoices[-1].payments[-1]
                if payment.amount > payment.refunded:
                    self.kb.refund(payment, action.at)
            case "adjust":
                items = [i for s in account.subscriptions for i in s.items if i.left > 2]
                if items:
                    self.kb.adjust(items[-1], 1, action.at)

    def _slot(self, action: do.Action) -> Slot | None:
        slot = self.slots.get((action.customer, action.slot))  # type: ignore[union-attr]
        return slot if slot is not None and self._runs(slot) else None

    def _changeable(self, action: do.Action) -> Slot | None:
        """Return a subscription that has begun, is not to end, and is not blocked."""
        slot = self._slot(action)
        if slot is None or slot.known.end is not None or slot.known.start > action.at:
            return None
        key = (action.customer, action.slot)  # type: ignore[union-attr]
        spans = slot.known.bundle.pauses
        is_paused = bool(spans) and spans[-1][1] is None
        return None if is_paused or self._is_stopped(key) else slot

    def _is_stopped(self, key: tuple[int, int]) -> bool:
        _, known = self.accounts[key[0]]
        return any(spans and spans[-1][1] is None for spans in known.stops.values())

    def _runs(self, slot: Slot) -> bool:
        return self._is_on(slot.known) or slot.known.start > self.kb.now

    def _is_on(self, known: told.Subscription) -> bool:
        end = known.end
        base = known.base.end if known.base else None
        if any(one is not None and one.billing_at <= self.kb.now for one in (end, base)):
            return False
        if known.choices[-1].plan in ("term", "ticket"):
            months = {"term": 3, "ticket": 2}[known.choices[-1].plan]
            start = known.aligned_at
            # Long enough ago in any case.
            if self.kb.now >= start + timedelta(days=28 * months):
                return False
        return known.start <= self.kb.now

    def _choice(
        self, account: model.Account, plan: str, own_price: int | None, at: datetime
    ) -> told.Choice:
        if own_price is None or not _recurs(plan):
            return told.Choice(at, plan, plan)
        known = (plan, account.currency, own_price)
        price = Decimal(own_price * WORTH[account.currency])
        return told.Choice(at, plan, f"{plan}-{self.own.index(known) + 1}", price)

    def _prices(
        self, account: model.Account, plan: str, own_price: int | None
    ) -> dict[int, Decimal | int | str] | None:
        """Return a price for the last phase, where that has one."""
        if own_price is None or not _recurs(plan):
            return None
        known = (plan, account.currency, own_price)
        if known not in self.own:
            self.own.append(known)
        phases = next(one for one in VERSIONS[0].plans if one.name == plan).phases
        return {len(phases) - 1: own_price * WORTH[account.currency]}


def _recurs(plan: str) -> bool:
    """Tell whether the last phase of a plan has a price to be one's own."""
    phases = next(one for one in VERSIONS[0].plans if one.name == plan).phases
    return phases[-1].period is not None


def _turn(spans: list[told.Span], at: datetime) -> None:
    """Begin a span, or end the one that has begun."""
    if spans and spans[-1][1] is None:
        spans[-1] = (spans[-1][0], at)
    else:
        spans.append((at, None))
