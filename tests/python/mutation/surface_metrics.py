"""Mistakes between the ledger and the metrics, each of which a surface must tell from the truth."""

from .mutants import Mutant, noticed_in
from .surface_ledger import BY_SUBSCRIPTION, DAILY, FREE, SEPARATE

ANY_EXIT = {"churn_method": "cohort_any_exit", "revenue_churn": "movement_sum"}
WON_BACK = {"net_includes_reactivation": True, "quick_ratio_reactivation": True}
STRIPE = {"churn_method": "stripe_30d"}
ROLLING = {"churn_method": "rolling_30d"}
PARENTS = {"retention_level": "parent"}
SIGNUP = {"cohort_by": "signup", "cohort_month0": "forced_100"}
VALUE = {
    "ltv_churn": "net_mrr",
    "ltv_window_months": 3,
    "ltv_discount_rate": "0.1",
    "gross_margin": "0.73",
}
PAYMENTS = {
    "trial_converted_when": "first_payment",
    "trial_rate": "within_days(7)",
    "trial_unit": "customer",
}
ANNUAL = {"arr_scope": "annual_plans_only"}

CUSTOMERS = [
    *noticed_in(
        "metric_customers",
        {},
        Mutant(
            "who comes back is new",
            "paying_spells",
            "row_number() over turn_order = 1 as is_first",
            "true as is_first",
        ),
        Mutant(
            "every tenant has an overall of its own",
            "slices",
            "over () > 1 as is_one_of_several",
            "over () > 0 as is_one_of_several",
        ),
        Mutant(
            "a free subscription counts",
            "subscription_counts",
            "where mrr > 0",
            "where mrr >= 0",
            times=2,
        ),
        Mutant(
            "a second item is a second subscription",
            "subscription_counts",
            "where items_in_force = 0 or items_in_force = change",
            "where true",
        ),
        Mutant(
            "who comes back is not counted",
            "customer_periods",
            "sum(new_customers + returned_customers - lost_customers)",
            "sum(new_customers - lost_customers)",
        ),
        Mutant(
            "a quiet day has no customers",
            "customer_periods",
            "where balanced.customers > 0",
            "where false",
        ),
    ),
    *noticed_in(
        "metric_customers",
        FREE,
        Mutant(
            "who goes on for free is lost",
            "kept_changes",
            "-1 as lost_customers",
            "0 as lost_customers",
        ),
    ),
]

WHO_CHURNED = noticed_in(
    "metric_churn_customers",
    {},
    Mutant(
        "who pays less has no row",
        "metric_churn_customers",
        "or contraction_mrr <> 0",
        "",
    ),
    Mutant(
        "who came back has no row",
        "metric_churn_customers",
        "or reactivation_mrr <> 0",
        "",
    ),
    Mutant(
        "what one plan lost is lost in all",
        "metric_churn_customers",
        "and is_whole",
        "",
    ),
)

