"""What stands behind one movement of the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from tidemill_cli.database.evidence import Evidence, Found
from tidemill_cli.errors import TidemillError
from tidemill_cli.explain.billing import billing_step
from tidemill_cli.explain.explanation import Check, Explanation, Rules, Step, amount

_RULES = (
    *("netting", "movement_level", "free_to_paid", "paid_to_free", "discount_as_movement"),
    *("reactivation_max_gap_days", "churn_date"),
)
_WHY = {
    "new": "the customer paid nothing before, and never has",
    "reactivation": "the customer paid nothing before, and once has",
    "expansion": "the customer paid before, and pays more",
    "contraction": "the customer paid before, and pays less",
    "churn": "the customer paid before, and pays nothing any more",
    "discount": "a discount began, ended or changed",
    "transfer": "the money only moved, to another plan, product, currency, country or interval",
}
_NOTHING = Decimal(0)


def explain_movement(evidence: Evidence, movement_id: str) -> Explanation:
    """Items before and after, the movements of the day, and the rows of the engine."""
    movement = evidence.movement(movement_id)
    if movement is None:
        raise TidemillError(
            f"there is no movement {movement_id}: `tidemill movements --list` names them, as "
            "source:tenant:customer:day:sequence."
        )
    rules = Rules(evidence.options())
    whose = {name: movement[name] for name in ("billing_source", "tenant_id", "customer_id")}
    day = movement["movement_date"]
    changes = evidence.item_changes(whose, day)
    movements = evidence.movements(whose, day, day + timedelta(days=1))
    currency = movement["currency"]
    return Explanation(
        f"Movement {movement_id}: {movement['movement_type']} of "
        f"{amount(movement['amount'], currency)}, by {movement['reason']}",
        [
            Step(
                "What became of the customer's items",
                [_change(change) for change in changes] or ["Nothing that is still known."],
                changes,
                rules.named("mrr_discounts", "netting", "reporting_timezone"),
            ),
            Step(
                "The movements of the day",
                [_movement(one, movement_id) for one in movements],
                movements,
                rules.named(*_RULES),
                _checks(changes, movements),
            ),
            Step(
                f"Why it is {movement['movement_type']}",
                [
                    f"{_WHY[movement['movement_type']]}: "
                    f"{amount(movement['mrr_before'], currency)} before the row, "
                    f"{amount(movement['mrr_after'], currency)} after it.",
                    *_converted(movement),
                ],
            ),
            *billing_step(evidence, whose["billing_source"], [movement["source_rows"] or ""]),
        ],
    )


def _change(change: Found) -> str:
    before = _state(
        change["old_quantity"],
        change["old_plan"],
        change["old_mrr"],
        change["old_currency"],
        change["was_paused"],
    )
    after = _state(
        change["quantity"], change["plan"], change["mrr"], change["currency"], change["is_paused"]
    )
    return f"{change['item_id']} at {change['changed_at']:%Y-%m-%d %H:%M}: {before} -> {after}"


def _state(
    quantity: Decimal | None,
    plan: str | None,
    mrr: Decimal | None,
    currency: str | None,
    is_paused: bool | None,
) -> str:
    if mrr is None or currency is None or quantity is None:
        return "nothing"
    units = f"{quantity.normalize():f} x " if quantity != 1 else ""
    return f"{units}{plan}, {amount(mrr, currency)}{' while paused' if is_paused else ''}"


def _movement(one: Found, movement_id: str) -> str:
    mark = "*" if one["movement_id"] == movement_id else " "
    return (
        f"{mark} {one['sequence']}  {one['movement_type']} by {one['reason']}, plan {one['plan']}: "
        f"{amount(one['amount'], one['currency'])}"
    )


def _converted(movement: Found) -> list[str]:
    if movement["reporting_currency"] == movement["currency"]:
        return []
    reporting = movement["reporting_currency"]
    rate = f"{movement['fx_rate'].normalize():f}"
    return [f"x {rate} = {amount(movement['reporting_amount'], reporting)}"]


def _checks(changes: list[Found], movements: list[Found]) -> list[Check]:
    """What the items gained and lost is what moved, currency by currency."""
    items: dict[str, Decimal] = defaultdict(Decimal)
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for change in changes:
        if change["old_currency"]:
            items[change["old_currency"]] -= change["old_mrr"] or _NOTHING
        if change["currency"]:
            items[change["currency"]] += change["mrr"] or _NOTHING
    for one in movements:
        moved[one["currency"]] += one["amount"]
    return [
        Check(f"changes of items and movements in {name}", items[name], moved[name], name)
        for name in sorted({*items, *moved})
    ]
