"""Which intervals of a customer are known, and when they end."""

from dataclasses import replace
from datetime import datetime, timedelta

from .facts import Interval
from .options import Options

ONE_DAY = timedelta(days=1)


def in_effect(intervals: list[Interval], options: Options, as_of: datetime) -> list[Interval]:
    """One customer's intervals as the options let them be known and end."""
    known = _as_reported(intervals, options.as_reported_at)
    ended = [_ended(interval, known, options.churn_date) for interval in known]
    return [_as_planned(interval, as_of) for interval in ended if interval is not None]


def _as_reported(intervals: list[Interval], moment: datetime | None) -> list[Interval]:
    """The intervals recorded by an instant; without one, all.

    An end that only a later record tells is not known: where a known interval ended at the begin
    of an unknown one of the same subscription, and no known one of its item begins there, it goes
    on, up to the next known interval of its item.
    """
    if moment is None:
        return intervals
    unknown = [i for i in intervals if i.recorded_at is not None and i.recorded_at > moment]
    known = [i for i in intervals if i not in unknown]
    told_later = {(i.subscription_id, i.valid_from) for i in unknown}
    result = []
    for interval in known:
        begins = [i.valid_from for i in known if i.item == interval.item]
        is_told_later = (interval.subscription_id, interval.valid_to) in told_later
        if is_told_later and interval.valid_to not in begins:
            later = [begin for begin in begins if begin > interval.valid_from]
            result.append(replace(interval, valid_to=min(later, default=None)))
        else:
            result.append(interval)
    return result


def _ended(interval: Interval, known: list[Interval], churn_date: str) -> Interval | None:
    """The interval as the chosen date of a cancellation ends it; None if it began after that.

    A cancellation makes an interval longer only if it is the item's last one and the item lasted
    as long as its subscription did: what was given up earlier stays as it was.
    """
    cancelled_at = {
        "service_end": None,
        "cancel_effective": interval.cancel_effective_at,
        "cancel_requested": interval.cancel_requested_at,
    }[churn_date]
    if cancelled_at is None:
        return interval
    if interval.valid_from >= cancelled_at:
        return None
    end = interval.valid_to
    own = [i for i in known if i.subscription_id == interval.subscription_id]
    is_longest = end is not None and all(i.valid_to and i.valid_to <= end for i in own)
    if end is None or end > cancelled_at or (is_longest and _is_last(interval, known)):
        return replace(interval, valid_to=cancelled_at)
    return interval


def _is_last(interval: Interval, known: list[Interval]) -> bool:
    """Whether no interval of the item begins later."""
    begins = [i.valid_from for i in known if i.item == interval.item]
    return interval.valid_from == max(begins)


def _as_planned(interval: Interval, as_of: datetime) -> Interval:
    """The interval up to its planned end, unless that is past and was not carried out."""
    planned = interval.scheduled_end_at
    if planned is None or planned <= as_of - ONE_DAY:
        return interval
    return replace(interval, valid_to=min(interval.valid_to or planned, planned))