CHURN = [
    *noticed_in(
        "metric_churn",
        {},
        Mutant(
            "who came and left within a period is lost of those it began with",
            "changed_customers",
            "closing_mrr = 0 and opening_mrr > 0 as is_churned",
            "closing_mrr = 0 as is_churned",
        ),
        Mutant(
            "a gain makes up for another customer's loss",
            "changed_customers",
            "greatest(opening_mrr - closing_mrr, 0)",
            "(opening_mrr - closing_mrr)",
        ),
        Mutant(
            "who leaves has a contraction too",
            "changed_customers",
            "case when closing_mrr > 0 then greatest(",
            "case when true then greatest(",
        ),
        Mutant(
            "who is new came back",
            "changed_customers",
            "opening_mrr = 0 and first_paid_date < period_start",
            "opening_mrr = 0",
        ),
        Mutant(
            "half a voluntary end is one",
            "changed_customers",
            "and coalesce(last_involuntary < last_churn, true)",
            "",
        ),
        Mutant(
            "an end for unknown reasons is involuntary",
            "customer_days",
            "and not changes.is_voluntary then",
            "and changes.is_voluntary is not true then",
        ),
        Mutant(
            "those at the end are the denominator",
            "paying_periods",
            "customers - arrivals + departures as opening_customers",
            "customers as opening_customers",
        ),
        Mutant(
            "net churn forgets expansion",
            "churn_periods",
            "churned_mrr + contraction_mrr - expansion_mrr",
            "churned_mrr + contraction_mrr",
        ),
        Mutant(
            "gross churn is of those who left alone",
            "churn_periods",
            "churned_mrr + contraction_mrr as gross_churned_mrr",
            "churned_mrr as gross_churned_mrr",
        ),
    ),
    *noticed_in(
        "metric_churn",
        ANY_EXIT,
        Mutant(
            "only who is away at the end has left",
            "changed_customers",
            "has_left and opening_mrr > 0",
            "closing_mrr = 0 and opening_mrr > 0",
        ),
        Mutant(
            "movements of those who came later count",
            "changed_customers",
            "case when opening_mrr > 0 then contraction else 0 end",
            "contraction",
        ),
        Mutant(
            "who returns without having been there is won back",
            "changed_customers",
            "case when opening_mrr > 0 then reactivation else 0 end",
            "reactivation",
        ),
    ),
    *noticed_in(
        "metric_churn",
        WON_BACK,
        Mutant(
            "net churn leaves out who was won back",
            "churn_periods",
            "- expansion_mrr - reactivation_mrr",
            "- expansion_mrr",
        ),
    ),
    *noticed_in(
        "metric_churn",
        STRIPE,
        Mutant(
            "thirty days are twenty-nine",
            "thirty_day_counts",
            "counts.movement_date + 30",
            "counts.movement_date + 29",
        ),
        Mutant(
            "who came within the days could not be lost",
            "churn_periods",
            "periods.customers + coalesce(logos.churned_customers, 0)",
            "periods.opening_customers",
        ),
    ),
    *noticed_in(
        "metric_churn",
        ROLLING,
        Mutant(
            "who came within the days was there before",
            "churn_periods",
            "logos.churned_customers - logos.gained_customers",
            "logos.churned_customers",
        ),
    ),
    *noticed_in(
        "metric_churn",
        DAILY,
        Mutant(
            "customers are rated on the first day",
            "changed_customers",
            "balances.period_start - 1 = rates.rate_date",
            "balances.period_start = rates.rate_date",
        ),
    ),
]

CHURN += noticed_in(
    "metric_churn",
    {**DAILY, **ANY_EXIT},
    Mutant(
        "leaving one currency is leaving",
        "customer_days",
        """    sum(balance) over (
        partition by customer_id, billing_source, tenant_id, cut_id, movement_date
    ) > 0 as is_paying""",
        "    balance > 0 as is_paying",
    ),
)

RETENTION = [
    *noticed_in(
        "metric_retention",
        {},
        Mutant(
            "a window is a month short",
            "retention_steps",
            "(lengths.window_months) * interval '1 month'",
            "(lengths.window_months - 1) * interval '1 month'",
        ),
        Mutant(
            "gross retention counts expansion",
            "retention_changes",
            "least(steps.opening_mrr, steps.closing_mrr)",
            "steps.closing_mrr",
        ),
        Mutant(
            "who left is retained",
            "retention_changes",
            "case when steps.closing_mrr > 0 then signs.factor",
            "case when steps.closing_mrr >= 0 then signs.factor",
        ),
        Mutant(
            "who came during the window is retained",
            "retention_steps",
            "where opening_mrr > 0 or",
            "where opening_mrr > 0 or closing_mrr > 0 or",
        ),
        Mutant(
            "a window starts a month early",
            "retention_windows",
            "1 - totals.window_months",
            "0 - totals.window_months",
        ),
    ),
    *noticed_in(
        "metric_retention",
        PARENTS,
        Mutant(
            "a subsidiary is for itself",
            "customer_places",
            "coalesce(customers.parent_customer_id, customers.customer_id)",
            "customers.customer_id",
        ),
    ),
    *noticed_in(
        "metric_retention",
        DAILY,
        Mutant(
            "retention is rated at the end of its window",
            "retention_windows",
            "windows.window_start - 1 = rates.rate_date",
            "windows.period_start - 1 = rates.rate_date",
        ),
    ),
]

