"""The ledger: what changed between the ends of consecutive windows, its type and its reasons."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .changes import Part, level_of, parts
from .facts import Place, Unit, exact
from .fx import Rates
from .items import History, ItemState
from .netting import typed_rows
from .options import Options
from .windows import Window


@dataclass(frozen=True)
class Movement:
    """One row of the ledger: a unit's change in one window, place, type and reason.

    `amount` is native and signed; `amount * rate` is in `reporting_currency`. `level_id` is '',
    the subscription or the plan, by the option `movement_level`. `is_voluntary` is None except for
    churn whose end says so.
    """

    unit: Unit
    level_id: str
    day: date
    type: str
    reason: str
    place: Place
    amount: Decimal
    reporting_currency: str
    rate: Decimal
    is_voluntary: bool | None
    subscription_ids: frozenset[str]

    @property
    @exact
    def reporting_amount(self) -> Decimal:
        """The amount in the reporting currency, not rounded."""
        return self.amount * self.rate


@dataclass
class Level:
    """What must be remembered of one level of a customer from window to window.

    `left_on` is the day on which its MRR last fell to 0; `rose_on` the days on which its
    balance in each currency last rose from 0; `kept` whether it was kept, from day to day.
    """

    has_paid: bool = False
    left_on: date = date.min
    is_kept: bool = False
    rose_on: dict[str, date] = field(default_factory=dict)
    kept: list[tuple[date, bool]] = field(default_factory=list)

    def rise(self, old: list[ItemState], new: list[ItemState], day: date) -> None:
        """Note the day for each currency in which nothing was paid before."""
        for currency in {item.place.currency for item in (*old, *new)}:
            if not any(item.mrr for item in old if item.place.currency == currency):
                self.rose_on[currency] = day

    def kind(
        self, old: list[ItemState], new: list[ItemState], day: date, options: Options
    ) -> str | None:
        """The type of what happens if it begins or ceases to pay, in any currency."""
        paid, pays = _pays(old), _pays(new)
        if pays and not paid:
            was_free = any(item.is_free for item in old)
            if self.is_kept or (options.free_to_paid == "expansion" and was_free):
                return "expansion"
            gap = options.reactivation_max_gap_days
            is_too_late = gap is not None and (day - self.left_on).days > gap
            return "reactivation" if self.has_paid and not is_too_late else "new"
        if paid and not pays:
            is_free = any(item.is_free for item in new)
            return "contraction" if options.paid_to_free == "contraction" and is_free else "churn"
        return None

    def remember(
        self, old: list[ItemState], new: list[ItemState], day: date, kind: str | None
    ) -> None:
        """Take over what the window leaves behind."""
        fell = _pays(old) and not _pays(new)
        self.has_paid = self.has_paid or _pays(new)
        self.left_on = day if fell else self.left_on
        begins_free = fell and kind == "contraction"
        holds_free = not _pays(new) and any(item.is_free for item in new)
        self.is_kept = begins_free or (self.is_kept and holds_free)
        self.kept.append((day, self.is_kept))


@dataclass
class CustomerLedger:
    """One customer's movements, and what is remembered of its levels."""

    movements: list[Movement] = field(default_factory=list)
    levels: dict[str, Level] = field(default_factory=lambda: defaultdict(Level))

    def is_kept(self, day: date) -> bool:
        """Whether a level is counted at the end of a day although it pays nothing."""
        return any(
            [is_kept for since, is_kept in level.kept if since <= day][-1:] == [True]
            for level in self.levels.values()
        )


@exact
def walk(history: History, windows: list[Window], options: Options, rates: Rates) -> CustomerLedger:
    """Follow one customer from window to window and note what changed."""
    ledger = CustomerLedger()
    before: list[ItemState] = []
    for window in windows:
        after = history.states_at(window.end)
        _note(ledger, history.unit, window.day, before, after, options, rates)
        before = after
    return ledger


def _note(
    ledger: CustomerLedger,
    unit: Unit,
    day: date,
    before: list[ItemState],
    after: list[ItemState],
    options: Options,
    rates: Rates,
) -> None:
    """Note what changed from one state of a customer to the next."""
    of_level = options.movement_level
    level_ids = sorted({level_of(item, of_level) for item in (*before, *after)})
    sides = {
        level_id: tuple(
            [item for item in items if level_of(item, of_level) == level_id]
            for items in (before, after)
        )
        for level_id in level_ids
    }
    for level_id, (old, new) in sides.items():
        ledger.levels[level_id].rise(old, new, day)

    def worth(level_id: str, currency: str) -> tuple[str, Decimal]:
        is_start = options.fx_mode == "at_start"
        rate_day = ledger.levels[level_id].rose_on[currency] if is_start else day
        return rates.reporting_currency(currency), rates.multiplier(currency, rate_day)

    old_items = {item.item_id: item for item in before}
    new_items = {item.item_id: item for item in after}
    changed: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for item_id in sorted(old_items.keys() | new_items.keys()):
        for part in parts(old_items.get(item_id), new_items.get(item_id), of_level, worth):
            currency, _ = worth(part.level_id, part.place.currency)
            # What comes or goes for nothing is behind no amount.
            if part.amount:
                changed[part.level_id, currency].append(part)

    for level_id, (old, new) in sides.items():
        kind = ledger.levels[level_id].kind(old, new, day, options)
        for (changed_level, reporting_currency), level_parts in sorted(changed.items()):
            if changed_level != level_id:
                continue
            currencies = {part.place.currency for part in level_parts}
            to_reporting = {currency: worth(level_id, currency)[1] for currency in currencies}
            rows = typed_rows(
                level_parts,
                kind,
                to_reporting,
                is_discount_apart=options.discount_as_movement == "separate_type",
            )
            for row in sorted(rows, key=lambda r: (r.place.currency, -r.amount, r.place, r.type)):
                ledger.movements.append(
                    Movement(
                        unit=unit,
                        level_id=level_id,
                        day=day,
                        type=row.type,
                        reason=row.reason,
                        place=row.place,
                        amount=row.amount,
                        reporting_currency=reporting_currency,
                        rate=to_reporting[row.place.currency],
                        is_voluntary=row.is_voluntary,
                        subscription_ids=row.subscription_ids,
                    )
                )
        ledger.levels[level_id].remember(old, new, day, kind)


def _pays(items: list[ItemState]) -> bool:
    return any(item.mrr > 0 for item in items)
