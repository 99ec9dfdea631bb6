"""Exchange rates: what an amount is worth in the reporting currency."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from .checks import Issue
from .facts import exact, rounded
from .options import Options
from .windows import last_of_month

ONE = Decimal(1)


class Rates:
    """Rates to one base, and the multipliers that follow."""

    def __init__(
        self,
        options: Options,
        rates: Iterable[tuple[date, str, Decimal]],
        fixed: Mapping[str, Decimal],
        base_currency: str,
        last_day: date,
    ) -> None:
        """Hold the rates known, up to the last day."""
        self._options = options
        self._fixed = fixed
        self._base_currency = base_currency
        self._last_day = last_day
        self._by_currency: dict[str, dict[date, Decimal]] = {}
        for day, currency, rate in rates:
            if day <= last_day:
                self._by_currency.setdefault(currency, {})[day] = Decimal(str(rate))

    def reporting_currency(self, currency: str) -> str:
        """The chosen one if both have a rate, else the currency itself."""
        chosen = self._options.reporting_currency
        if chosen is None or not (self.has_rate(chosen) and self.has_rate(currency)):
            return currency
        return chosen

    def has_rate(self, currency: str) -> bool:
        """Whether a currency has any rate; the base has one as soon as there is a rate to it."""
        if self._options.fx_mode == "fixed":
            return currency in self._fixed
        is_base = currency == self._base_currency and bool(self._by_currency)
        return is_base or currency in self._by_currency

    @exact
    def multiplier(self, currency: str, day: date) -> Decimal:
        """What one unit of a currency is worth on a day; under `at_start` the daily rate."""
        reporting = self.reporting_currency(currency)
        if reporting == currency:
            return ONE
        if self._options.fx_mode == "month_end":
            day = last_of_month(day)
        return rounded(self._rate(reporting, day) / self._rate(currency, day), 12)

    def _rate(self, currency: str, day: date) -> Decimal:
        """Units of a currency for one of the base: the last published by a day, or the first."""
        if self._options.fx_mode == "fixed":
            return Decimal(str(self._fixed[currency]))
        if currency == self._base_currency:
            return ONE
        published = self._by_currency[currency]
        return published[max((d for d in published if d <= day), default=min(published))]

    def missing(self, currencies: Iterable[str]) -> list[str]:
        """Currencies, the reporting one included, that have no rate but would need one."""
        reporting = self._options.reporting_currency
        others = {currency for currency in currencies if currency != reporting}
        if reporting is None or not others:
            return []
        return [name for name in sorted({*others, reporting}) if not self.has_rate(name)]

    def is_carried_back(self, currency: str, day: date) -> bool:
        """Whether a day's multiplier uses a rate that was published later."""
        if self._options.fx_mode == "fixed" or self.reporting_currency(currency) == currency:
            return False
        if self._options.fx_mode == "month_end":
            day = last_of_month(day)
        return any(
            name != self._base_currency and day < min(self._by_currency[name])
            for name in (currency, self.reporting_currency(currency))
        )


def rate_issues(rates: Rates, first_days: Mapping[str, date]) -> list[Issue]:
    """What is wrong with the rates, given the first day of each currency in the ledger."""
    issues = []
    for currency in rates.missing(first_days):
        issues.append(_issue("rate_missing", "error", currency))
    for currency, day in sorted(first_days.items()):
        if rates.is_carried_back(currency, day):
            issues.append(_issue("rate_carried_back", "warning", currency))
    return issues


def _issue(name: str, severity: str, currency: str) -> Issue:
    return Issue("all", "all", None, name, severity, False, "fx_rates", currency)
