"""Short words for scripting the simulator and reading its rows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tidemill_cli.demo.killbill.catalog import Plan, Product, Usage
from tidemill_cli.demo.killbill.engine import KillBillEngine
from tidemill_cli.demo.killbill.model import Account, Subscription
from tidemill_cli.demo.killbill.plans import plan, prices
from tidemill_cli.demo.killbill.rows import Row

PLANS = (
    plan("basic", "Basic", "31"),
    plan("pro", "Pro", "62"),
    plan("tried", "Tried", "31", trial_days=14),
    plan("eased", "Eased", "31", trial_days=14, discount=("20", 2)),
    plan("weekly", "Weekly", "7", "WEEKLY"),
    plan("yearly", "Yearly", "366", "ANNUAL"),
    plan("after", "After", "31", mode="IN_ARREAR"),
    plan("term", "Term", "31", term=("MONTHS", 2), setup="100"),
    plan("calls", "Calls", "31", usage=Usage("calls", "call", prices("0.5"))),
    plan("support", "Support", "10"),
)
PRODUCTS = (
    Product("Basic", "BASE", ("Support",)),
    Product("Support", "ADD_ON"),
)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def engine(plans: tuple[Plan, ...] = PLANS, **options: Any) -> tuple[KillBillEngine, Account]:  # noqa: ANN401
    """An engine with one tenant, whose one account was made at midnight of the new year."""
    kb = KillBillEngine(seed=1, start=at("2024-01-01"))
    tenant = kb.tenant("Acme")
    kb.catalog(tenant, at("2023-01-01"), plans, PRODUCTS)
    return kb, kb.account(tenant, at("2024-01-01"), **options)


def items(kb: KillBillEngine, *kinds: str) -> list[tuple[str, str, str, str]]:
    """Items in order: their kind, first and last day, and amount."""
    return [
        (str(row["type"]), _day(row["start_date"]), _day(row["end_date"]), str(row["amount"]))
        for row in kb.rows.get("invoice_items", [])
        if not kinds or row["type"] in kinds
    ]


def bills(account: Account) -> list[tuple[str, str, Decimal]]:
    """An account's invoices: their day, status and balance."""
    return [(_day(i.row["invoice_date"]), i.status, i.balance) for i in account.invoices]


def events(kb: KillBillEngine, subscription: Subscription) -> list[tuple[str, str, str | None]]:
    """The events of a subscription that count, in order of effect: kind, instant, plan or phase."""
    return [
        (_kind(row), _instant(row["effective_date"]), _said(row))
        for row in sorted(_of(kb, subscription), key=lambda row: str(row["effective_date"]))
        if row["is_active"]
    ]


def dropped(kb: KillBillEngine, subscription: Subscription) -> list[tuple[str, str]]:
    """The events of a subscription that something else has taken the place of."""
    return [
        (_kind(row), _instant(row["effective_date"]))
        for row in _of(kb, subscription)
        if not row["is_active"]
    ]


def blocks(kb: KillBillEngine) -> list[tuple[str, str, bool, bool]]:
    """Blocking states: state, instant, whether billing stops, whether they count."""
    return [
        (
            str(row["state"]),
            _instant(row["effective_date"]),
            row["block_billing"] is True,
            row["is_active"] is True,
        )
        for row in kb.rows["blocking_states"]
    ]


def _of(kb: KillBillEngine, subscription: Subscription) -> list[Row]:
    rows = kb.rows["subscription_events"]
    return [row for row in rows if row["subscription_id"] == subscription.id]


def _kind(row: Row) -> str:
    return str(row["user_type"] or row["event_type"])


def _said(row: Row) -> str | None:
    if row["event_type"] == "QUANTITY_UPDATE":
        return str(row["quantity"])
    if row["event_type"] == "BCD_UPDATE":
        return str(row["billing_cycle_day_local"])
    return None if row["phase_name"] is None else str(row["phase_name"])


def _day(value: object) -> str:
    return "" if value is None else str(value)


def _instant(value: object) -> str:
    """An instant as a readable day, with its time unless it is midnight."""
    return str(value)[:19].removesuffix(" 00:00:00")
