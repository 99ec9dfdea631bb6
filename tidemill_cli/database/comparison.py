"""Compare the ledger with what another source knows of the same subscription items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import sql

from tidemill_cli.database.ledger import ITEMS, MOVEMENTS, Ledger
from tidemill_cli.reconcile import Change, Run

# One row per item, currency and day on which either side changed: the levels at the end of it.
# Others hold an item in whole minor units, so half a unit between the two is rounding.
_LEVELS = """
with changes as (
    select tenant_id, customer_id, subscription_id, {item} as item_id, currency,
        {from_day} as day, mrr as ours, 0 as theirs
    from {items}
    where billing_source = %(source)s and mrr <> 0
    union all
    select tenant_id, customer_id, subscription_id, {item}, currency, {to_day}, -mrr, 0
    from {items}
    where billing_source = %(source)s and mrr <> 0 and to_window is not null
    union all
    select tenant_id, customer_id, subscription_id, item_id, currency, day, 0, amount
    from ({theirs}) as theirs
),

steps as (
    select tenant_id, subscription_id, item_id, currency, day, max(customer_id) as customer_id,
        sum(ours) as ours, sum(theirs) as theirs
    from changes
    group by tenant_id, subscription_id, item_id, currency, day
),

sums as (
    select tenant_id, subscription_id, item_id, currency, day, customer_id,
        theirs as their_change,
        sum(ours) over item as ours,
        sum(theirs) over item as theirs,
        lead(day) over item as next_day
    from steps
    window item as (partition by tenant_id, subscription_id, item_id, currency order by day)
),

levels as (
    select sums.*,
        case
            when abs(sums.ours - sums.theirs) * coalesce(units.subunit_to_unit, 100) <= 0.5
                then sums.ours - sums.theirs
            else 0
        end as rounding
    from sums
    left join {units} as units on sums.currency = units.currency
)
"""
_CHANGES = """
, both_sides as (
    select tenant_id, currency, movement_date as day, amount as ours, 0 as theirs, 0 as rounding
    from {movements}
    where billing_source = %(source)s
    union all
    select tenant_id, currency, day, 0, their_change,
        rounding - lag(rounding, 1, 0::numeric) over (
            partition by tenant_id, subscription_id, item_id, currency
            order by day
        )
    from levels
)

select tenant_id, currency, day, sum(ours)::numeric(28, 10), sum(theirs)::numeric(28, 10),
    sum(rounding)::numeric(28, 10)
from both_sides
group by tenant_id, currency, day
order by tenant_id, currency, day
"""
_DIFFERING = """
, wanted as (
    select * from unnest(
        %(numbers)s::integer[], %(tenants)s::text[], %(currencies)s::text[], %(days)s::date[]
    ) as wanted (number, tenant_id, currency, day)
),

differing as (
    select wanted.number, wanted.tenant_id, wanted.currency, wanted.day, levels.subscription_id,
        max(levels.customer_id) as customer_id,
        sum(levels.ours)::numeric(28, 10) as ours,
        sum(levels.theirs)::numeric(28, 10) as theirs,
        sum(levels.ours - levels.theirs - levels.rounding)::numeric(28, 10) as difference
    from wanted
    inner join levels
        on
            wanted.tenant_id = levels.tenant_id
            and wanted.currency = levels.currency
            and wanted.day >= levels.day
            and (levels.next_day is null or wanted.day < levels.next_day)
    where levels.ours <> levels.theirs
    group by wanted.number, wanted.tenant_id, wanted.currency, wanted.day, levels.subscription_id
)
"""
_SUBSCRIPTIONS = """
, ranked as (
    select *,
        row_number() over (
            partition by number order by abs(difference) desc, subscription_id
        ) as place,
        count(*) over (partition by number) as among
    from differing
    where difference <> 0
)

select number, among, subscription_id, customer_id, ours, theirs, difference
from ranked
where place <= %(most)s
order by number, place
"""
_ELSEWHERE = """
select count(*)
from (
    select 1
    from changes
    group by tenant_id, subscription_id
    having not
        array_agg(distinct currency) filter (where ours <> 0)
        && array_agg(distinct currency) filter (where theirs <> 0)
) as elsewhere
"""


@dataclass(frozen=True)
class Differing:
    """A subscription whose MRR is not the same here and there."""

    subscription_id: str
    customer_id: str | None
    ours: Decimal
    theirs: Decimal
    difference: Decimal


@dataclass(frozen=True)
class Named:
    """The subscriptions that differ most on a day, among how many."""

    among: int = 0
    subscriptions: Sequence[Differing] = ()


@dataclass(frozen=True)
class Cause:
    """A part of the difference of a day that has one cause, and in how many subscriptions."""

    name: str
    subscriptions: int
    amount: Decimal


@dataclass(frozen=True)
class Comparison:
    """The ledger's rows of one billing source, and what another says of them.

    `theirs` gives signed changes by tenant_id, customer_id, subscription_id, item_id, currency and
    day, as `amount`; `units` is the table of currencies whose minor unit is not a hundredth.
    """

    ledger: Ledger
    source: str
    theirs: sql.Composed
    units: sql.Composable
    by_subscription: bool = False  # the other knows no items

    def changes(self) -> list[Change]:
        """What each day changed on either side, in order of tenant, currency and day."""
        return [Change(*row) for row in self._rows(_CHANGES, {})]

    def subscriptions(self, runs: Sequence[Run], most: int) -> list[Named]:
        """Who differs most at the end of each run."""
        bound = {**_wanted(runs), "most": most}
        found: dict[int, Named] = {}
        for number, among, *values in self._rows(_DIFFERING + _SUBSCRIPTIONS, bound):
            known = found.get(number, Named()).subscriptions
            found[number] = Named(among, [*known, Differing(*values)])
        return [found.get(number, Named()) for number in range(len(runs))]

    def causes(self, runs: Sequence[Run], statement: sql.Composed) -> list[list[Cause]]:
        """What makes the difference at the end of each run; the statement tells it by cause.

        It reads `differing`, the subscriptions that are not the same here and there, with both.
        """
        found: dict[int, list[Cause]] = {}
        for number, *values in self._rows(_DIFFERING, _wanted(runs), statement):
            found.setdefault(number, []).append(Cause(*values))
        return [found.get(number, []) for number in range(len(runs))]

    def in_other_currencies(self) -> int:
        """How many subscriptions the other side only has in currencies that we have not."""
        ((count,),) = self._rows(_ELSEWHERE, {})
        return int(count)

    def _rows(
        self, statement: str, bound: Mapping[str, object], rest: sql.Composable | None = None
    ) -> list[tuple[Any, ...]]:
        ledger = self.ledger
        composed = sql.SQL(_LEVELS + statement).format(
            item=sql.Identifier("subscription_id" if self.by_subscription else "item_id"),
            from_day=ledger.window_day("from_window"),
            to_day=ledger.window_day("to_window"),
            items=ledger.table(ITEMS),
            movements=ledger.table(MOVEMENTS),
            theirs=self.theirs,
            units=self.units,
        )
        bound = {"source": self.source, **ledger.bound, **bound}
        whole = sql.Composed([composed, rest]) if rest else composed
        # Of what is computed on the way the planner knows nothing, and takes it for a few rows.
        ledger.session.execute("set local enable_nestloop = off")
        return ledger.session.execute(whole, bound).fetchall()


def _wanted(runs: Sequence[Run]) -> dict[str, object]:
    """What the end of each run binds."""
    return {
        "numbers": list(range(len(runs))),
        "tenants": [run.tenant for run in runs],
        "currencies": [run.currency for run in runs],
        "days": [run.last for run in runs],
    }
