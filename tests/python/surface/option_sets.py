"""Sets of options in which every two values that may stand together do so at least once."""

from functools import cache
from itertools import combinations, product
from random import Random
from typing import Any

from reference.surface.options import Options

Variables = dict[str, Any]
Pair = tuple[tuple[str, int], tuple[str, int]]

# The default first; of a number, one or two that matter over the days of an example.
VALUES: dict[str, tuple[Any, ...]] = {
    "mrr_discounts": ("recurring", "none", "forever", "all"),
    "mrr_past_due": ("keep", "exclude", "churn_after_days(10)"),
    "mrr_paused": ("zero", "keep"),
    "mrr_usage": ("exclude", "last_period", "trailing_3", "component"),
    "mrr_start_at": ("trial_end", "subscription_start", "first_payment"),
    "mrr_commitments": ("include", "exclude"),
    "mrr_tax": ("exclude", "include"),
    "week_factor": ("52/12", "4.33", "4"),
    "reporting_timezone": ("UTC", "America/New_York", "Australia/Lord_Howe"),
    "tenant_timezones": ((), ("t1=America/Los_Angeles", "t2=Asia/Tokyo")),
    "exclude_customers": ((), ("c2", "tier=gold"), ("ext-3", "tier=1")),
    "reporting_currency": (None, "EUR", "USD"),
    "fx_mode": ("daily", "month_end", "fixed", "at_start"),
    "arr_scope": ("all", "annual_plans_only"),
    "movement_level": ("customer", "subscription", "plan"),
    "free_to_paid": ("new", "expansion"),
    "paid_to_free": ("churn", "contraction"),
    "discount_as_movement": (True, "separate_type"),
    "netting": ("day", "none", "60min", "month"),
    "reactivation_max_gap_days": (None, 20),
    "churn_date": ("service_end", "cancel_effective", "cancel_requested"),
    "refunds": ("ignore", "full_refund_voids"),
    "as_reported_at": (None, "2025-05-01T12:00:00Z"),
    "churn_method": ("cohort_end_state", "cohort_any_exit", "stripe_30d", "rolling_30d"),
    "revenue_churn": ("cohort_end_state", "movement_sum"),
    "net_includes_reactivation": (False, True),
    "retention_window_months": ((1, 12), (2,), (3, 5)),
    "retention_level": ("customer", "parent"),
    "cohort_grains": (("week", "month", "quarter", "year"), ("month",), ("quarter", "year")),
    "cohort_by": ("first_paid", "signup", "plan", "attribute:tier"),
    "cohort_month0": ("end_of_month", "forced_100"),
    "trial_rate": ("cohort", "period", "within_days(7)"),
    "trial_converted_when": ("first_mrr", "first_payment"),
    "trial_unit": ("subscription", "customer"),
    "ltv_churn": ("logo", "gross_mrr", "net_mrr"),
    "ltv_window_months": (6, 3),
    "gross_margin": ("1.0", "0.73"),
    "ltv_discount_rate": ("0", "0.1"),
    "quick_ratio_reactivation": (False, True),
    "committed_horizons": ((30, 90, 365), (1, 45)),
}
ORDER = {name: place for place, name in enumerate(VALUES)}
# With these, any single value stands without contradiction.
NEUTRAL: Variables = {"reporting_currency": "EUR", "trial_converted_when": "first_payment"}
# How many sets it takes.
SETS = 32
# How many are tried for each that is taken.
TRIES = 20


@cache
def covering_sets() -> list[Variables]:
    """Few sets that hold every allowed pair of values; the first one is the default.

    Greedy: of some random sets, each begun with a pair that is not held yet, the one that holds
    most of such pairs is taken.
    """
    pairs = allowed_pairs()
    random = Random(1)
    chosen = {name: 0 for name in VALUES}
    sets = [chosen]
    missing = pairs - _held(chosen)
    while missing:
        candidates = sorted(missing)
        tries = [_complete(random, random.choice(candidates), pairs, missing) for _ in range(TRIES)]
        chosen = max(tries, key=lambda tried: len(_held(tried) & missing))
        sets.append(chosen)
        missing -= _held(chosen)
    return [{f"tidemill_{n}": VALUES[n][index] for n, index in one.items()} for one in sets]


def allowed_pairs() -> set[Pair]:
    """The pairs of values, by option and number, that do not contradict each other."""
    return {
        ((one, i), (other, j))
        for one, other in combinations(VALUES, 2)
        for i, j in product(range(len(VALUES[one])), range(len(VALUES[other])))
        if _is_allowed({one: VALUES[one][i], other: VALUES[other][j]})
    }


def _complete(random: Random, begun: Pair, pairs: set[Pair], missing: set[Pair]) -> dict[str, int]:
    """A whole set that holds a pair, each further value chosen for the missing pairs it holds."""
    chosen = dict(begun)
    for name in random.sample(list(VALUES), len(VALUES)):
        if name not in chosen:
            joined = {i: _pairs_with(chosen, name, i) for i in range(len(VALUES[name]))}
            allowed = [i for i, new in joined.items() if new <= pairs]
            chosen[name] = max(allowed, key=lambda i: (len(joined[i] & missing), random.random()))
    return {name: chosen[name] for name in VALUES}


def _pairs_with(chosen: dict[str, int], name: str, index: int) -> set[Pair]:
    return {_pair((other, i), (name, index)) for other, i in chosen.items()}


def _held(chosen: dict[str, int]) -> set[Pair]:
    return {_pair(one, other) for one, other in combinations(chosen.items(), 2)}


def _pair(one: tuple[str, int], other: tuple[str, int]) -> Pair:
    """The two in the order of the options."""
    return (one, other) if ORDER[one[0]] < ORDER[other[0]] else (other, one)


def _is_allowed(values: Variables) -> bool:
    try:
        Options.of({**NEUTRAL, **values})
    except ValueError:
        return False
    return True
