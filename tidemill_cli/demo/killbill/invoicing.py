"""Invoice runs: what is new of an account becomes an invoice, at most one a run."""

from datetime import date, datetime
from decimal import Decimal

from tidemill_cli.demo.killbill import payments, timeline
from tidemill_cli.demo.killbill.credit import settle_credit
from tidemill_cli.demo.killbill.model import Account, Bundle, Invoice, Item, Subscription
from tidemill_cli.demo.killbill.parents import roll_up
from tidemill_cli.demo.killbill.proposals import Range, Wanted, cut, propose
from tidemill_cli.demo.killbill.rows import Row
from tidemill_cli.demo.killbill.timeline import Segment
from tidemill_cli.demo.killbill.usage import add_usage
from tidemill_cli.demo.killbill.world import World


def run(world: World, account: Account) -> Invoice | None:
    """Bill what an account has not been billed yet."""
    if "AUTO_INVOICING_OFF" in account.tags:
        return None
    today = account.local(world.now)
    invoice = draft(world, account, today)
    for subscription in account.subscriptions:
        is_due = subscription.again is not None and subscription.again <= today
        if is_due or subscription.dirty_from is not None:
            _bill(world, invoice, subscription, today)
    return issue(world, invoice) if invoice.rows else None


def draft(world: World, account: Account, today: date) -> Invoice:
    """Return an invoice that is not there until it has items."""
    status = "DRAFT" if "AUTO_INVOICING_DRAFT" in account.tags else "COMMITTED"
    row: Row = {
        "id": world.rows.new_id(),
        "account_id": account.id,
        "invoice_date": today,
        "target_date": today,
        "currency": account.currency,
        "status": status,
        "migrated": False,
        "parent_invoice": False,
    }
    return Invoice(account, row)


def issue(world: World, invoice: Invoice) -> Invoice:
    """Write an invoice with what it has, and have it paid."""
    account = invoice.account
    _write(world, invoice)
    if account.tax_rate:
        _tax(world, invoice)
    account.invoices.append(invoice)
    if invoice.status == "COMMITTED":
        _commit(world, invoice)
    return invoice


def commit(world: World, invoice: Invoice) -> None:
    """Make an invoice of a draft."""
    invoice.row["status"] = "COMMITTED"
    _commit(world, invoice)


def void(world: World, invoice: Invoice) -> None:
    """Take an unpaid invoice back: what it billed is billed anew."""
    if invoice.paid or any(row["type"] == "CBA_ADJ" for row in invoice.rows):
        message = "an invoice that was paid, or that moved credit, cannot be voided"
        raise ValueError(message)
    account = invoice.account
    invoice.row["status"] = "VOID"
    for subscription in account.subscriptions:
        gone = [item for item in subscription.items if item.invoice is invoice]
        for item in gone:
            subscription.items.remove(item)
            subscription.mark(item.start)
        for row in invoice.rows:
            day = row["start_date"]
            if row["subscription_id"] == subscription.id and isinstance(day, date):
                subscription.once_billed.discard((str(row["phase_name"]), day))
                subscription.mark(day)
    world.changed(account)


def add_item(world: World, invoice: Invoice, kind: str, amount: Decimal, **values: object) -> Row:
    """Add an item to an invoice."""
    account = invoice.account
    row = world.rows.add(
        "invoice_items",
        world.now,
        type=kind,
        invoice_id=invoice.id,
        account_id=account.id,
        amount=account.rounded(amount),
        currency=account.currency,
        **account.keys,
        **values,
    )
    invoice.rows.append(row)
    return row


def external_charge(
    world: World, account: Account, amount: Decimal, bundle: Bundle | None = None
) -> Invoice:
    """Bill something that is in no catalog."""
    today = account.local(world.now)
    invoice = draft(world, account, today)
    add_item(
        world,
        invoice,
        "EXTERNAL_CHARGE",
        amount,
        start_date=today,
        end_date=today,
        description="Onboarding",
        bundle_id=bundle.id if bundle else None,
    )
    return issue(world, invoice)


def written(world: World, account: Account) -> Invoice:
    """Return an invoice that has no items yet."""
    invoice = draft(world, account, account.local(world.now))
    invoice.row["status"] = "COMMITTED"
    _write(world, invoice)
    return invoice


def imported(world: World, account: Account, amount: Decimal) -> Invoice:
    """Keep an invoice of an older system: it says nothing of what is owed."""
    invoice = written(world, account)
    invoice.row["migrated"] = True
    today = account.local(world.now)
    add_item(world, invoice, "EXTERNAL_CHARGE", amount, start_date=today, end_date=today)
    account.invoices.append(invoice)
    return invoice


def _write(world: World, invoice: Invoice) -> None:
    values = {**invoice.row, **invoice.account.keys, "grp_id": invoice.row["id"]}
    invoice.row = world.rows.add("invoices", world.now, **values)


