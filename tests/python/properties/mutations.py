"""Changes to raw rows that the engine's own writes can leave behind, as random mutations."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from .play import END

Row = dict[str, Any]
Rows = dict[str, list[Row]]

SUBSCRIPTION_FEE, VOIDED, DRAFT, INCOMPLETE = 2, 2, 0, 4
# The end of every history, as the rows hold instants.
_NOW = END.replace(tzinfo=None)


@dataclass(frozen=True)
class Mutation:
    """One kind of change to the row that `pick` falls on, with an amount if it needs one."""

    kind: str
    pick: int
    amount: int


def _repeat_fee(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """A later fee for the same period states another price."""
    again = copy.deepcopy(fee)
    again["id"] = UUID(int=mutation.pick + (1 << 100))
    again["created_at"] = fee["created_at"] + timedelta(seconds=mutation.amount % 3)
    again["amount_details"] = {"plan_amount_cents": mutation.amount}
    # The same pick twice would write the same row twice.
    if all(other["id"] != again["id"] for other in rows["fees"]):
        rows["fees"].append(again)


def _delay_fee(rows: Rows, fee: Row, mutation: Mutation) -> None:
    fee["created_at"] += timedelta(days=mutation.amount % 90)


def _delete_fee(rows: Rows, fee: Row, mutation: Mutation) -> None:
    fee["deleted_at"] = fee["created_at"] + timedelta(hours=1)


def _remove_fee(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """A refreshed draft removes its fees for good."""
    rows["fees"].remove(fee)


def _forget_price(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """Old releases did not note the plan's price."""
    fee["amount_details"] = {}


def _price_as_text(rows: Rows, fee: Row, mutation: Mutation) -> None:
    cents = fee["amount_details"].get("plan_amount_cents")
    if cents is not None:
        fee["amount_details"] = {"plan_amount_cents": str(cents)}


