"""Rows of a Kill Bill database, written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from tidemill_cli.demo.killbill.schema import columns_at

SOME_TIME = datetime(2020, 1, 1)
# What a column holds that no test looks at, by its type.
_NOTHING: dict[str, object] = {
    "boolean": False,
    "date": SOME_TIME.date(),
    "datetime": SOME_TIME,
    "numeric": 0,
    "integer": 0,
    "bigint": 0,
}


def instant(text: str) -> datetime:
    """An instant in UTC as Kill Bill keeps it, without a zone."""
    return datetime.fromisoformat(text)


@dataclass
class Books:
    """Rows by table, complete as the database wants them."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, table: str, **values: object) -> str:
        """Keep a row, and return its id."""
        number = next(self.numbers)
        row: dict[str, Any] = {"record_id": number, "id": f"{table}-{number}", **values}
        for column in columns_at("0.24")[table]:
            if column.name not in row and not column.nullable:
                base = column.type.split("(")[0]
                row[column.name] = _NOTHING.get(base, "")
        names = {column.name for column in columns_at("0.24")[table]}
        self.rows.setdefault(table, []).append(
            {name: value for name, value in row.items() if name in names}
        )
        return str(row["id"])

    def tenant(self, record: int = 1) -> None:
        self.add("tenants", record_id=record, id=f"tenant-{record}")

    def catalog(self, xml: str, tenant: int = 1) -> None:
        self.add(
            "tenant_kvs",
            tenant_key="CATALOG",
            tenant_value=xml,
            is_active=True,
            tenant_record_id=tenant,
        )

    def account(
        self,
        name: str = "acme",
        currency: str | None = "USD",
        tenant: int = 1,
        time_zone: str = "UTC",
        reference: str = "2024-01-01T00:00:00",
    ) -> None:
        self.add(
            "accounts",
            record_id=self._record(name),
            id=name,
            external_key=name,
            currency=currency,
            time_zone=time_zone,
            reference_time=instant(reference),
            tenant_record_id=tenant,
        )

    def subscription(self, name: str, account: str = "acme", tenant: int = 1) -> None:
        self.add(
            "bundles", id=f"bundle-{name}", account_id=account, external_key=name,
            account_record_id=self._record(account), tenant_record_id=tenant,
        )  # fmt: skip
        self.add(
            "subscriptions", id=name, bundle_id=f"bundle-{name}", category="BASE",
            account_record_id=self._record(account), tenant_record_id=tenant,
        )  # fmt: skip

    def event(
        self,
        subscription: str,
        kind: str,
        at: str,
        plan: str | None = None,
        phase: str | None = None,
        quantity: int = 0,
        tenant: int = 1,
    ) -> None:
        """CREATE, CHANGE, CANCEL or TRANSFER of a user's, else PHASE, EXPIRED, ..._UPDATE."""
        is_user = kind in ("CREATE", "CHANGE", "CANCEL", "TRANSFER", "UNCANCEL")
        self.add(
            "subscription_events",
            event_type="API_USER" if is_user else kind,
            user_type=kind if is_user else None,
            effective_date=instant(at),
            subscription_id=subscription,
            plan_name=plan,
            phase_name=f"{plan}-{phase}" if plan else phase,
            price_list_name="DEFAULT" if plan else None,
            quantity=quantity,
            is_active=True,
            tenant_record_id=tenant,
        )

    def override(
        self,
        parent: str,
        record: int,
        prices: Mapping[int, tuple[str | None, str | None]],
        currency: str = "USD",
        tenant: int = 1,
    ) -> None:
        """A plan with other prices: by number of a phase the recurring and the fixed one."""
        self.add(
            "catalog_override_plan_definition",
            record_id=record,
            parent_plan_name=parent,
            is_active=True,
            tenant_record_id=tenant,
        )
        for number, (recurring, fixed) in prices.items():
            definition = next(self.numbers)
            self.add(
                "catalog_override_phase_definition",
                record_id=definition,
                currency=currency,
                recurring_price=recurring,
                fixed_price=fixed,
                tenant_record_id=tenant,
            )
            self.add(
                "catalog_override_plan_phase",
                phase_number=number,
                phase_def_record_id=definition,
                target_plan_def_record_id=record,
                tenant_record_id=tenant,
            )

    def invoice(self, account: str = "acme", tenant: int = 1, **values: object) -> str:
        return self.add(
            "invoices",
            **{
                "account_id": account,
                "status": "COMMITTED",
                "migrated": False,
                "parent_invoice": False,
                "currency": "USD",
                "tenant_record_id": tenant,
                **values,
            },
        )

    def item(
        self,
        subscription: str,
        phase: str,
        start: str,
        end: str,
        rate: str,
        amount: str | None = None,
        invoice: str | None = None,
        account: str = "acme",
        tenant: int = 1,
        **values: object,
    ) -> str:
        """A recurring item, of an invoice of its own unless one is named."""
        invoice = invoice or self.invoice(account, tenant)
        return self.add(
            "invoice_items",
            **{
                "type": "RECURRING",
                "invoice_id": invoice,
                "account_id": account,
                "subscription_id": subscription,
                "plan_name": phase.rpartition("-")[0],
                "phase_name": phase,
                "start_date": date.fromisoformat(start),
                "end_date": date.fromisoformat(end),
                "rate": Decimal(rate),
                "amount": Decimal(amount or rate),
                "currency": "USD",
                "tenant_record_id": tenant,
                **values,
            },
        )

    def repair(self, item: str, start: str, end: str, tenant: int = 1, **values: object) -> str:
        """Take back what an item bills from a day to another."""
        return self.add(
            "invoice_items",
            **{
                "type": "REPAIR_ADJ",
                "invoice_id": self.invoice(tenant=tenant),
                "linked_item_id": item,
                "start_date": date.fromisoformat(start),
                "end_date": date.fromisoformat(end),
                "amount": -1,
                "currency": "USD",
                "tenant_record_id": tenant,
                **values,
            },
        )

    def load(self, connection: psycopg.Connection[Any], schema: str = "public") -> None:
        for table, rows in self.rows.items():
            for row in rows:
                connection.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier(schema, table),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                    ),
                    list(row.values()),
                )

    def _record(self, account: str) -> int:
        """The number of an account, the same whenever it is asked for."""
        known: dict[str, int] = self.__dict__.setdefault("accounts", {})
        return known.setdefault(account, 1000 + len(known))
