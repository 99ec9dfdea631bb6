"""The base price of a segment through time: invoices, captured versions, current row (B, D)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .rows import Row, Tables, by_id, creation_order, exclusive_end, instant, number, text
from .segments import Plan, Segment

SUBSCRIPTION_FEE, FINALIZED = 2, 1


class Versions:
    """Captured versions of one table's rows; the first one is also taken backwards."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Sort the versions of each id by when they were seen."""
        self._versions: dict[str, list[tuple[datetime, Row]]] = {}
        for row in rows:
            version = (instant(row["observed_at"]), row)
            self._versions.setdefault(text(row["id"]), []).append(version)
        for versions in self._versions.values():
            versions.sort(key=lambda version: version[0])

    def known_at(self, row_id: str, moment: datetime) -> Row | None:
        """The version seen at or before an instant."""
        known = None
        for observed_at, row in self._versions.get(row_id, ()):
            if observed_at <= moment:
                known = row
        return known

    def at(self, row_id: str, moment: datetime) -> Row | None:
        """The version in force at an instant, with the first one taken backwards."""
        versions = self._versions.get(row_id)
        if not versions:
            return None
        return self.known_at(row_id, moment) or versions[0][1]

    def of(self, row_id: str) -> list[tuple[datetime, Row]]:
        """All versions of one row."""
        return self._versions.get(row_id, [])

    def instants(self, row_id: str) -> list[datetime]:
        """When the versions of one row were seen."""
        return [observed_at for observed_at, _ in self.of(row_id)]


@dataclass(frozen=True)
class Observation:
    """The full plan price a finalized invoice stated for [start, end)."""

    start: datetime
    end: datetime
    cents: Decimal


def read_observations(raw: Tables) -> dict[str, list[Observation]]:
    """Price observations by subscription row, in order of start, one for each start."""
    invoices = by_id(raw.get("invoices", ()))
    latest: dict[tuple[str, datetime], tuple[tuple[datetime, str], Observation]] = {}
    for fee in raw.get("fees", ()):
        observation = _observation(fee, invoices)
        if observation is None:
            continue
        key = (text(fee["subscription_id"]), observation.start)
        written = creation_order(fee)
        if key not in latest or latest[key][0] < written:
            latest[key] = (written, observation)
    result: dict[str, list[Observation]] = {}
    for (subscription_id, _), (_, observation) in latest.items():
        result.setdefault(subscription_id, []).append(observation)
    for observations in result.values():
        observations.sort(key=lambda observation: observation.start)
    return result


def _observation(fee: Row, invoices: dict[str, Row]) -> Observation | None:
    if fee["fee_type"] != SUBSCRIPTION_FEE or fee.get("deleted_at") is not None:
        return None
    invoice = invoices.get(text(fee["invoice_id"]))
    if invoice is None or invoice["status"] != FINALIZED:
        return None
    if invoice.get("self_billed") or invoice.get("payment_dispute_lost_at"):
        return None
    cents = (fee.get("amount_details") or {}).get("plan_amount_cents")
    properties = fee.get("properties") or {}
    from_text, to_text = properties.get("from_datetime"), properties.get("to_datetime")
    if fee["subscription_id"] is None or cents is None or not from_text or not to_text:
        return None
    start, end = instant(from_text), exclusive_end(instant(to_text))
    return Observation(start, end, number(cents)) if start < end else None


class BasePrice:
    """The list price of one segment's plan, in minor units, at any instant."""

    def __init__(
        self,
        segment: Segment,
        observations: list[Observation],
        plans: dict[str, Plan],
        plan_versions: Versions,
        subscription_versions: Versions,
    ) -> None:
        """Hold what is known about the segment's price."""
        self._segment = segment
        self._observations = observations
        self._starts = [observation.start for observation in observations]
        self._plans = plans
        self._plan_versions = plan_versions
        self._subscription_versions = subscription_versions

    def at(self, moment: datetime) -> tuple[Decimal, str]:
        """The price at an instant and where it is known from."""
        if not self._observations:
            return self._tail(moment, None)
        first, last = self._observations[0], self._observations[-1]
        if moment < first.start:
            return first.cents, "inferred"
        if moment >= last.end:
            return self._tail(moment, last.cents)
        current = self._observations[bisect_right(self._starts, moment) - 1]
        return current.cents, "invoices" if moment < current.end else "inferred"

    def _tail(self, moment: datetime, last_billed: Decimal | None) -> tuple[Decimal, str]:
        plan = self._plan_at(moment)
        known = self._plan_versions.known_at(plan.id, moment)
        if known is not None:
            return self._cents(known, plan), "snapshot"
        if self._segment.is_terminated and last_billed is not None:
            return last_billed, "inferred"
        earliest = self._plan_versions.at(plan.id, moment)
        return self._cents(earliest, plan), "inferred"

    def _plan_at(self, moment: datetime) -> Plan:
        """The plan at an instant: a price override swaps the plan of a live row in place."""
        captured = self._subscription_versions.at(self._segment.id, moment)
        plan_id = self._segment.plan.id if captured is None else text(captured["plan_id"])
        return self._plans.get(plan_id, self._segment.plan)

    def _cents(self, version: Row | None, plan: Plan) -> Decimal:
        if version is not None and version["amount_cents"] is not None:
            return number(version["amount_cents"])
        return plan.amount_cents or Decimal(0)

    def instants(self) -> list[datetime]:
        """The instants at which the price may change."""
        result = list(self._starts)
        if self._observations:
            result.append(self._observations[-1].end)
        result += self._subscription_versions.instants(self._segment.id)
        plan_ids = {self._segment.plan.id}
        for _, version in self._subscription_versions.of(self._segment.id):
            plan_ids.add(text(version["plan_id"]))
        for plan_id in plan_ids:
            result += self._plan_versions.instants(plan_id)
        return result
