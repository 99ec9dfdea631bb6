"""Subscription rows to plan segments: who lived, from when to when, in which chain (rules A)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .rows import (
    Row,
    Tables,
    by_id,
    creation_order,
    grouped,
    instant,
    maybe_instant,
    maybe_text,
    number,
    text,
)

ACTIVE, TERMINATED = 1, 2
ONE_DAY = timedelta(days=1)
PERIODS = {0: ("week", 1), 1: ("month", 1), 2: ("year", 1), 3: ("month", 3), 4: ("month", 6)}


@dataclass(frozen=True)
class Plan:
    """A plan row; `code` is the code of the plan it was derived from, if any."""

    id: str
    root_id: str
    code: str
    currency: str
    amount_cents: Decimal | None
    period: tuple[str, int] | None
    trial: timedelta
    fixed_charges_monthly: bool


@dataclass(frozen=True)
class Segment:
    """One subscription row that lived, on one plan, in the half-open [start, end)."""

    id: str
    chain_id: str
    plan: Plan
    is_terminated: bool
    start: datetime
    end: datetime | None
    trial_end: datetime
    is_anniversary: bool
    anchor_at: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether the segment is alive at an instant."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def instants(self) -> list[datetime]:
        """The instants at which the segment changes."""
        return [self.start, self.trial_end] + ([self.end] if self.end else [])


def read_plans(raw: Tables) -> dict[str, Plan]:
    """All plans by id, with the code they roll up to."""
    rows = by_id(raw.get("plans", ()))
    plans = {}
    for plan_id, row in rows.items():
        root_id = maybe_text(row.get("parent_id")) or plan_id
        root = rows.get(root_id, row)
        has_price = row["amount_cents"] is not None and row.get("pricing_type") in (None, "legacy")
        plans[plan_id] = Plan(
            id=plan_id,
            root_id=root_id,
            code=root["code"],
            currency=row["amount_currency"],
            amount_cents=number(row["amount_cents"]) if has_price else None,
            period=PERIODS.get(row["interval"]),
            trial=_days(number(row.get("trial_period"))),
            fixed_charges_monthly=bool(row.get("bill_fixed_charges_monthly")),
        )
    return plans


def _days(days: Decimal) -> timedelta:
    return timedelta(microseconds=int((days * 86_400_000_000).to_integral_value()))


def read_segments(
    raw: Tables, plans: dict[str, Plan], zones: dict[str, ZoneInfo], as_of: datetime
) -> dict[str, list[Segment]]:
    """All segments by customer id. `zones` is the local zone of each customer."""
    gated = {text(row["subscription_id"]) for row in raw.get("subscription_activation_rules", ())}
    by_customer: dict[str, list[Segment]] = {customer_id: [] for customer_id in zones}
    lineages = grouped(
        raw.get("subscriptions", ()),
        lambda row: (
            text(row["organization_id"]),
            text(row["customer_id"]),
            row["external_id"],
        ),
    )
    for (_, customer_id, _), rows in lineages.items():
        # Any row of the lineage starts the trial clock, even one that never lived.
        first_start = min((instant(r["started_at"]) for r in rows if r["started_at"]), default=None)
        if first_start is None or customer_id not in zones:
            continue
        for chain in _chains(rows, gated):
            for position, row in enumerate(chain):
                following = chain[position + 1] if position + 1 < len(chain) else None
                start = _start(row, gated)
                end: datetime | None
                if following is not None:
                    end = _clipped_end(row, _start(following, gated))
                else:
                    end = _last_end(row, zones[customer_id], as_of)
                if end is not None and end <= start:
                    continue
                plan = plans[text(row["plan_id"])]
                by_customer[customer_id].append(
                    Segment(
                        id=text(row["id"]),
                        chain_id=text(chain[0]["id"]),
                        plan=plan,
                        is_terminated=row["status"] == TERMINATED,
                        start=start,
                        end=end,
                        trial_end=first_start + plan.trial,
                        is_anniversary=row.get("billing_time") == 1,
                        anchor_at=instant(row.get("subscription_at") or row["started_at"]),
                    )
                )
    return by_customer


def _start(row: Row, gated: set[str]) -> datetime:
    """When the row began to live: a payment-gated row lives from its activation."""
    if text(row["id"]) in gated and row.get("activated_at"):
        return instant(row["activated_at"])
    return instant(row["started_at"])


def _chains(rows: list[Row], gated: set[str]) -> list[list[Row]]:
    """Live rows in order, cut wherever a row has no predecessor."""
    live = [r for r in rows if r["status"] in (ACTIVE, TERMINATED) and r["started_at"]]
    live.sort(key=lambda row: (_start(row, gated), *creation_order(row)))
    chains: list[list[Row]] = []
    for row in live:
        if not chains or row["previous_subscription_id"] is None:
            chains.append([row])
        else:
            chains[-1].append(row)
    return chains


def _clipped_end(row: Row, next_start: datetime) -> datetime:
    """The end of a row with a successor, which may start just before its predecessor ends."""
    terminated_at = maybe_instant(row["terminated_at"])
    if row["status"] == TERMINATED and terminated_at is not None:
        return min(terminated_at, next_start)
    return next_start


def _last_end(row: Row, zone: ZoneInfo, as_of: datetime) -> datetime | None:
    """The end of a chain's last row, None while it is open."""
    ending_at = maybe_instant(row.get("ending_at"))
    terminated_at = maybe_instant(row["terminated_at"])
    if row["status"] == TERMINATED and terminated_at is not None:
        if ending_at is None:
            return terminated_at
        same_day = terminated_at.astimezone(zone).date() == ending_at.astimezone(zone).date()
        return ending_at if same_day else terminated_at
    # Still alive a day after its scheduled end: the engine did not end it, so neither do we.
    if ending_at is None or ending_at <= as_of - ONE_DAY:
        return None
    return ending_at
