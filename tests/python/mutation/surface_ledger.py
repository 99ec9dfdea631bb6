"""Mistakes between the surface and the ledger, each of which a surface must tell from the truth."""

from .mutants import Mutant, noticed_in

LEDGER = "metric_mrr_movements"
GRACE = {"mrr_past_due": "churn_after_days(10)"}
VOIDS = {"refunds": "full_refund_voids"}
TAXED = {"mrr_tax": "include"}
FIRST_PAYMENT = {"mrr_start_at": "first_payment"}
EXCLUDED = {"exclude_customers": ["c2", "ext-3", "tier=gold"], "mrr_commitments": "exclude"}
USAGE = {"mrr_usage": "trailing_3"}
REQUESTED = {"churn_date": "cancel_requested"}
REPORTED = {"as_reported_at": "2025-05-01T12:00:00Z"}
SESSIONS = {"netting": "60min"}
FREE = {"free_to_paid": "expansion", "paid_to_free": "contraction"}
KEPT = {"paid_to_free": "contraction"}
GAP = {"reactivation_max_gap_days": 20}
SEPARATE = {"discount_as_movement": "separate_type"}
BY_SUBSCRIPTION = {"movement_level": "subscription"}
BY_PLAN = {"movement_level": "plan"}
DAILY = {"reporting_currency": "EUR"}
MONTH_END = {"reporting_currency": "EUR", "fx_mode": "month_end"}
AT_START = {"reporting_currency": "EUR", "fx_mode": "at_start"}

CHECKS = noticed_in(
    LEDGER,
    {},
    Mutant(
        "a row without a customer is in order",
        "checked_intervals",
        "when customers.customer_id is null then 'customer_missing'",
        "",
    ),
    Mutant(
        "a customer of another tenant will do",
        "checked_intervals",
        "and intervals.tenant_id = customers.tenant_id",
        "",
    ),
    Mutant(
        "nothing is a negative quantity",
        "checked_intervals",
        "when intervals.quantity < 0 then",
        "when intervals.quantity <= 0 then",
    ),
    Mutant(
        "what is not a number is an amount",
        "checked_intervals",
        "when intervals.amount not between 0 and 1e18 then",
        "when intervals.amount < 0 then",
    ),
    Mutant(
        "an interval may end where it starts",
        "checked_intervals",
        "when intervals.valid_to <= intervals.valid_from then",
        "when intervals.valid_to < intervals.valid_from then",
    ),
    Mutant(
        "a third copy is one too many",
        "checked_intervals",
        "case when copy_number > 1 then 'duplicate_row' end",
        "case when copy_number > 2 then 'duplicate_row' end",
    ),
    Mutant(
        "of two copies the later one stays",
        "checked_intervals",
        "order by source_table, source_row_id, amount",
        "order by source_table, source_row_id desc, amount",
    ),
    Mutant(
        "an item may overlap itself",
        "checked_intervals",
        "when next_from < coalesce(valid_to, 'infinity') then next_from",
        "when false then next_from",
    ),
)

KNOWN = [
    *noticed_in(
        LEDGER,
        REPORTED,
        Mutant(
            "what has no time of record is not known",
            "known_intervals",
            "where recorded_at is null or recorded_at <= ",
            "where recorded_at <= ",
        ),
        Mutant(
            "an end that was not known yet is one",
            "known_intervals",
            "else reported.next_known_from",
            "else reported.valid_to",
        ),
        Mutant(
            "an unknown change of any subscription takes an end away",
            "known_intervals",
            "and reported.subscription_id = later_starts.subscription_id",
            "",
        ),
    ),
    *noticed_in(
        LEDGER,
        REQUESTED,
        Mutant(
            "a cancellation moves the end of all that came before",
            "known_intervals",
            "when ends_subscription and cancel_requested_at",
            "when cancel_requested_at",
        ),
        Mutant(
            "a service goes on until it ends in spite of a later request",
            "known_intervals",
            "is not null then cancel_requested_at",
            "is not null then least(known_to, cancel_requested_at)",
        ),
        Mutant(
            "an early request does not cut what came before",
            "known_intervals",
            "else least(known_to, cancel_requested_at)",
            "else known_to",
        ),
    ),
]

