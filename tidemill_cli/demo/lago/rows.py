"""The columns the simulator writes, as fields of PostgreSQL's COPY text format.

A row is a sequence of ready COPY fields: a billing history repeats the same few instants, amounts
and ids, so they are rendered once and only joined when loaded. `typed` turns rows back into Python
values for tests and for reading.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random
from uuid import UUID

from tidemill_cli.demo.lago.clock import TEXT

NULL = "\\N"
TRUE = "t"
FALSE = "f"

Row = Sequence[str]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_UNESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}

# name:kind, kinds being (u)uid (s)tring (i)nteger (t)imestamp (d)ate (b)oolean (n)umeric (f)loat
# (j)son and (a)rray; in the order rows hold them.
_SPECS = {
    "organizations": "id:u name:s default_currency:s timezone:s country:s hmac_key:s slug:s"
    " created_at:t updated_at:t",
    "billing_entities": "id:u organization_id:u name:s code:s default_currency:s timezone:s"
    " country:s created_at:t updated_at:t",
    "customers": "id:u external_id:s name:s organization_id:u billing_entity_id:u country:s"
    " currency:s timezone:s account_type:s customer_type:s sequential_id:i slug:s created_at:t"
    " updated_at:t deleted_at:t",
    "customer_metadata": "id:u customer_id:u key:s value:s created_at:t updated_at:t"
    " organization_id:u",
    "plans": "id:u organization_id:u parent_id:u name:s code:s interval:i amount_cents:i"
    " amount_currency:s trial_period:f pay_in_advance:b bill_charges_monthly:b"
    " bill_fixed_charges_monthly:b created_at:t updated_at:t deleted_at:t",
    "add_ons": "id:u organization_id:u name:s code:s amount_cents:i amount_currency:s"
    " created_at:t updated_at:t",
    "fixed_charges": "id:u organization_id:u plan_id:u add_on_id:u parent_id:u charge_model:s"
    " properties:j pay_in_advance:b prorated:b units:n code:s created_at:t updated_at:t"
    " deleted_at:t",
    "fixed_charge_events": "id:u organization_id:u subscription_id:u fixed_charge_id:u units:n"
    " timestamp:t created_at:t updated_at:t",
    "subscription_fixed_charge_units_overrides": "id:u organization_id:u subscription_id:u"
    " fixed_charge_id:u units:n created_at:t updated_at:t",
    "billable_metrics": "id:u organization_id:u name:s code:s aggregation_type:i recurring:b"
    " created_at:t updated_at:t",
    "charges": "id:u organization_id:u plan_id:u billable_metric_id:u parent_id:u code:s"
    " charge_model:i properties:j pay_in_advance:b created_at:t updated_at:t deleted_at:t",
    "commitments": "id:u plan_id:u commitment_type:i amount_cents:i created_at:t updated_at:t"
    " organization_id:u",
    "subscriptions": "id:u customer_id:u plan_id:u status:i canceled_at:t terminated_at:t"
    " started_at:t created_at:t updated_at:t previous_subscription_id:u external_id:s"
    " billing_time:i subscription_at:t ending_at:t trial_ended_at:t organization_id:u"
    " activated_at:t cancellation_reason:s",
    "subscription_activation_rules": "id:u organization_id:u subscription_id:u type:s"
    " timeout_hours:i status:s expires_at:t created_at:t updated_at:t",
    "invoices": "id:u organization_id:u billing_entity_id:u customer_id:u created_at:t"
    " updated_at:t issuing_date:d payment_due_date:d invoice_type:i status:i payment_status:i"
    " number:s sequential_id:i timezone:s currency:s fees_amount_cents:i coupons_amount_cents:i"
    " credit_notes_amount_cents:i sub_total_excluding_taxes_amount_cents:i taxes_rate:f"
    " taxes_amount_cents:i sub_total_including_taxes_amount_cents:i total_amount_cents:i"
    " total_paid_amount_cents:i self_billed:b payment_overdue:b finalized_at:t voided_at:t"
    " voided_invoice_id:u payment_dispute_lost_at:t",
    "invoice_subscriptions": "id:u invoice_id:u subscription_id:u organization_id:u created_at:t"
    " updated_at:t recurring:b timestamp:t from_datetime:t to_datetime:t charges_from_datetime:t"
    " charges_to_datetime:t fixed_charges_from_datetime:t fixed_charges_to_datetime:t"
    " invoicing_reason:s regenerated_invoice_id:u",
    "fees": "id:u invoice_id:u subscription_id:u organization_id:u billing_entity_id:u fee_type:i"
    " invoiceable_type:s invoiceable_id:u charge_id:u fixed_charge_id:u amount_cents:i"
    " amount_currency:s"
    " precise_amount_cents:n precise_coupons_amount_cents:n taxes_rate:f taxes_amount_cents:i"
    " units:n unit_amount_cents:i precise_unit_amount:n properties:j amount_details:j"
    " payment_status:i succeeded_at:t original_fee_id:u created_at:t updated_at:t",
    "credit_notes": "id:u customer_id:u invoice_id:u organization_id:u sequential_id:i number:s"
    " credit_amount_cents:i credit_amount_currency:s credit_status:i balance_amount_cents:i"
    " balance_amount_currency:s reason:i total_amount_cents:i total_amount_currency:s"
    " refund_amount_cents:i refund_amount_currency:s refund_status:i refunded_at:t"
    " taxes_amount_cents:i taxes_rate:f coupons_adjustment_amount_cents:i issuing_date:d"
    " created_at:t updated_at:t",
    "credit_note_items": "id:u credit_note_id:u fee_id:u amount_cents:i amount_currency:s"
    " precise_amount_cents:n created_at:t updated_at:t organization_id:u",
    "coupons": "id:u organization_id:u name:s code:s status:i amount_cents:i amount_currency:s"
    " expiration:i coupon_type:i percentage_rate:n frequency:i frequency_duration:i"
    " limited_plans:b created_at:t updated_at:t",
    "coupon_targets": "id:u coupon_id:u plan_id:u created_at:t updated_at:t organization_id:u",
    "applied_coupons": "id:u coupon_id:u customer_id:u status:i amount_cents:i amount_currency:s"
    " created_at:t updated_at:t terminated_at:t percentage_rate:n frequency:i"
    " frequency_duration:i frequency_duration_remaining:i organization_id:u",
    "credits": "id:u invoice_id:u applied_coupon_id:u credit_note_id:u amount_cents:i"
    " amount_currency:s before_taxes:b created_at:t updated_at:t organization_id:u",
    "payments": "id:u organization_id:u customer_id:u amount_cents:i amount_currency:s status:s"
    " payable_type:s payable_id:u payable_payment_status:s payment_type:s created_at:t"
    " updated_at:t",
    "versions": "id:i item_type:s item_id:s event:s object_changes:j created_at:t",
    "schema_migrations": "version:s",
}


def _split(spec: str) -> tuple[tuple[str, str], ...]:
    pairs = (item.split(":") for item in spec.split())
    return tuple((name, kind) for name, kind in pairs)


TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    table: _split(spec) for table, spec in _SPECS.items()
}

_NAMES = {table: tuple(name for name, _ in columns) for table, columns in TABLES.items()}
_NAME_SETS = {table: frozenset(names) for table, names in _NAMES.items()}


def position(table: str, column: str) -> int:
    """Return where rows of a table hold a column."""
    return _NAMES[table].index(column)


def escape(text: str | None) -> str:
    """Render free text as a COPY field."""
    return NULL if text is None else text.translate(_ESCAPES)


def moment(at: int | None) -> str:
    """Render an optional instant as a COPY field."""
    return NULL if at is None else TEXT[at]


def optional(value: str | int | None) -> str:
    """Render an optional id or number as a COPY field."""
    return NULL if value is None else str(value)


def flag(value: bool) -> str:
    """Render a boolean as a COPY field."""
    return TRUE if value else FALSE


_POOL = 32
_UUID_V4 = sum(0x4000_8000_000000000000 << 128 * place for place in range(_POOL))
_UUID_KEEP = sum(0xFFFFFFFF_FFFF_0FFF_3FFF_FFFFFFFFFFFF << 128 * place for place in range(_POOL))


class Rows(dict[str, list[Row]]):
    """Rows by table, and the source of their ids."""

    __slots__ = ("_pool", "_random")

    def __init__(self, random: Random) -> None:
        """Start empty; ids come from the random source, so a seed gives the same ids again."""
        super().__init__({table: [] for table in TABLES})
        self._random = random
        self._pool: list[str] = []

    def add(self, table: str, **fields: str) -> list[str]:
        """Add a row by column name; columns not named are null."""
        names = _NAMES[table]
        unknown = fields.keys() - _NAME_SETS[table]
        if unknown:
            message = f"{table} is not written with {', '.join(sorted(unknown))}"
            raise KeyError(message)
        row = [fields.get(name, NULL) for name in names]
        self[table].append(row)
        return row

    def seed(self, seed: int) -> None:
        """Start the random source again, and forget the ids drawn ahead."""
        self._random.seed(seed)
        self._pool.clear()

    def uuid(self) -> str:
        """Return a new version 4 UUID (PostgreSQL reads it without hyphens)."""
        pool = self._pool
        if not pool:
            bits = self._random.getrandbits(128 * _POOL) & _UUID_KEEP | _UUID_V4
            digits = f"{bits:0{32 * _POOL}x}"
            pool.extend([digits[at : at + 32] for at in range(0, 32 * _POOL, 32)])
        return pool.pop()


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    parts = []
    position_ = 0
    while position_ < len(text):
        pair = text[position_ : position_ + 2]
        parts.append(_UNESCAPES.get(pair, text[position_]))
        position_ += 2 if pair in _UNESCAPES else 1
    return "".join(parts)


def _value(kind: str, text: str) -> object:
    if text == NULL:
        return None
    value: object
    match kind:
        case "u":
            value = UUID(text)
        case "i":
            value = int(text)
        case "t":
            value = datetime.fromisoformat(text)
        case "d":
            value = date.fromisoformat(text)
        case "b":
            value = text == TRUE
        case "n":
            value = Decimal(text)
        case "f":
            value = float(text)
        case "j":
            value = json.loads(_unescape(text))
        case _:
            value = _unescape(text)
    return value


def typed(table: str, rows: list[Row]) -> Iterator[dict[str, object]]:
    """Give rows as column -> Python value; instants are naive UTC, as Lago's columns hold them."""
    columns = TABLES[table]
    for row in rows:
        yield {name: _value(kind, field) for (name, kind), field in zip(columns, row, strict=True)}