def _finer_end(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """Some releases write the inclusive end with six digits."""
    end = fee["properties"]["to_datetime"]
    if end.endswith(".999Z"):
        fee["properties"] = {**fee["properties"], "to_datetime": f"{end[:-1]}999Z"}


def _invoice_of(rows: Rows, fee: Row) -> Row:
    return next(row for row in rows["invoices"] if row["id"] == fee["invoice_id"])


def _void_invoice(rows: Rows, fee: Row, mutation: Mutation) -> None:
    _invoice_of(rows, fee)["status"] = VOIDED


def _void_coupon_use(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """An invoice that a coupon lowered is voided after the coupon was used up."""
    uses = [row for row in rows.get("credits", ()) if row["applied_coupon_id"] is not None]
    if uses:
        used = uses[mutation.pick % len(uses)]["invoice_id"]
        next(row for row in rows["invoices"] if row["id"] == used)["status"] = VOIDED


def _draft_invoice(rows: Rows, fee: Row, mutation: Mutation) -> None:
    _invoice_of(rows, fee)["status"] = DRAFT


def _dispute_invoice(rows: Rows, fee: Row, mutation: Mutation) -> None:
    invoice = _invoice_of(rows, fee)
    invoice["payment_dispute_lost_at"] = invoice["created_at"] + timedelta(days=30)


def _self_bill_invoice(rows: Rows, fee: Row, mutation: Mutation) -> None:
    _invoice_of(rows, fee)["self_billed"] = True


def _void(fee: Row, invoice: Row) -> None:
    invoice["status"] = VOIDED


def _unfinish(fee: Row, invoice: Row) -> None:
    invoice["status"] = DRAFT


def _dispute(fee: Row, invoice: Row) -> None:
    invoice["payment_dispute_lost_at"] = invoice["created_at"] + timedelta(days=30)


def _self_bill(fee: Row, invoice: Row) -> None:
    invoice["self_billed"] = True


def _delete(fee: Row, invoice: Row) -> None:
    fee["deleted_at"] = fee["created_at"] + timedelta(hours=1)


# What makes a fee no statement of a price.
FLAWS = (_void, _unfinish, _dispute, _self_bill, _delete)


def _stray_fee(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """A later fee for the same period states another price, and does not count."""
    stray, invoice = copy.deepcopy(fee), dict(_invoice_of(rows, fee))
    stray["id"], invoice["id"] = (
        UUID(int=mutation.pick + (1 << 101)),
        UUID(int=mutation.pick + (1 << 102)),
    )
    stray["invoice_id"], invoice["sequential_id"] = invoice["id"], mutation.pick + 1000
    invoice["number"] = f"{invoice['number']}-{mutation.pick}"
    stray["created_at"] = fee["created_at"] + timedelta(days=1)
    stray["amount_details"] = {"plan_amount_cents": mutation.amount + 7}
    FLAWS[mutation.pick % len(FLAWS)](stray, invoice)
    if all(other["id"] != stray["id"] for other in rows["fees"]):
        rows["fees"].append(stray)
        rows["invoices"].append(invoice)


def _lose_last_fees(rows: Rows, fee: Row, mutation: Mutation) -> None:
    """The fees from some period on are gone, and the plan's price was edited since."""
    since = fee["properties"]["from_datetime"]
    lost = [
        other
        for other in rows["fees"]
        if other["fee_type"] == SUBSCRIPTION_FEE
        and other["subscription_id"] == fee["subscription_id"]
        and other["properties"]["from_datetime"] > since
    ]
    rows["fees"] = [other for other in rows["fees"] if not any(other is one for one in lost)]
    subscription = next(row for row in rows["subscriptions"] if row["id"] == fee["subscription_id"])
    plan = next(row for row in rows["plans"] if row["id"] == subscription["plan_id"])
    plan["amount_cents"] = mutation.amount


FEE_MUTATIONS: dict[str, Callable[[Rows, Row, Mutation], None]] = {
    "repeat_fee": _repeat_fee,
    "delay_fee": _delay_fee,
    "delete_fee": _delete_fee,
    "remove_fee": _remove_fee,
    "forget_price": _forget_price,
    "price_as_text": _price_as_text,
    "finer_end": _finer_end,
    "void_invoice": _void_invoice,
    "void_coupon_use": _void_coupon_use,
    "draft_invoice": _draft_invoice,
    "dispute_invoice": _dispute_invoice,
    "self_bill_invoice": _self_bill_invoice,
    "stray_fee": _stray_fee,
    "lose_last_fees": _lose_last_fees,
}


def _edit_plan_price(plan: Row, mutation: Mutation) -> None:
    plan["amount_cents"] = mutation.amount


def _delete_row(row: Row, mutation: Mutation) -> None:
    row["deleted_at"] = row["created_at"] + timedelta(days=mutation.amount % 200)


def _make_partner(customer: Row, mutation: Mutation) -> None:
    customer["account_type"] = "partner"


def _plan_end(subscription: Row, mutation: Mutation) -> None:
    """An end is planned around now; the engine may have let it pass."""
    subscription["ending_at"] = _NOW + timedelta(hours=12 * (1 - mutation.amount % 5))


def _delay_end(subscription: Row, mutation: Mutation) -> None:
    """A job ends a subscription late, when its successor runs already."""
    if subscription["terminated_at"] is not None:
        subscription["terminated_at"] += timedelta(hours=mutation.amount % 50)


def _leave_incomplete(subscription: Row, mutation: Mutation) -> None:
    """A payment never came, and nothing followed."""
    subscription["status"], subscription["terminated_at"] = INCOMPLETE, None


def _restate_units(event: Row, mutation: Mutation) -> None:
    """Units on and around the edges of ranges."""
    event["units"] = Decimal((0, 5, 6, 10, 11)[mutation.pick % 5])


ROW_MUTATIONS: dict[str, tuple[str, Callable[[Row, Mutation], None]]] = {
    "edit_plan_price": ("plans", _edit_plan_price),
    "delete_plan": ("plans", _delete_row),
    "delete_fixed_charge": ("fixed_charges", _delete_row),
    "delete_unit_event": ("fixed_charge_events", _delete_row),
    "delete_customer": ("customers", _delete_row),
    "make_partner": ("customers", _make_partner),
    "plan_end": ("subscriptions", _plan_end),
    "delay_end": ("subscriptions", _delay_end),
    "leave_incomplete": ("subscriptions", _leave_incomplete),
    "restate_units": ("fixed_charge_events", _restate_units),
}


def mutations(min_size: int = 0, max_size: int = 6) -> st.SearchStrategy[list[Mutation]]:
    """Lists of mutations, most of them on fees and invoices."""
    kinds = sorted(FEE_MUTATIONS) * 2 + sorted(ROW_MUTATIONS)
    return st.lists(
        st.builds(
            Mutation,
            kind=st.sampled_from(kinds),
            pick=st.integers(0, 200),
            amount=st.sampled_from((0, 1, 999, 4000, 5000, 12345)),
        ),
        min_size=min_size,
        max_size=max_size,
    )


def mutate(rows: Rows, chosen: list[Mutation]) -> Rows:
    """Copy raw rows and apply the mutations that find a row to change."""
    changed = {table: [dict(row) for row in table_rows] for table, table_rows in rows.items()}
    for mutation in chosen:
        if mutation.kind in FEE_MUTATIONS:
            fees = [f for f in changed.get("fees", ()) if f["fee_type"] == SUBSCRIPTION_FEE]
            if fees:
                fee = fees[mutation.pick % len(fees)]
                FEE_MUTATIONS[mutation.kind](changed, fee, mutation)
        else:
            table, change = ROW_MUTATIONS[mutation.kind]
            candidates = changed.get(table, [])
            if candidates:
                change(candidates[mutation.pick % len(candidates)], mutation)
    for table_rows in changed.values():
        _complete(table_rows)
    return changed


def _complete(table_rows: list[Row]) -> None:
    """Give every row of a table the same columns, so that they can be loaded together."""
    columns = dict.fromkeys(column for row in table_rows for column in row)
    for row in table_rows:
        for column in columns:
            row.setdefault(column, False if column == "self_billed" else None)
