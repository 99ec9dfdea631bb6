"""Mistakes in the models over a Kill Bill database, each of which random histories must notice.

Not here, because these histories do not have it: dunning that cancels, catalogs that nobody can
read, prices that are billed and in no catalog. `tests/python/killbill` has them by hand.
"""

from .mutants import Mutant

LIFE = [
    Mutant(
        "what was undone counts",
        "stg_killbill__subscription_events",
        "where\n    is_active",
        "where\n    true",
    ),
    Mutant(
        "an end does not end",
        "int_killbill__subscription_states",
        "where told.effective_at < coalesce(ends.service_end_at, 'infinity')",
        "where true",
    ),
    Mutant(
        "add-ons go on without their base",
        "int_killbill__billing_ends",
        "and subscriptions.category = 'ADD_ON'",
        "and false",
    ),
    Mutant(
        "the end of an add-on is asked for when it comes",
        "int_killbill__billing_ends",
        "then least(base_requested_at, own_requested_at)",
        "then own_requested_at",
    ),
    Mutant(
        "who is moved is gone",
        "int_killbill__ends",
        "owners.handed_over_at <= coalesce(billing_ends.billing_end_at, 'infinity'), false",
        "false, false",
    ),
    Mutant(
        "who is moved was always there",
        "int_killbill__owners",
        "rows between unbounded preceding and unbounded following",
        "rows between unbounded preceding and current row",
    ),
]

STATUSES = [
    Mutant(
        "a pause of an hour is a pause",
        "int_killbill__blocked_ranges",
        "(status <> 'paused' or valid_to >= effective_at + interval '24 hours')",
        "true",
    ),
    Mutant(
        "one service goes on with what another has stopped",
        "int_killbill__blocked_ranges",
        "partition by tenant_record_id, blockable_type, blockable_id, service, status",
        "partition by tenant_record_id, blockable_type, blockable_id, status",
        times=2,
    ),
    Mutant(
        "a trial may be paused",
        "int_killbill__statuses",
        "* lives.lived - lives.trial as paused",
        "* lives.lived as paused",
    ),
    Mutant(
        "only the bundle is blocked",
        "int_killbill__statuses",
        "('ACCOUNT', lives.account_id)",
        "('ACCOUNT', 'nobody')",
    ),
]

PRICES = [
    Mutant(
        "a new version is for all",
        "int_killbill__plan_versions",
        "or versions.effective_at <= eras.changed_from",
        "or true",
    ),
    Mutant(
        "nobody pays a new price who does not choose anew",
        "int_killbill__plan_versions",
        "or versions.existing_from <= turns.valid_from",
        "or false",
    ),
    Mutant(
        "one's own price is nobody's",
        "int_killbill__listed_states",
        "coalesce(charged.recurring_price, phase_terms.charged_price)",
        "coalesce(phase_terms.charged_price, charged.recurring_price)",
    ),
    Mutant(
        "a discount is a price",
        "int_killbill__phase_terms",
        "and charged.charged_phase_type = 'DISCOUNT'",
        "and false",
    ),
    Mutant(
        "a discount is compared with what is billed less often",
        "int_killbill__phase_terms",
        "and charged.charged_period = list_phases.billing_period",
        "and true",
    ),
    Mutant(
        "more units cost the same",
        "int_killbill__listed_states",
        "cut.quantity * coalesce(charged",
        "coalesce(charged",
    ),
]

MUTANTS = [*LIFE, *STATUSES, *PRICES]