COHORTS = [
    *noticed_in(
        "metric_cohorts",
        {},
        Mutant(
            "one id in two tenants is one customer",
            "cohort_customers",
            "partition by customer_id, billing_source, tenant_id",
            "partition by customer_id",
        ),
        Mutant(
            "of equal plans the last one names a cohort",
            "cohort_customers",
            "order by mrr desc, plan, product,",
            "order by mrr desc, plan desc, product,",
        ),
        Mutant(
            "a cohort's plan is what was paid for most ever",
            "cohort_customers",
            "and movements.movement_date <= first_days.first_paid_date",
            "",
        ),
        Mutant(
            "a cohort begins with the last currency",
            "cohort_customers",
            "min(from_date) as first_paid_date",
            "max(from_date) as first_paid_date",
        ),
        Mutant(
            "a cohort begins with period one",
            "cohort_periods",
            "row_number() over cohort_order - 1 as period_number",
            "row_number() over cohort_order as period_number",
        ),
        Mutant(
            "the period before is the first one",
            "cohort_periods",
            "lag(customers) over cohort_order",
            "first_value(customers) over cohort_order",
        ),
        Mutant(
            "a cohort ends with its last change",
            "cohort_periods",
            "coalesce(balanced.next_change, clock.as_of_date + 1)",
            "coalesce(balanced.next_change, balanced.period_start + 1)",
        ),
    ),
    *noticed_in(
        "metric_cohorts",
        SIGNUP,
        Mutant(
            "of sign-up and first payment the later one counts",
            "cohort_customers",
            "least(coalesce(",
            "greatest(coalesce(",
        ),
        Mutant(
            "month 0 is measured by all who joined",
            "cohort_periods",
            "(first_customers)::bigint as denominator_customers",
            "(cohort_customers)::bigint as denominator_customers",
        ),
    ),
    *noticed_in(
        "metric_cohorts",
        DAILY,
        Mutant(
            "a cohort is rated month by month",
            "cohort_changes",
            "sliced.cohort_start - 1 = rates.rate_date",
            "sliced.period_start - 1 = rates.rate_date",
        ),
    ),
    *noticed_in(
        "metric_ltv_cohorts",
        {},
        Mutant(
            "a month's MRR is all there was",
            "ltv_cohort_periods",
            "sum(cohorts.mrr) over cohort_order as cumulative_mrr",
            "cohorts.mrr as cumulative_mrr",
        ),
        Mutant(
            "money given back is cash",
            "cohort_cash",
            "lines.amount - lines.discount - lines.refunded",
            "lines.amount - lines.discount",
        ),
        Mutant(
            "a discount is cash",
            "cohort_cash",
            "lines.amount - lines.discount - lines.refunded",
            "lines.amount - lines.refunded",
        ),
        Mutant(
            "a credit is cash",
            "cohort_cash",
            "'discount', 'credit'",
            "'discount'",
        ),
    ),
    *noticed_in(
        "metric_ltv_cohorts",
        SIGNUP,
        Mutant(
            "who never paid has cash",
            "cohort_cash",
            "greatest(of_cohorts.paid_month, of_cohorts.cohort_start)",
            "of_cohorts.paid_month",
            times=2,
        ),
    ),
]

