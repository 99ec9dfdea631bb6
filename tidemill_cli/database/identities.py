"""What must be equal among the published numbers, whatever the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import sql

from tidemill_cli.database.published import reading
from tidemill_cli.database.session import Session

# Each gives rows of (what, one side, the other side): all rows that are compared.
_IDENTITIES = {
    "items in force = movements so far": """
        with days as (
            select distinct (period_end - 1) as day from {metric_mrr}
            where grain = 'month' and is_complete
        ),

        ours as (
            select days.day, items.billing_source, items.tenant_id, items.currency,
                sum(items.mrr) as here, 0 as there
            from days
            inner join {metric_mrr_items} as items
                on
                    items.from_date <= days.day
                    and (items.to_date is null or items.to_date > days.day)
            group by days.day, items.billing_source, items.tenant_id, items.currency
            union all
            select days.day, moved.billing_source, moved.tenant_id, moved.currency,
                0, sum(moved.amount)
            from days
            inner join (
                select billing_source, tenant_id, currency, movement_date, sum(amount) as amount
                from {metric_mrr_movements}
                group by billing_source, tenant_id, currency, movement_date
            ) as moved on moved.movement_date <= days.day
            group by days.day, moved.billing_source, moved.tenant_id, moved.currency
        )

        select concat_ws(' ', day, billing_source, tenant_id, currency), sum(here), sum(there)
        from ours
        group by day, billing_source, tenant_id, currency
    """,
    "closing of the waterfall = metric_mrr": """
        select concat_ws(' ', grain, period_start, billing_source, tenant_id, reporting_currency),
            sum(here), sum(there)
        from (
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                closing_mrr as here, 0 as there
            from {metric_mrr_waterfall}
            union all
            select grain, period_start, billing_source, tenant_id, reporting_currency, 0, mrr
            from {metric_mrr}
        ) as sides
        group by grain, period_start, billing_source, tenant_id, reporting_currency
    """,
    "opening and movements = closing of the waterfall": """
        select
            concat_ws(' ', grain, period_start, billing_source, tenant_id, reporting_currency),
            sum(
                opening_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr
                - churn_mrr + discount_mrr + transfer_mrr + fx_mrr
            ),
            sum(closing_mrr)
        from {metric_mrr_waterfall}
        group by grain, period_start, billing_source, tenant_id, reporting_currency
    """,
    "opening of a period = closing of the one before": """
        with sums as (
            select grain, period_start, period_end, billing_source, tenant_id, reporting_currency,
                sum(opening_mrr) as opening_mrr, sum(closing_mrr) as closing_mrr
            from {metric_mrr_waterfall}
            group by grain, period_start, period_end, billing_source, tenant_id, reporting_currency
        )

        select
            concat_ws(
                ' ', sums.grain, sums.period_start, sums.billing_source, sums.tenant_id,
                sums.reporting_currency
            ),
            sums.opening_mrr,
            coalesce(before.closing_mrr, 0)
        from sums
        left join sums as before
            on
                sums.grain = before.grain
                and sums.period_start = before.period_end
                and sums.billing_source = before.billing_source
                and sums.tenant_id = before.tenant_id
                and sums.reporting_currency = before.reporting_currency
    """,
    "movements of a period = what the waterfall says": """
        select concat_ws(' ', grain, period_start, billing_source, tenant_id, reporting_currency),
            sum(here), sum(there)
        from (
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                net_new_mrr + transfer_mrr as here, 0 as there
            from {metric_mrr_waterfall}
            union all
            select grain, period_start, billing_source, tenant_id, reporting_currency, 0, amount
            from {metric_mrr_reasons}
        ) as sides
        group by grain, period_start, billing_source, tenant_id, reporting_currency
    """,
    "every dimension adds up to metric_mrr": """
        with slices as (
            select grain, period_start, billing_source, tenant_id, reporting_currency, dimension,
                sum(mrr) as mrr
            from {metric_arpa}
            where dimension not in ('source', 'overall', 'segment')
            group by grain, period_start, billing_source, tenant_id, reporting_currency, dimension
        ),

        levels as (
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                sum(mrr) as mrr
            from {metric_mrr}
            group by grain, period_start, billing_source, tenant_id, reporting_currency
        )

        select
            concat_ws(
                ' ', slices.dimension, slices.grain, slices.period_start, slices.billing_source,
                slices.tenant_id, slices.reporting_currency
            ),
            slices.mrr,
            coalesce(levels.mrr, 0)
        from slices
        left join levels
            on
                slices.grain = levels.grain
                and slices.period_start = levels.period_start
                and slices.billing_source = levels.billing_source
                and slices.tenant_id = levels.tenant_id
                and slices.reporting_currency = levels.reporting_currency
    """,
    "movements of a segment's customers = its MRR": """
        select concat_ws(' ', segment, billing_source, tenant_id, currency), sum(here), sum(there)
        from (
            select members.segment, moved.billing_source, moved.tenant_id, moved.currency,
                moved.amount as here, 0 as there
            from {metric_segment_customers} as members
            inner join {metric_mrr_movements} as moved
                on
                    members.customer_id = moved.customer_id
                    and members.billing_source = moved.billing_source
                    and members.tenant_id = moved.tenant_id
            union all
            select segment, billing_source, tenant_id, currency, 0, native_mrr
            from {metric_segment_mrr}
            where
                grain = 'day'
                and period_start = (
                    select max(period_start) from {metric_segment_mrr} where grain = 'day'
                )
        ) as sides
        group by segment, billing_source, tenant_id, currency
    """,
    "a segment's slices = its tuples": """
        select
            concat_ws(
                ' ', segment, grain, period_start, billing_source, tenant_id, reporting_currency
            ),
            sum(here),
            sum(there)
        from (
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                dimension_value as segment, mrr as here, 0 as there
            from {metric_arpa}
            where dimension = 'segment' and tenant_id <> 'all'
            union all
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                segment, 0, closing_mrr
            from {metric_segment_mrr}
        ) as sides
        group by segment, grain, period_start, billing_source, tenant_id, reporting_currency
    """,
    "customers behind churn = metric_churn": """
        select concat_ws(' ', grain, period_start, billing_source, tenant_id, reporting_currency),
            sum(here), sum(there)
        from (
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                churned_mrr + contraction_mrr as here, 0 as there
            from {metric_churn_customers}
            where reporting_currency <> 'any'
            union all
            select grain, period_start, billing_source, tenant_id, reporting_currency,
                0, gross_churned_mrr
            from {metric_churn}
            where dimension = 'total' and reporting_currency <> 'any'
        ) as sides
        group by grain, period_start, billing_source, tenant_id, reporting_currency
    """,
}
_RELATIONS = (
    *("metric_mrr", "metric_mrr_items", "metric_mrr_movements", "metric_mrr_waterfall"),
    *("metric_mrr_reasons", "metric_arpa", "metric_churn", "metric_churn_customers"),
    *("metric_segment_mrr", "metric_segment_customers"),
)
_COMPARED = """
with compared as (select * from ({identity}) as sides (what, here, there)),

differing as (
    select *, count(*) over () as among
    from compared
    where abs(here - there) > %(tolerance)s
    order by abs(here - there) desc, what
    limit 1
)

select counted.compared, coalesce(differing.among, 0), differing.what, differing.here,
    differing.there
from (select count(*) as compared from compared) as counted
left join differing on true
"""


@dataclass(frozen=True)
class Identity:
    """What must be equal: how much was compared, what differs, and where it does most."""

    name: str
    compared: int
    differing: int
    where: str | None
    here: Decimal | None
    there: Decimal | None


def identities(session: Session, schema: str, tolerance: Decimal) -> list[Identity]:
    """Compare everything that must be equal in what is published."""
    relations: Mapping[str, Any] = {name: sql.Identifier(schema, name) for name in _RELATIONS}
    found = []
    for name, identity in _IDENTITIES.items():
        query = sql.SQL(_COMPARED).format(identity=sql.SQL(identity).format(**relations))
        with reading(session, schema):
            row = session.execute(query, {"tolerance": tolerance}).fetchone()
        if row is None:
            raise TypeError(name)
        found.append(Identity(name, *row))
    return found
