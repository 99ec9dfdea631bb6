"""What each metric answers with: a class per metric, a field per column of its relation.

Amounts are in major units of `reporting_currency` and exact. A rate is None where its denominator
is 0. What the columns mean is in docs/metrics.md, below the name of the relation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeAlias

from tidemill_cli.lookup.units import Unit

Name: TypeAlias = Annotated[str, Unit.NAME]
Day: TypeAlias = Annotated[date, Unit.KEY]
Length: TypeAlias = Annotated[int, Unit.KEY]
Count: TypeAlias = Annotated[int, Unit.COUNT]
CountIfAny: TypeAlias = Annotated[int | None, Unit.COUNT]
Money: TypeAlias = Annotated[Decimal, Unit.MONEY]
MoneyIfAny: TypeAlias = Annotated[Decimal | None, Unit.MONEY]
Share: TypeAlias = Annotated[Decimal | None, Unit.SHARE]
Number: TypeAlias = Annotated[Decimal | None, Unit.NUMBER]


# Not frozen: to make frozen classes takes a look-up longer than to read its rows.
@dataclass(kw_only=True)
class Row:
    """A row of any metric. A dimension that the row was not asked to be split by is None."""

    source: str | None = None
    tenant: str | None = None
    plan: str | None = None
    product: str | None = None
    currency: str | None = None
    country: str | None = None
    interval: str | None = None
    segment: str | None = None
    reporting_currency: str | None = None


@dataclass(kw_only=True)
class PeriodRow(Row):
    """A row of one period, [period_start, period_end)."""

    period_start: date
    period_end: date
    is_complete: bool


@dataclass(kw_only=True)
class Mrr(PeriodRow):
    """Monthly recurring revenue at the end of a period."""

    mrr: Money


@dataclass(kw_only=True)
class Arr(PeriodRow):
    """Annual run rate at the end of a period."""

    arr_run_rate: Money


@dataclass(kw_only=True)
class Movements(PeriodRow):
    """What changed MRR in a period, and why."""

    movement_type: Name
    reason: Name
    amount: Money


@dataclass(kw_only=True)
class Waterfall(PeriodRow):
    """How MRR got from the opening to the closing of a period."""

    opening_mrr: Money
    new_mrr: Money
    reactivation_mrr: Money
    expansion_mrr: Money
    contraction_mrr: Money
    churn_mrr: Money
    discount_mrr: Money
    transfer_mrr: Money
    fx_mrr: Money
    closing_mrr: Money
    net_new_mrr: Money


@dataclass(kw_only=True)
class Churn(PeriodRow):
    """What became of the customers who paid on the day before the period."""

    opening_customers: Count
    churned_customers: Count
    voluntary_customers: Count
    involuntary_customers: Count
    logo_churn_denominator: Count
    logo_churn_rate: Share
    opening_mrr: MoneyIfAny
    churned_mrr: MoneyIfAny
    contraction_mrr: MoneyIfAny
    expansion_mrr: MoneyIfAny
    reactivation_mrr: MoneyIfAny
    voluntary_mrr: MoneyIfAny
    involuntary_mrr: MoneyIfAny
    gross_churned_mrr: MoneyIfAny
    net_churned_mrr: MoneyIfAny
    churned_mrr_rate: Share
    gross_churn_rate: Share
    net_churn_rate: Share


@dataclass(kw_only=True)
class Retention(PeriodRow):
    """What is left of the customers who paid on the day before a window of months."""

    window_months: Length
    window_start: Day
    opening_customers: Count
    retained_customers: Count
    customer_retention: Share
    opening_mrr: MoneyIfAny
    retained_mrr: MoneyIfAny
    closing_mrr: MoneyIfAny
    nrr: Share
    grr: Share


@dataclass(kw_only=True)
class Cohorts(PeriodRow):
    """What is left of those who began in one period, so many periods later."""

    cohort_start: Day
    cohort_end: Day
    period_number: Length
    cohort_customers: Count
    customers: Count
    denominator_customers: CountIfAny
    previous_customers: CountIfAny
    mrr: MoneyIfAny
    cohort_mrr: MoneyIfAny
    previous_mrr: MoneyIfAny
    customer_retention: Share
    customer_retention_of_previous: Share
    mrr_retention: Share
    mrr_retention_of_previous: Share


@dataclass(kw_only=True)
class Arpa(PeriodRow):
    """Average revenue per account, and the average price new customers came in at."""

    mrr: Money
    customers: Count
    arpa: MoneyIfAny
    new_mrr: Money
    new_customers: Count
    asp: MoneyIfAny


@dataclass(kw_only=True)
class Ltv(PeriodRow):
    """Lifetime value: what a customer brings in until it leaves."""

    arpa: MoneyIfAny
    gross_margin: Share
    churn_rate: Share
    months_counted: Count
    ltv: MoneyIfAny


@dataclass(kw_only=True)
class Trials(PeriodRow):
    """Trials that began in a period, and what became of them by now."""

    trials_started: Count
    trials_converted: Count
    trials_cancelled: Count
    trials_pending: Count
    trials_expired: Count
    conversion_rate_of_started: Share
    conversion_rate_of_decided: Share
    within_days: CountIfAny
    converted_within_days: CountIfAny
    conversion_rate_within_days: Share
    conversions: Count
    conversion_rate_of_period: Share
    conversion_rate: Share


@dataclass(kw_only=True)
class Customers(PeriodRow):
    """Paying customers and subscriptions; who came, returned and left."""

    opening_customers: Count
    new_customers: Count
    returned_customers: Count
    lost_customers: Count
    customers: Count
    subscriptions: Count


@dataclass(kw_only=True)
class Usage(PeriodRow):
    """Usage billed, by when it was used."""

    usage_revenue: Money
    lines: Count


@dataclass(kw_only=True)
class Concentration(PeriodRow):
    """How much of MRR hangs on how few customers."""

    customers: Count
    mrr: Money
    top_1_mrr: Money
    top_5_mrr: Money
    top_10_mrr: Money
    top_1_share: Share
    top_5_share: Share
    top_10_share: Share
    hhi: Number


@dataclass(kw_only=True)
class Committed(Row):
    """MRR as it will be by what is scheduled already."""

    as_of_date: Day
    horizon_days: Length
    horizon_date: Day
    mrr: Money
    scheduled_increase: Money
    scheduled_decrease: Money
    scheduled_cancellations: Money
    committed_mrr: Money
    trial_mrr: Money


@dataclass(kw_only=True)
class Cac(PeriodRow):
    """What a new customer costs, and when it has paid that back."""

    spend: MoneyIfAny
    new_customers: Count
    cac: MoneyIfAny
    new_mrr: MoneyIfAny
    asp: MoneyIfAny
    gross_margin: Share
    payback_months: Number
    ltv: MoneyIfAny
    ltv_to_cac: Number
