"""Mistakes in the models over a Lago, each of which random histories must tell from the truth.

Not here, because no metric of the reference can tell them:
- two invoiced periods joined over a gap: the price is carried over a gap anyway, and only
  history_source says otherwise;
- a successor that does not end its predecessor: an item that overlaps its next interval is cut
  there, and a data issue says so;
- a commitment below 0: MRR has a floor of its own, and only a fixed coupon shared with the
  commitment would show it.
"""

from .mutants import Mutant

INVOICES = [
    Mutant(
        "a deleted fee states a price",
        "stg_lago__invoiced_prices",
        "fees.deleted_at is null",
        "true",
    ),
    Mutant(
        "a voided invoice counts",
        "stg_lago__invoiced_prices",
        "invoices.status = 1",
        "invoices.status in (1, 2)",
    ),
    Mutant(
        "a draft counts",
        "stg_lago__invoiced_prices",
        "invoices.status = 1",
        "invoices.status in (0, 1)",
    ),
    Mutant(
        "a partner's own invoice counts",
        "stg_lago__invoiced_prices",
        "not invoices.self_billed",
        "true",
    ),
    Mutant(
        "a disputed invoice counts",
        "stg_lago__invoiced_prices",
        "invoices.payment_dispute_lost_at is null",
        "true",
    ),
    Mutant(
        "of two fees for a period the first one counts",
        "stg_lago__invoiced_prices",
        "created_at desc, id desc",
        "created_at asc, id desc",
    ),
    Mutant(
        "an invoiced price ends with its period",
        "int_lago__base_prices",
        "(invoiced_prices.covered_to, invoiced_prices.next_valid_from, 'inferred')",
        "(null, null, 'inferred')",
    ),
    Mutant(
        "an ended subscription follows later edits of its plan",
        "int_lago__base_prices",
        "when price_versions.is_known or not tails.is_terminated then price_versions.amount",
        "when true then price_versions.amount",
    ),
]

SUBSCRIPTIONS = [
    Mutant(
        "a canceled subscription lived",
        "int_lago__chains",
        "status in (1, 2)",
        "status in (1, 2, 3)",
    ),
    Mutant(
        "an incomplete subscription lived",
        "int_lago__chains",
        "status in (1, 2)",
        "status in (1, 2, 4)",
    ),
    Mutant(
        "a planned end is the job that carries it out",
        "int_lago__segments",
        "when terminated_on = ending_on then ending_at",
        "when terminated_on = ending_on then terminated_at",
    ),
    Mutant(
        "a planned end is compared on the day in UTC",
        "int_lago__segments",
        "at time zone timezone",
        "at time zone 'UTC'",
        times=2,
    ),
    Mutant(
        "a trial begins anew with every plan",
        "int_lago__segments",
        "then ended.first_started_at + plans.trial_period",
        "then ended.valid_from + plans.trial_period",
    ),
    Mutant(
        "a gated subscription counts before it is paid",
        "stg_lago__subscriptions",
        "then coalesce(subscriptions.gate_opened_at, subscriptions.started_at)",
        "then subscriptions.started_at",
    ),
    Mutant(
        "a trial counts",
        "lago__subscription_intervals",
        "else greatest(segments.trial_ends_at, items.valid_from)",
        "else items.valid_from",
    ),
    Mutant(
        "seats in a trial do not count",
        "lago__subscription_intervals",
        "when items.item_code like 'fixed_charge:%' then items.valid_from",
        "when false then items.valid_from",
    ),
    Mutant(
        "a country is unknown until it is captured",
        "int_lago__countries",
        "when row_number() over version_order = 1 then '-infinity' else observed_at",
        "when false then '-infinity' else observed_at",
    ),
    Mutant(
        "an end that was not carried out is believed",
        "known_intervals",
        "when cancelled.scheduled_end_at > clock.as_of - interval '1 day'",
        "when true",
    ),
    Mutant(
        "a planned end waits for the engine",
        "known_intervals",
        "then least(cancelled.service_to, cancelled.scheduled_end_at)",
        "then cancelled.service_to",
    ),
    Mutant(
        "a partner counts",
        "service_intervals",
        "not customers.is_excluded",
        "true",
    ),
]

ITEMS = [
    Mutant(
        "of two statements for one instant the first one counts",
        "int_lago__fixed_charge_units",
        "recorded_at desc nulls last",
        "recorded_at asc nulls last",
    ),
    Mutant(
        "a price of its own forgets the seats",
        "int_lago__fixed_charge_units",
        "in (held.fixed_charge_id, held.parent_fixed_charge_id)",
        "in (held.fixed_charge_id)",
    ),
    Mutant(
        "a tier ends before its last unit",
        "int_lago__fixed_charge_amounts",
        "when units <= units_to then",
        "when units < units_to then",
    ),
    Mutant(
        "a flat amount is left out",
        "int_lago__fixed_charge_amounts",
        "* per_unit_amount\n                                + flat_amount",
        "* per_unit_amount",
    ),
    Mutant(
        "a minimum is added to what is charged",
        "int_lago__commitment_true_ups",
        "greatest(committed_segments.amount - sum(licensed.amount_per_plan_period), 0)",
        "committed_segments.amount",
    ),
    Mutant(
        "a month of seats is set against a year's minimum",
        "int_lago__licensed_items",
        "then fixed_charges.amount * 12",
        "then fixed_charges.amount",
    ),
    Mutant(
        "a week is 51 twelfths",
        "service_intervals",
        "when 'week' then 52",
        "when 'week' then 51",
        times=2,
    ),
    Mutant(
        "a quarter is a month",
        "stg_lago__plans",
        "when 3 then 3",
        "when 3 then 1",
    ),
]

COUPONS = [
    Mutant(
        "a coupon taken away lasts as long as what it lowered",
        "int_lago__coupon_windows",
        "and applied_coupons.remaining_count = 0",
        "",
    ),
    Mutant(
        "a coupon used up ends with its last invoice",
        "int_lago__coupon_windows",
        "then greatest(applied_coupons.terminated_at, uses.covered_to)",
        "then applied_coupons.terminated_at",
    ),
    Mutant(
        "coupons for all plans come first",
        "int_lago__coupon_windows",
        "is_limited_to_plans desc, created_at",
        "is_limited_to_plans asc, created_at",
    ),
    Mutant(
        "the newest coupon comes first",
        "int_lago__coupon_windows",
        "is_limited_to_plans desc, created_at",
        "is_limited_to_plans desc, created_at desc",
    ),
    Mutant(
        "a coupon still counts in the piece after its end",
        "int_lago__discounts",
        "and piece_items.valid_from < coupon_windows.valid_to",
        "and piece_items.valid_from <= coupon_windows.valid_to",
    ),
    Mutant(
        "a coupon lowers every invoice of a customer as one",
        "int_lago__discounts",
        "partition by applied.customer_id, applied.valid_from, applied.invoice_group",
        "partition by applied.customer_id, applied.valid_from",
    ),
    Mutant(
        "a use on a voided invoice counts",
        "stg_lago__coupon_uses",
        "and invoices.status = 1",
        "and invoices.status in (1, 2)",
    ),
]

MUTANTS = [*INVOICES, *SUBSCRIPTIONS, *ITEMS, *COUPONS]
