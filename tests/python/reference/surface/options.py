"""The definitions a user can choose, with the project's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# Vars that say where to read, not what a number means; and what an engine's models have decided
# before the surface.
NOT_DEFINITIONS = {"billing_sources", "as_of", "mrr_price_source"}
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Options:
    """Every option, named as its dbt var without the prefix."""

    mrr_discounts: str = "recurring"
    mrr_past_due: str = "keep"
    mrr_paused: str = "zero"
    mrr_usage: str = "exclude"
    mrr_start_at: str = "trial_end"
    mrr_commitments: str = "include"
    mrr_tax: str = "exclude"
    week_factor: str = "52/12"
    reporting_timezone: str = "UTC"
    tenant_timezones: tuple[str, ...] = ()
    exclude_customers: tuple[str, ...] = ()
    reporting_currency: str | None = None
    fx_mode: str = "daily"
    arr_scope: str = "all"
    movement_level: str = "customer"
    free_to_paid: str = "new"
    paid_to_free: str = "churn"
    discount_as_movement: str = "true"
    netting: str = "day"
    reactivation_max_gap_days: int | None = None
    churn_date: str = "service_end"
    refunds: str = "ignore"
    as_reported_at: datetime | None = None
    churn_method: str = "cohort_end_state"
    revenue_churn: str = "cohort_end_state"
    net_includes_reactivation: bool = False
    retention_window_months: tuple[int, ...] = (1, 12)
    retention_level: str = "customer"
    cohort_grains: tuple[str, ...] = ("week", "month", "quarter", "year")
    cohort_by: str = "first_paid"
    cohort_month0: str = "end_of_month"
    trial_rate: str = "cohort"
    trial_converted_when: str = "first_mrr"
    trial_unit: str = "subscription"
    ltv_churn: str = "logo"
    ltv_window_months: int = 6
    gross_margin: Decimal = Decimal(1)
    ltv_discount_rate: Decimal = Decimal(0)
    quick_ratio_reactivation: bool = False
    committed_horizons: tuple[int, ...] = (30, 90, 365)
    max_row_loss: Decimal = Decimal("0.5")

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> "Options":
        """Read dbt vars; `tidemill_mrr_usage` is the option `mrr_usage`."""
        known = {field.name: field.type for field in fields(cls)}
        chosen: dict[str, Any] = {}
        for variable, value in variables.items():
            name = variable.removeprefix("tidemill_")
            if name in NOT_DEFINITIONS or name.endswith("_schema"):
                continue
            if name not in known:
                raise ValueError(f"{variable} is not an option")
            chosen[name] = _value(str(known[name]), value)
        options = cls(**chosen)
        options.refuse_contradictions()
        return options

    def refuse_contradictions(self) -> None:
        """Raise for pairs of options that cannot both hold."""
        refused = {
            "discount_as_movement": self.discount_as_movement == "separate_type"
            and self.mrr_discounts == "none",
            "trial_converted_when": self.trial_converted_when == "first_mrr"
            and self.mrr_start_at == "subscription_start",
            "fx_mode": self.fx_mode != "daily" and self.reporting_currency is None,
            "free_to_paid": self.free_to_paid == "expansion" and self.movement_level == "plan",
            "paid_to_free": self.paid_to_free == "contraction"
            and self.movement_level != "customer",
        }
        for name, is_refused in refused.items():
            if is_refused:
                raise ValueError(f"{name} contradicts another option")

    @property
    def past_due_days(self) -> int | None:
        """Days for which a past-due item counts; None unless `churn_after_days(n)`."""
        return _argument(self.mrr_past_due, "churn_after_days")

    @property
    def usage_periods(self) -> int:
        """How many billed periods a usage amount is the mean of; 0 when usage is excluded."""
        if self.mrr_usage == "exclude":
            return 0
        _, _, periods = self.mrr_usage.partition("trailing_")
        return int(periods or 1)

    @property
    def within_days(self) -> int:
        """The days of `trial_rate: within_days(n)`, 30 unless given."""
        return _argument(self.trial_rate, "within_days") or 30

    @property
    def cohort_attribute(self) -> str | None:
        """The customer attribute that cohorts are sliced by, if any."""
        _, _, key = self.cohort_by.partition("attribute:")
        return key or None


def _argument(text: str, function: str) -> int | None:
    """The n of `function(n)`."""
    if not text.startswith(f"{function}("):
        return None
    return int(text.removeprefix(f"{function}(").removesuffix(")"))


def _value(kind: str, value: Any) -> Any:  # noqa: ANN401
    """A YAML value as the type of its field."""
    if value is None:
        return None
    if "bool" in kind:
        return BOOLEANS[str(value).lower()]
    if "Decimal" in kind:
        return Decimal(str(value))
    if "tuple" in kind:
        return tuple(value)
    if "int" in kind:
        return int(value)
    if "datetime" in kind:
        moment = datetime.fromisoformat(str(value))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(value).lower() if isinstance(value, bool) else str(value)