COUNTED = [
    *noticed_in(
        LEDGER,
        {},
        Mutant(
            "a past due subscription does not count",
            "service_intervals",
            "'active', 'paused', 'past_due'",
            "'active', 'paused'",
        ),
        Mutant(
            "a paused subscription counts",
            "service_intervals",
            "when is_paused then 0",
            "when false then 0",
            times=2,
        ),
        Mutant(
            "a discount may be more than the price",
            "service_intervals",
            "greatest(amount - (forever_discount + repeating_discount), 0)",
            "(amount - (forever_discount + repeating_discount))",
        ),
        Mutant(
            "a discount on one invoice recurs",
            "service_intervals",
            "(forever_discount + repeating_discount)",
            "(forever_discount + repeating_discount + once_discount)",
        ),
        Mutant(
            "a repeating discount does not recur",
            "service_intervals",
            "(forever_discount + repeating_discount)",
            "(forever_discount)",
        ),
        Mutant(
            "a year has 360 days",
            "service_intervals",
            "when 'day' then 365",
            "when 'day' then 360",
            times=2,
        ),
        Mutant(
            "six months are a quarter",
            "counted_intervals",
            "when period_unit = 'month' and period_count = 6 then 'half_year'",
            "when period_unit = 'month' and period_count = 6 then 'quarter'",
        ),
        Mutant(
            "a metered item counts at its price",
            "counted_intervals",
            "'licensed', 'commitment'",
            "'licensed', 'commitment', 'metered'",
        ),
    ),
    *noticed_in(
        LEDGER,
        EXCLUDED,
        Mutant(
            "a commitment counts although it is excluded",
            "counted_intervals",
            "'licensed'",
            "'licensed', 'commitment'",
        ),
        Mutant(
            "a customer excluded by its external id counts",
            "service_intervals",
            "and coalesce(customers.external_id, '') not in",
            "and '' not in",
        ),
        Mutant(
            "a customer excluded by an attribute counts",
            "service_intervals",
            "<> 'gold'",
            "<> ''",
        ),
    ),
    *noticed_in(
        LEDGER,
        GRACE,
        Mutant(
            "a debt is given up a day early",
            "service_intervals",
            "interval '240 hours'",
            "interval '216 hours'",
        ),
        Mutant(
            "every change of what is past due begins a new grace",
            "service_intervals",
            "min(valid_from) over (partition by billing_source, tenant_id, item_id, run)",
            "valid_from",
        ),
        Mutant(
            "a debt goes on over a gap",
            "service_intervals",
            "and lag(valid_to) over item = valid_from",
            "",
        ),
    ),
    *noticed_in(
        LEDGER,
        FIRST_PAYMENT,
        Mutant(
            "a subscription counts from its last payment",
            "first_payments",
            "min(paid_at)",
            "max(paid_at)",
        ),
        Mutant(
            "a charge of nothing is a payment",
            "first_payments",
            "amount - discount > 0",
            "true",
        ),
        Mutant(
            "any paid line is a first payment",
            "first_payments",
            "kind = 'recurring'",
            "true",
        ),
    ),
    *noticed_in(
        LEDGER,
        VOIDS,
        Mutant(
            "a full refund is more than all",
            "unrefunded_ranges",
            "refunded >= amount - discount",
            "refunded > amount - discount",
        ),
        Mutant(
            "a refund in part voids",
            "unrefunded_ranges",
            "refunded >= amount - discount",
            "refunded > 0",
        ),
        Mutant(
            "refunded usage voids",
            "unrefunded_ranges",
            "kind = 'recurring'",
            "kind in ('recurring', 'usage')",
        ),
        Mutant(
            "what follows a refund is void",
            "unrefunded_ranges",
            "'infinity' as kept_to",
            "'-infinity' as kept_to",
        ),
        Mutant(
            "a short refund within a long one ends it",
            "unrefunded_ranges",
            "rows between unbounded preceding and 1 preceding",
            "rows between 1 preceding and 1 preceding",
        ),
    ),
    *noticed_in(
        LEDGER,
        TAXED,
        Mutant(
            "tax is a share of the price before its discount",
            "tax_rates",
            "sum(tax) / sum(amount - discount)",
            "sum(tax) / sum(amount)",
        ),
        Mutant(
            "nothing counts before the first invoice with tax",
            "tax_rates",
            "when lag(service_from) over subscription is null then '-infinity'",
            "when false then '-infinity'",
        ),
        Mutant(
            "tax is on the list price alone",
            "service_intervals",
            "0) * (1 + tax_rate)",
            "0)",
        ),
    ),
    *noticed_in(
        LEDGER,
        USAGE,
        Mutant(
            "usage is a mean of four bills",
            "usage_intervals",
            "rows between 2 preceding and current row",
            "rows between 3 preceding and current row",
        ),
        Mutant(
            "usage counts before its discount",
            "usage_intervals",
            "(sum(amount - discount))",
            "(sum(amount))",
        ),
        Mutant(
            "usage counts while it is used",
            "usage_intervals",
            "valued.service_to, spans.spans_from",
            "valued.service_from, spans.spans_from",
        ),
        Mutant(
            "usage holds for three times its period",
            "usage_intervals",
            "service_to + 2 * (service_to - service_from)",
            "service_to + 3 * (service_to - service_from)",
        ),
        Mutant(
            "usage counts after its subscription",
            "usage_intervals",
            "valued.holds_to, spans.spans_to",
            "valued.holds_to",
        ),
        Mutant(
            "usage may be less than nothing",
            "usage_intervals",
            "greatest(clipped.mrr, 0)",
            "clipped.mrr",
            times=2,
        ),
        Mutant(
            "what is sold once is usage",
            "usage_intervals",
            "kind = 'usage'",
            "kind in ('usage', 'one_off')",
        ),
        Mutant(
            "usage has no reason of its own",
            "mrr_changes",
            "when is_usage then 'usage'",
            "",
        ),
    ),
]