VALUES = [
    *noticed_in(
        "metric_arpa",
        {},
        Mutant(
            "ARPA is of those who came",
            "metric_arpa",
            "closing_mrr / nullif(customers, 0)",
            "closing_mrr / nullif(new_customers, 0)",
        ),
        Mutant(
            "the first price is spread over all",
            "metric_arpa",
            "new_mrr / nullif(new_customers, 0)",
            "new_mrr / nullif(customers, 0)",
        ),
    ),
    *noticed_in(
        "metric_arpa",
        BY_SUBSCRIPTION,
        Mutant(
            "a customer is new with each subscription",
            "new_customers",
            "by_day.previous_date is null\n",
            "true\n",
        ),
    ),
    *noticed_in(
        "metric_arr",
        ANNUAL,
        Mutant(
            "two years are no years",
            "metric_arr",
            "or billing_interval like '% years'",
            "",
        ),
    ),
    *noticed_in(
        "metric_plan_mix",
        {},
        Mutant(
            "a plan without customers has a share",
            "metric_plan_mix",
            "where dimension = 'plan' and customers > 0",
            "where dimension = 'plan'",
        ),
        Mutant(
            "shares are of any currency",
            "metric_plan_mix",
            "and plans.reporting_currency = totals.reporting_currency",
            "",
        ),
    ),
    *noticed_in(
        "metric_quick_ratio",
        {},
        Mutant(
            "a contraction is no loss",
            "metric_quick_ratio",
            "churn_mrr + contraction_mrr as lost_mrr",
            "churn_mrr as lost_mrr",
        ),
    ),
    *noticed_in(
        "metric_quick_ratio",
        WON_BACK,
        Mutant(
            "who was won back is no gain",
            "metric_quick_ratio",
            "new_mrr + expansion_mrr + reactivation_mrr",
            "new_mrr + expansion_mrr",
        ),
    ),
    *noticed_in(
        "metric_quick_ratio",
        SEPARATE,
        Mutant(
            "discounts that end and begin make each other up",
            "discount_gains",
            "discount_mrr > 0",
            "discount_mrr <> 0",
        ),
    ),
    *noticed_in(
        "metric_ltv",
        {},
        Mutant(
            "lifetime value sees the month it is for",
            "ltv_periods",
            "months.period_start > churn.period_start",
            "months.period_start >= churn.period_start",
        ),
        Mutant(
            "lifetime value looks back a month too far",
            "ltv_periods",
            "interval '6 months'",
            "interval '7 months'",
        ),
        Mutant(
            "a single month is enough to foretell",
            "ltv_periods",
            "months_counted >= 3",
            "months_counted >= 1",
        ),
        Mutant(
            "a month without a rate has none churned",
            "ltv_periods",
            "nullif(count(churn.monthly_rate), 0)",
            "nullif(count(churn.period_start), 0)",
        ),
    ),
    *noticed_in(
        "metric_ltv",
        VALUE,
        Mutant(
            "interest is yearly where churn is monthly",
            "ltv_periods",
            "12 * churn_rate",
            "churn_rate",
        ),
        Mutant(
            "growth makes a customer worth less than nothing",
            "ltv_periods",
            "and churn_rate > 0",
            "and churn_rate <> 0",
        ),
    ),
]

TRIALS = [
    *noticed_in(
        "metric_trials",
        {},
        Mutant(
            "MRR in a trial converts it at once",
            "trial_outcomes",
            "greatest(events.changed_at, trials.ends_at)",
            "events.changed_at",
        ),
        Mutant(
            "a trial that goes on for free has expired",
            "trial_outcomes",
            "and running_subscriptions.subscription_id is null",
            "",
        ),
        Mutant(
            "an excluded customer's trial counts",
            "trial_outcomes",
            "not customers.is_excluded",
            "true",
        ),
        Mutant(
            "a conversion counts when its trial began",
            "trial_counts",
            "(unit_converted_at at time zone 'UTC')::date::timestamp)::date as converted_in",
            "(case when unit_converted_at is not null then started_at end at time zone 'UTC')"
            "::date::timestamp)::date as converted_in",
        ),
        Mutant(
            "an expired trial is not decided",
            "metric_trials",
            "trials_converted + trials_cancelled + trials_expired",
            "trials_converted + trials_cancelled",
        ),
    ),
    *noticed_in(
        "metric_trials",
        PAYMENTS,
        Mutant(
            "the last payment converts a trial",
            "trial_outcomes",
            "min(events.paid_at)",
            "max(events.paid_at)",
        ),
        Mutant(
            "a payment before the trial converts it",
            "trial_outcomes",
            "events.paid_at >= trials.started_at",
            "true",
        ),
        Mutant(
            "a payment of nothing converts a trial",
            "trial_outcomes",
            "and amount > discount",
            "",
        ),
        Mutant(
            "within seven days is seven days to the second",
            "trial_counts",
            "unit_converted_at < started_at + interval '168 hours'",
            "unit_converted_at <= started_at + interval '168 hours'",
        ),
        Mutant(
            "a customer's last trial stands for it",
            "trial_counts",
            "order by started_at, subscription_id",
            "order by started_at desc, subscription_id",
        ),
        Mutant(
            "every trial of a customer counts",
            "trial_counts",
            "where trial_number = 1",
            "",
        ),
    ),
]

