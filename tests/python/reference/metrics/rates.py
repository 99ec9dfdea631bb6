"""Quotients."""

from decimal import Decimal

from reference.surface.facts import rounded


def rate(numerator: Decimal | int | None, denominator: Decimal | int | None) -> Decimal | None:
    """A quotient to ten decimals, halves away from zero; None without anything to divide by."""
    if numerator is None or not denominator:
        return None
    return rounded(Decimal(numerator) / Decimal(denominator))
