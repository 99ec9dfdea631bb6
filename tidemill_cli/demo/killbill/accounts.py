"""Tenants, their catalogs and their accounts; the clock that engine and history share."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from random import Random

from tidemill_cli.demo.killbill import blocking, ends, invoicing, payments, tags
from tidemill_cli.demo.killbill.catalog import Plan, Product, Version, xml
from tidemill_cli.demo.killbill.clock import instant, offset_of
from tidemill_cli.demo.killbill.model import Account, Bundle, Invoice, Policy, Tenant
from tidemill_cli.demo.killbill.rows import Row, touch
from tidemill_cli.demo.killbill.world import World


class AccountActions:
    """What is done to tenants and accounts."""

    def __init__(self, random: Random, start: datetime, base: int = 0) -> None:
        """Start with nothing at an instant."""
        self.start = instant(start)
        self.world = World(random, self.start, base)

    @property
    def now(self) -> datetime:
        """Return what the clock says."""
        return self.world.now

    @property
    def rows(self) -> dict[str, list[Row]]:
        """Return all rows by table, as they are now."""
        return self.world.rows.tables

    def run_until(self, until: datetime) -> None:
        """Let everything happen that is due up to an instant."""
        self.world.run_until(instant(until), invoicing.run)

    def act(self, at: datetime) -> None:
        """Let what is due happen, as every action does first."""
        self.run_until(at)

    def settle(self) -> None:
        """Bill what an action has changed."""
        self.world.settle(invoicing.run)

    def tenant(self, name: str) -> Tenant:
        """Create a tenant, with the secrets of its API."""
        row = self.world.rows.add(
            "tenants",
            self.now,
            external_key=name,
            api_key=name.lower(),
            api_secret=f"{self.world.random.getrandbits(256):064x}",
            api_salt=f"{self.world.random.getrandbits(128):032x}",
        )
        return Tenant(row)

    def secret(self, tenant: Tenant, plugin: str, value: str) -> None:
        """Configure a plugin, with what only it should know."""
        self._key(tenant, f"PLUGIN_CONFIG_{plugin}", value)

    def catalog(
        self,
        tenant: Tenant,
        effective_at: datetime,
        plans: Sequence[Plan],
        products: Sequence[Product] = (),
        *,
        version: Version | None = None,
        in_arrear: bool = False,
        alignment: str = "ACCOUNT",
    ) -> Version:
        """Upload a version of a tenant's catalog; products that are not given are base ones."""
        known = {product.name for product in products}
        names = dict.fromkeys(plan.product for plan in plans if plan.product not in known)
        made = version or Version(
            instant(effective_at),
            tuple(plans),
            (*(Product(name) for name in names), *products),
            "IN_ARREAR" if in_arrear else "IN_ADVANCE",
            "SUBSCRIPTION" if alignment == "SUBSCRIPTION" else "ACCOUNT",
        )
        self._key(tenant, "CATALOG", xml(made))
        tenant.versions.append(made)
        tenant.versions.sort(key=lambda one: one.effective_at)
        return made

    def account(
        self,
        tenant: Tenant,
        at: datetime,
        country: str | None = None,
        *,
        name: str | None = None,
        company: str | None = None,
        key: str | None = None,
        currency: str = "USD",
        time_zone: str = "UTC",
        billing_day: int = 0,
        tax_rate: Decimal | int = 0,
        payment_method: bool = True,
        dunned: bool = False,
        parent: Account | None = None,
        fields: dict[str, str] | None = None,
    ) -> Account:
        """Create an account; `parent` pays for it, and `dunned` ends it when it does not pay."""
        self.act(at)
        row = self.world.rows.add(
            "accounts",
            self.now,
            external_key=key or f"account-{self.world.rows.new_id()[:8]}",
            name=name,
            company_name=company,
            currency=currency,
            billing_cycle_day_local=billing_day,
            parent_account_id=parent.id if parent else None,
            is_payment_delegated_to_parent=parent is not None,
            reference_time=self.now,
            time_zone=time_zone,
            country=country,
            migrated=False,
            tenant_record_id=tenant.record_id,
        )
        made = Account(
            tenant,
            row,
            currency,
            offset_of(time_zone, self.now),
            self.now,
            tax_rate=Decimal(tax_rate),
            parent=parent,
            has_method=False,
            dunned=dunned,
            billing_day=billing_day,
        )
        if payment_method:
            payments.add_method(self.world, made)
        self._history(made, "INSERT")
        for field, value in (fields or {}).items():
            self.set_field(made, field, value)
        return made

    def change_country(self, account: Account, country: str, at: datetime) -> None:
        """Move an account to another country, in place."""
        self.act(at)
        touch(account.row, self.now, country=country)
        self._history(account, "UPDATE")

    def set_field(self, account: Account, name: str, value: str) -> None:
        """Write a custom field."""
        self.world.rows.add(
            "custom_fields",
            self.now,
            object_id=account.id,
            object_type="ACCOUNT",
            field_name=name,
            field_value=value,
            **account.keys,
        )

    def tag(self, tagged: Account | Bundle | Invoice, name: str, at: datetime) -> Row:
        """Put one of the system's tags on something."""
        self.act(at)
        account = tagged if isinstance(tagged, Account) else tagged.account
        kinds: dict[type, str] = {Bundle: "BUNDLE", Invoice: "INVOICE"}
        if tagged is account:
            return tags.put(self.world, account, name)
        return tags.row(self.world, account, tagged.id, kinds[type(tagged)], name)

    def untag(self, account: Account, tag: Row, at: datetime) -> None:
        """Take a tag away."""
        self.act(at)
        tags.take(self.world, account, tag)
        self.settle()

    def fail_payments(self, account: Account, at: datetime) -> None:
        """Let the account's payments fail from now on."""
        self.act(at)
        account.pays = False

    def restore_payments(self, account: Account, at: datetime) -> None:
        """Let payments succeed again, and pay what is due."""
        self.act(at)
        account.pays = True
        for invoice in account.invoices:
            payments.attempt(self.world, invoice)
        self.settle()

    def close_account(
        self, account: Account, at: datetime, *, cancel: Policy | None = "IMMEDIATE"
    ) -> None:
        """Close an account; its subscriptions are cancelled by a policy, or (None) go on."""
        self.act(at)
        if cancel is not None:
            for subscription in account.subscriptions:
                if subscription.category != "ADD_ON" and ends.is_live(subscription, self.now):
                    ends.cancel(self.world, subscription, cancel, cancel)
        blocking.close(self.world, account)
        self.settle()
        self.tag(account, "AUTO_INVOICING_OFF", at)

    def _key(self, tenant: Tenant, key: str, value: str) -> None:
        self.world.rows.add(
            "tenant_kvs",
            self.now,
            tenant_record_id=tenant.record_id,
            tenant_key=key,
            tenant_value=value,
        )

    def _history(self, account: Account, change: str) -> None:
        kept = ("record_id", "id", "created_date", "created_by", "updated_date", "updated_by")
        values = {name: value for name, value in account.row.items() if name not in kept}
        self.world.rows.add(
            "account_history",
            self.now,
            **values,
            id=account.id,
            target_record_id=account.row["record_id"],
            change_type=change,
        )