NETTED = [
    *noticed_in(
        LEDGER,
        {},
        Mutant(
            "what ends at this instant is yet to end",
            "item_mrr",
            "case when intervals.counts_to <= clock.as_of then",
            "case when intervals.counts_to < clock.as_of then",
        ),
        Mutant(
            "what begins at this instant is yet to begin",
            "item_mrr",
            "where intervals.counts_from <= clock.as_of",
            "where intervals.counts_from < clock.as_of",
        ),
        Mutant(
            "what begins and ends on one day leaves a trace",
            "item_mrr",
            "or from_window < to_window",
            "or from_window <= to_window",
        ),
        Mutant(
            "one item id in two tenants is one item",
            "item_transitions",
            "partition by billing_source, tenant_id, customer_id, item_id",
            "partition by billing_source, item_id",
        ),
        Mutant(
            "money that changes its place has gone and come",
            "mrr_changes",
            "part in ('out', 'in') and is_comparable as is_move",
            "false as is_move",
        ),
        Mutant(
            "a pause has no reason of its own",
            "mrr_changes",
            "coalesce(is_paused <> was_paused, false) as is_pause_change",
            "false as is_pause_change",
        ),
        Mutant(
            "units that come count at the new price",
            "mrr_changes",
            "else round(old_list_mrr / old_quantity * (quantity - old_quantity), 10)",
            "else round(list_mrr / quantity * (quantity - old_quantity), 10)",
        ),
        Mutant(
            "units that come with a plan count at the old price",
            "mrr_changes",
            "then round(list_mrr / quantity * (quantity - old_quantity), 10)",
            "then round(old_list_mrr / old_quantity * (quantity - old_quantity), 10)",
        ),
        Mutant(
            "what some tuples lose is not taken from what others gain",
            "mrr_netted",
            "when gained = 0 or not has_loss then 'whole'",
            "when true then 'whole'",
        ),
        Mutant(
            "one voluntary end makes a day voluntary",
            "mrr_netted",
            "bool_and(is_voluntary)",
            "bool_or(is_voluntary)",
        ),
        Mutant(
            "who ever left has left at its last change",
            "mrr_movements",
            "case when ceases then is_voluntary end",
            "is_voluntary",
        ),
    ),
    *noticed_in(
        LEDGER,
        {},
        Mutant(
            "the end of what goes on is an end",
            "item_transitions",
            "and not is_continued",
            "and is_continued",
        ),
        Mutant(
            "a change is a begin",
            "item_transitions",
            "lag(to_window) over item = from_window as continues",
            "false as continues",
        ),
        Mutant(
            "coming back is new",
            "mrr_movements",
            "then 'reactivation'",
            "then 'new'",
        ),
        Mutant(
            "leaving is a contraction",
            "mrr_movements",
            "when ceases then 'churn'",
            "",
        ),
    ),
    *noticed_in(
        "metric_mrr",
        {},
        Mutant(
            "the day of the build is missing",
            "mrr_periods",
            "coalesce(balanced.next_change, clock.as_of_date + 1)",
            "coalesce(balanced.next_change, clock.as_of_date)",
        ),
    ),
    *noticed_in(
        LEDGER,
        SESSIONS,
        Mutant(
            "after an hour to the minute a new session begins",
            "item_mrr",
            "instant <= lag(instant)",
            "instant < lag(instant)",
        ),
        Mutant(
            "a session has no gap above half an hour",
            "item_mrr",
            "interval '60 minutes'",
            "interval '30 minutes'",
        ),
        Mutant(
            "customers with one id share their sessions",
            "item_mrr",
            "partition by billing_source, tenant_id, customer_id",
            "partition by customer_id",
            times=2,
        ),
    ),
    *noticed_in(
        LEDGER,
        FREE,
        Mutant(
            "who had something free is new",
            "mrr_movements",
            "when states.has_items_before then null",
            "",
        ),
        Mutant(
            "who keeps something free has left",
            "mrr_movements",
            "not states.pays_after and not states.is_kept as ceases",
            "not states.pays_after as ceases",
        ),
        Mutant(
            "a paused item is a free one",
            "paying_states",
            "case when mrr is not null and not is_paused then 1 else 0 end",
            "case when mrr is not null then 1 else 0 end",
        ),
    ),
    *noticed_in(
        LEDGER,
        KEPT,
        Mutant(
            "who left and took something free has stayed",
            "paying_states",
            "customer_id, level_id, breaks",
            "customer_id, level_id",
        ),
    ),
    *noticed_in(
        LEDGER,
        GAP,
        Mutant(
            "the gap counts from the first time of leaving",
            "paying_states",
            "max(case when paid_after = 0 and paid_before > 0 then movement_date end)",
            "min(case when paid_after = 0 and paid_before > 0 then movement_date end)",
        ),
        Mutant(
            "coming back on the last day is new",
            "mrr_movements",
            "netted.movement_date - states.stopped_on <= 20",
            "netted.movement_date - states.stopped_on < 20",
        ),
        Mutant(
            "coming back a day late is coming back",
            "mrr_movements",
            "netted.movement_date - states.stopped_on <= 20",
            "netted.movement_date - states.stopped_on <= 21",
        ),
    ),
    *noticed_in(
        LEDGER,
        SEPARATE,
        Mutant(
            "a discount has no type of its own",
            "mrr_movements",
            "when reason = 'discount' then 'discount'",
            "",
        ),
        Mutant(
            "a discount decides the type of the rest",
            "mrr_netted",
            "when reason = 'discount' then 0",
            "",
        ),
        Mutant(
            "what stays but for a discount is a change",
            "mrr_movements",
            "type_change = 0 and reason <> 'discount' and begins_as is null and not ceases",
            "false",
        ),
    ),
    *noticed_in(
        LEDGER,
        BY_SUBSCRIPTION,
        Mutant(
            "a second subscription is no unit of its own",
            "paying_states",
            """customer_id, level_id
        order by movement_window
        rows unbounded preceding""",
            """customer_id
        order by movement_window
        rows unbounded preceding""",
        ),
    ),
    *noticed_in(
        LEDGER,
        BY_PLAN,
        Mutant(
            "money moves from one unit to another",
            "mrr_changes",
            "and level_id = old_level_id",
            "",
        ),
    ),
]

