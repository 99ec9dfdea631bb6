"""Mistakes in who is in a segment, and in what is published of segments."""

from .mutants import Mutant, noticed_in

EVERYONE = "strpos(tenant_id, chr(31)) = 0"
ADDED_TO = {
    "metric_mrr": "segments are added to MRR",
    "metric_arr": "segments are added to ARR",
    "metric_mrr_waterfall": "segments are added to the waterfall",
    "metric_mrr_reasons": "segments are added to the reasons",
    "metric_churn_customers": "segments are added to who has churned",
}

MUTANTS = [
    *noticed_in(
        "metric_segment_customers",
        {},
        Mutant(
            "one condition of a clause is enough",
            "segment_members",
            "having bool_and(is_true)",
            "having bool_or(is_true)",
        ),
        Mutant(
            "what must not hold must",
            "segment_members",
            "is_negated <> case",
            "false <> case",
        ),
        Mutant(
            "who is gone was nowhere",
            "segment_members",
            "not bool_or(is_held) over customer",
            "false",
        ),
        Mutant(
            "a customer is wherever it was",
            "segment_members",
            "where is_last",
            "where true",
        ),
        Mutant(
            "who counts nowhere is in segments",
            "segment_members",
            "not counted.is_excluded",
            "true",
        ),
        Mutant(
            "numbers are compared as text",
            "segment_members",
            "(held.value::numeric > wanted.value::numeric)",
            "(held.value > wanted.value)",
        ),
        Mutant(
            "who never paid has no country",
            "segment_members",
            "coalesce(places.held_countries, array[customers.country])",
            "places.held_countries",
        ),
    ),
    *noticed_in(
        "metric_segment_mrr",
        {},
        Mutant(
            "a customer of another tenant is in the segment",
            "group_movements",
            "and again.tenant_id = members.tenant_id",
            "",
        ),
    ),
    *noticed_in(
        "metric_customers",
        {},
        Mutant(
            "a segment counts as a tenant",
            "slices",
            "and (tenants.segment <> '') = dimensions.is_of_segments",
            "",
        ),
    ),
    *(
        mutant
        for relation, mistake in ADDED_TO.items()
        for mutant in noticed_in(relation, {}, Mutant(mistake, relation, EVERYONE, "true"))
    ),
]
