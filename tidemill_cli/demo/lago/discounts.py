"""Coupons on an invoice, in Lago's order, spread over its fees."""

from decimal import ROUND_HALF_UP, Decimal

from tidemill_cli.demo.lago.account import Account, AppliedCoupon, Fee
from tidemill_cli.demo.lago.clock import TEXT
from tidemill_cli.demo.lago.pricing import round_half_up
from tidemill_cli.demo.lago.rows import TRUE

_FIFTH_PLACE = Decimal("0.00001")


def apply_coupons(
    account: Account, currency: str, fees: list[Fee], invoice_id: str, total: int, when: int
) -> list[tuple[AppliedCoupon, int]]:
    """Apply coupons in Lago's order: those limited to plans first, then the oldest."""
    active = [coupon for coupon in account.coupons if coupon.terminated_at is None]
    active.sort(key=lambda applied: (not applied.coupon.plans, applied.created_at))
    used = []
    left = total
    for applied in active:
        if left <= 0:
            break
        coupon = applied.coupon
        if coupon.amount is not None and coupon.currency != currency:
            continue
        covered = [fee for fee in fees if coupon.covers(fee.subscription.plan)]
        base = sum((fee.amount - fee.coupons for fee in covered), Decimal(0))
        if base <= 0:
            continue
        amount = min(_worth(applied, base), round_half_up(base), left)
        for fee in covered:
            share = amount * (fee.amount - fee.coupons) / base
            fee.coupons += share.quantize(_FIFTH_PLACE, ROUND_HALF_UP)
        left -= amount
        _use(applied, amount, when)
        used.append((applied, amount))
        at = TEXT[when]
        account.rows.add(
            "credits",
            id=account.rows.uuid(),
            invoice_id=invoice_id,
            applied_coupon_id=applied.id,
            amount_cents=str(amount),
            amount_currency=currency,
            before_taxes=TRUE,
            created_at=at,
            updated_at=at,
            organization_id=account.organization.id,
        )
    return used


def _worth(applied: AppliedCoupon, base: Decimal) -> int:
    coupon = applied.coupon
    if coupon.percentage is not None:
        return round_half_up(base * coupon.percentage / 100)
    amount = coupon.amount or 0
    # A single use larger than the invoice goes on to the next one.
    return amount - applied.used if coupon.frequency == "once" else amount


def _use(applied: AppliedCoupon, amount: int, when: int) -> None:
    coupon = applied.coupon
    applied.used += amount
    applied.updated_at = when
    if coupon.frequency == "once":
        if coupon.amount is None or applied.used >= coupon.amount:
            applied.terminate(when)
    elif coupon.frequency == "recurring" and applied.remaining is not None:
        applied.remaining -= 1
        if applied.remaining <= 0:
            applied.terminate(when)