BILLED = noticed_in(
    "metric_usage_revenue",
    {},
    Mutant(
        "usage revenue is before its discount",
        "usage_days",
        "lines.amount - lines.discount as amount",
        "lines.amount as amount",
    ),
    Mutant(
        "service to midnight is of the day that begins",
        "usage_days",
        "lines.service_to - interval '1 microsecond'",
        "lines.service_to",
    ),
    Mutant(
        "usage invoiced later is revenue",
        "usage_days",
        "and lines.invoiced_at <= clock.as_of",
        "",
    ),
    Mutant(
        "an excluded customer's usage is revenue",
        "usage_days",
        "not customers.is_excluded",
        "true",
    ),
)

COMMITTED = noticed_in(
    "metric_committed_mrr",
    {},
    Mutant(
        "what begins at the horizon is beyond it",
        "committed_amounts",
        "items.counts_from <= items.as_of + horizons",
        "items.counts_from < items.as_of + horizons",
    ),
    Mutant(
        "a planned end is a decrease",
        "committed_mrr",
        "when not is_followed then 'cancellation'",
        "",
    ),
    Mutant(
        "a trial is committed",
        "committed_amounts",
        "trials.item_id is not null as is_trial",
        "false as is_trial",
    ),
)

CONCENTRATION = [
    *noticed_in(
        "metric_concentration",
        {},
        Mutant(
            "the top five are four",
            "concentration_months",
            "when place <= 5 then",
            "when place <= 4 then",
        ),
        Mutant(
            "the top ten are nine",
            "concentration_months",
            "when place <= 10 then",
            "when place <= 9 then",
        ),
        Mutant(
            "shares are squared and their sum is not",
            "concentration_periods",
            "(periods.closing_mrr * periods.closing_mrr)",
            "(periods.closing_mrr)",
        ),
    ),
    *noticed_in(
        "metric_concentration",
        DAILY,
        Mutant(
            "the largest are rated when their month begins",
            "concentration_months",
            "least(months.period_end - 1, clock.as_of_date) = rates.rate_date",
            "months.period_start = rates.rate_date",
        ),
    ),
]

CAC = [
    *noticed_in(
        "metric_cac",
        {},
        Mutant(
            "what is spent for nobody in particular is every tenant's",
            "cac_periods",
            "(spend.tenant_id is null and spenders.is_only)",
            "spend.tenant_id is null",
        ),
    ),
    *noticed_in(
        "metric_cac",
        VALUE,
        Mutant(
            "a customer pays itself back by revenue",
            "metric_cac",
            "cac / nullif((asp * 0.73::numeric(28, 10)), 0)",
            "cac / nullif(asp, 0)",
        ),
    ),
]

MUTANTS = [
    *(*CUSTOMERS, *CHURN, *WHO_CHURNED, *RETENTION, *COHORTS, *VALUES, *TRIALS, *BILLED),
    *(*COMMITTED, *CONCENTRATION, *CAC),
]