RATES = [
    *noticed_in(
        LEDGER,
        DAILY,
        Mutant(
            "a rate is upside down",
            "exchange_rates",
            "round(reporting.rate / chosen.rate, 12)",
            "round(chosen.rate / reporting.rate, 12)",
        ),
        Mutant(
            "the rate is that of the day before",
            "exchange_rates",
            "days.rate_date = daily.rate_date",
            "days.rate_date - 1 = daily.rate_date",
        ),
        Mutant(
            "before the first rate there is none",
            "exchange_rates",
            "partition by currency, greatest(rate_number, 1)",
            "partition by currency, rate_number",
        ),
        Mutant(
            "a currency without a rate is worth as much as any",
            "exchange_rates",
            "then currencies.currency\n            else",
            "then 'EUR'\n            else",
        ),
        Mutant(
            "what rates are quoted in has no rate",
            "published_rates",
            "1 as rate",
            "null::numeric as rate",
        ),
        Mutant(
            "a rate published later is known",
            "published_rates",
            "where rates.rate_date <= clock.as_of_date",
            "",
        ),
        Mutant(
            "prices in two currencies are compared as they are",
            "mrr_changes",
            "else mrr - round((mrr * fx_rate - old_mrr * old_fx_rate) / fx_rate, 10)",
            "else old_mrr",
        ),
        Mutant(
            "gains and losses are compared in their own currencies",
            "mrr_netted",
            "sum(case when is_move then 0 else amount * fx_rate end) over total as total_change",
            "sum(case when is_move then 0 else amount end) over total as total_change",
        ),
    ),
    *noticed_in(
        LEDGER,
        MONTH_END,
        Mutant(
            "a month has the rate of the day",
            "exchange_rates",
            "daily.rate_date = least(",
            "daily.rate_date = least(days.rate_date, ",
        ),
    ),
    *noticed_in(
        LEDGER,
        AT_START,
        Mutant(
            "a customer's rate is that of its last change",
            "start_rates",
            "first_value(movement_window)",
            "last_value(movement_window)",
        ),
        Mutant(
            "every change while paying takes a new rate",
            "start_rates",
            "where balance_before = 0 and balance > 0",
            "where balance > 0",
        ),
        Mutant(
            "who returns keeps its first rate",
            "start_rates",
            "currency, streak\n",
            "currency\n",
        ),
    ),
    *noticed_in(
        "metric_mrr_waterfall",
        DAILY,
        Mutant(
            "a period opens at the rate of its first day",
            "mrr_periods",
            "opening_rates.rate_date = periods.period_start - 1",
            "opening_rates.rate_date = periods.period_start",
        ),
        Mutant(
            "a period closes at the rate of its first day",
            "mrr_periods",
            "closing_rates.rate_date = least(",
            "closing_rates.rate_date = least(periods.period_start, ",
        ),
    ),
]

MUTANTS = [*CHECKS, *KNOWN, *COUNTED, *NETTED, *RATES]