def _commit(world: World, invoice: Invoice) -> None:
    account = invoice.account
    settle_credit(world, invoice)
    if account.parent is not None:
        roll_up(world, invoice)
    elif invoice.balance > 0:
        payments.collect(world, invoice)


def _tax(world: World, invoice: Invoice) -> None:
    """Tax each item; of what is repaired the tax is given back too."""
    account = invoice.account
    for row in list(invoice.rows):
        amount = row["amount"]
        if row["type"] in ("CBA_ADJ", "CREDIT_ADJ", "TAX") or not isinstance(amount, Decimal):
            continue
        tax = account.rounded(amount * account.tax_rate / 100)
        if tax:
            add_item(
                world,
                invoice,
                "TAX",
                tax,
                description="Tax",
                start_date=row["start_date"],
                bundle_id=row["bundle_id"],
                subscription_id=row["subscription_id"],
                linked_item_id=row["linked_item_id"] or row["id"],
            )


def _bill(world: World, invoice: Invoice, subscription: Subscription, today: date) -> None:
    account = subscription.account
    found = timeline.segments(subscription)
    _set_billing_day(world, subscription, found)
    ends: list[date] = []
    for segment in found:
        ends += _once(world, invoice, subscription, segment, today)
    proposal = propose(subscription, found, today)
    for item, part in proposal.repairs:
        _repair(world, invoice, item, part)
    for wanted, part in proposal.new:
        ends.append(_recurring(world, invoice, subscription, wanted, part).end)
    again = add_usage(world, invoice, subscription, found, today, add_item)
    subscription.dirty_from = None
    subscription.again = min(
        (day for day in (proposal.again, again) if day is not None), default=None
    )
    if subscription.again is not None and subscription.again not in account.planned_runs:
        account.planned_runs.add(subscription.again)
        world.at(account.instant(subscription.again), lambda: world.changed(account))
    if ends:
        _charged_through(world, subscription, account.instant(max(ends)))


def _set_billing_day(world: World, subscription: Subscription, found: list[Segment]) -> None:
    """Fix the day of the month at the first time that something recurs."""
    account = subscription.account
    recurring = [segment for segment in found if segment.rate is not None]
    if not recurring:
        return
    versions = account.tenant.versions
    day = account.local(recurring[0].start).day
    in_force = [v for v in versions if v.effective_at <= subscription.aligned_at] or versions
    if in_force[-1].alignment == "SUBSCRIPTION":
        subscription.own_billing_day = subscription.own_billing_day or day
    elif not account.billing_day:
        account.billing_day = day
        account.row.update(billing_cycle_day_local=day, updated_date=world.now)


def _charged_through(world: World, subscription: Subscription, end: datetime) -> None:
    subscription.row.update(charged_through_date=end, updated_date=world.now)


def _described(subscription: Subscription, segment: Segment) -> dict[str, object]:
    return {
        "bundle_id": subscription.bundle.id,
        "subscription_id": subscription.id,
        "product_name": segment.product,
        "plan_name": segment.plan,
        "phase_name": segment.phase_name,
        "catalog_effective_date": segment.catalog_at,
        "description": segment.phase_name,
    }


def _once(
    world: World, invoice: Invoice, subscription: Subscription, segment: Segment, today: date
) -> list[date]:
    """Bill what is due when a phase starts."""
    account = subscription.account
    start = account.local(segment.start)
    key = (segment.phase_name, start)
    if segment.once is None or not segment.opens_phase or start > today:
        return []
    if key in subscription.once_billed:
        return []
    subscription.once_billed.add(key)
    end = None if segment.phase_end is None else account.local(segment.phase_end)
    add_item(
        world,
        invoice,
        "FIXED",
        segment.once,
        start_date=start,
        end_date=end,
        **_described(subscription, segment),
    )
    return [end or start]


def _recurring(
    world: World, invoice: Invoice, subscription: Subscription, wanted: Wanted, part: Range
) -> Item:
    start, end = part
    amount = subscription.account.rounded(wanted.cost(start, end))
    rate = wanted.segment.rate or Decimal(0)
    row = add_item(
        world,
        invoice,
        "RECURRING",
        amount,
        start_date=start,
        end_date=end,
        rate=rate,
        **_described(subscription, wanted.segment),
    )
    item = Item(row, invoice, start, end, amount, rate, wanted.key, [part])
    subscription.items.append(item)
    return item


def _repair(world: World, invoice: Invoice, item: Item, part: Range) -> None:
    """Give back what of an item is not used."""
    cut(item, part)
    days, whole = (part[1] - part[0]).days, (item.end - item.start).days
    amount = invoice.account.rounded(item.amount * days / whole)
    amount = item.left if not item.live else min(amount, item.left)
    item.taken += amount
    add_item(
        world,
        invoice,
        "REPAIR_ADJ",
        -amount,
        start_date=part[0],
        end_date=part[1],
        linked_item_id=item.row["id"],
        description="Adjustment (subscription event)",
    )
