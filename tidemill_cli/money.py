"""Amounts as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_NO_MINOR_UNIT = (
    *("BIF", "CLP", "DJF", "GNF", "HUF", "ISK", "JPY", "KMF", "KRW"),
    *("MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
)
# Decimal places of the currencies that do not have two, as billing engines bill them.
_EXPONENTS = {
    **dict.fromkeys(_NO_MINOR_UNIT, 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    "CLF": 4,
    "MRO": 1,
}


def exponent(currency: str) -> int:
    """How many decimals an amount in this currency is shown with."""
    return _EXPONENTS.get(currency.upper(), 2)


def minor_units() -> dict[str, int]:
    """How many of its minor units a currency has, of those that do not have a hundred."""
    return {currency: 10**places for currency, places in _EXPONENTS.items()}


def format_amount(amount: Decimal, currency: str) -> str:
    """Round half away from zero to the currency's exponent, with thousands separators."""
    places = Decimal(1).scaleb(-exponent(currency))
    rounded = amount.quantize(places, rounding=ROUND_HALF_UP)
    return f"{rounded + 0:,f}"  # + 0 turns a rounded -0 into 0
