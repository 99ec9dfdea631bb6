"""MRR as it was invoiced: what recurring lines bill for each day, as an amount a month."""

from __future__ import annotations

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.ledger import ITEMS, Ledger
from tidemill_cli.database.oracle import Oracle
from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError
from tidemill_cli.invoiced_mrr import CHOICES
from tidemill_cli.money import minor_units

NEEDED = ("invoice_lines", "known_intervals", "customers")

# A line is worth its amount a month on each day of its service; `whole` is what it would bill for
# all of its period. Lines that take back what an earlier one billed too much are negative.
_LINES = """
    select
        lines.tenant_id,
        lines.customer_id,
        lines.subscription_id,
        lines.currency,
        lines.plan,
        {from_day} as from_day,
        {to_day} as to_day,
        lines.service_from,
        lines.service_to,
        lines.invoiced_at,
        round(lines.amount * {factor}, 10) as list_mrr,
        round(lines.discount * {factor}, 10) as discount_mrr,
        lines.tax * {factor} as tax_mrr,
        extract(epoch from lines.service_to - lines.service_from)
        / extract(epoch from (
            lines.service_from
            + lines.period_count * case lines.period_unit
                when 'day' then interval '1 day'
                when 'week' then interval '7 days'
                when 'month' then interval '1 month'
                else interval '1 year'
            end
        ) - lines.service_from) as share
    from {lines} as lines
    where
        lines.billing_source = %(source)s
        and lines.kind = 'recurring'
        and lines.subscription_id is not null
        and lines.service_from < lines.service_to
        and lines.period_count >= 1
        and lines.period_unit in ('day', 'week', 'month', 'year')
"""
_AMOUNTS = """
select tenant_id, customer_id, subscription_id, subscription_id as item_id, currency,
    from_day as day, list_mrr - discount_mrr as amount
from ({rows}) as rows
where from_day < to_day
union all
select tenant_id, customer_id, subscription_id, subscription_id, currency, to_day,
    discount_mrr - list_mrr
from ({rows}) as rows
where from_day < to_day
"""
# The difference of a subscription is one of discounts and one of prices; the first that explains
# the second is its cause.
_CAUSES = """
, theirs as (
    select differing.number, differing.subscription_id,
        count(*) filter (where {covers}) as in_force,
        coalesce(sum(rows.list_mrr) filter (where {covers}), 0) as list_mrr,
        coalesce(sum(rows.discount_mrr) filter (where {covers}), 0) as discount_mrr,
        coalesce(sum(rows.list_mrr / nullif(rows.share, 0)) filter (where {covers}), 0) as whole,
        coalesce(bool_or(abs(rows.share - 1) > 0.04) filter (where {covers}), false) as is_partial,
        min(rows.from_day) filter (where {covers}) as billed_from,
        max(rows.to_day) as billed_to,
        bool_or(rows.invoiced_at >= rows.service_to) as is_in_arrears
    from differing
    inner join ({rows}) as rows
        on
            differing.tenant_id = rows.tenant_id
            and differing.subscription_id = rows.subscription_id
            and differing.currency = rows.currency
    group by differing.number, differing.subscription_id
),

ours as (
    select differing.number, differing.subscription_id,
        sum(items.list_mrr) as list_mrr,
        sum(items.list_mrr - items.mrr) as discount_mrr,
        bool_or(items.is_usage) as has_usage,
        max(items.from_day) as changed_on
    from differing
    inner join (select *, {from_item} as from_day, {to_item} as to_day from {items}) as items
        on
            items.billing_source = %(source)s
            and differing.tenant_id = items.tenant_id
            and differing.subscription_id = items.subscription_id
            and differing.currency = items.currency
            and items.from_day <= differing.day
            and (items.to_window is null or items.to_day > differing.day)
    group by differing.number, differing.subscription_id
),

intervals as (
    select differing.number, differing.subscription_id,
        bool_or(known.status = 'trialing' and {is_now}) as is_trialing,
        bool_or(known.status = 'paused' and {is_now}) as is_paused,
        bool_or(known.status = 'past_due' and {is_now}) as is_past_due,
        bool_or(known.charge_kind = 'commitment' and {is_now}) as has_commitment,
        bool_or(abs(known.amount * {known_factor} - theirs.list_mrr) <= 0.01) as was_priced_so
    from differing
    inner join {known} as known
        on
            known.billing_source = %(source)s
            and differing.tenant_id = known.tenant_id
            and differing.subscription_id = known.subscription_id
    left join theirs
        on
            differing.number = theirs.number
            and differing.subscription_id = theirs.subscription_id
    group by differing.number, differing.subscription_id
),

sides as (
    select differing.number, differing.subscription_id, differing.day, differing.ours,
        differing.theirs, differing.difference, differing.currency,
        coalesce(ours.list_mrr, 0) as our_list,
        coalesce(ours.discount_mrr, 0) as our_discount,
        coalesce(ours.has_usage, false) as has_usage,
        ours.changed_on,
        coalesce(theirs.in_force, 0) as in_force,
        coalesce(theirs.list_mrr, 0) as their_list,
        coalesce(theirs.discount_mrr, 0) as their_discount,
        coalesce(theirs.whole, 0) as whole,
        coalesce(theirs.is_partial, false) as is_partial,
        theirs.billed_from,
        theirs.billed_to,
        coalesce(theirs.is_in_arrears, false) as is_in_arrears,
        theirs.number is not null as was_invoiced,
        coalesce(intervals.is_trialing, false) as is_trialing,
        coalesce(intervals.is_paused, false) as is_paused,
        coalesce(intervals.is_past_due, false) as is_past_due,
        intervals.number is not null as is_known,
        coalesce(intervals.was_priced_so, false) as was_priced_so,
        coalesce(intervals.has_commitment, false) as has_commitment,
        coalesce(customers.is_excluded, false) as is_excluded
    from differing
    left join ours
        on differing.number = ours.number and differing.subscription_id = ours.subscription_id
    left join theirs
        on differing.number = theirs.number and differing.subscription_id = theirs.subscription_id
    left join intervals
        on
            differing.number = intervals.number
            and differing.subscription_id = intervals.subscription_id
    left join {customers} as customers
        on
            customers.billing_source = %(source)s
            and differing.tenant_id = customers.tenant_id
            and differing.customer_id = customers.customer_id
    where differing.difference <> 0
),

parts as (
    select sides.number, sides.subscription_id, steps.cause, steps.amount
    from sides
    cross join lateral (
        values
        (
            'discount: invoices have another',
            case when in_force > 0 and our_list > 0 then their_discount - our_discount else 0 end
        ),
        (
            case
                when is_excluded then 'left out: the customer counts nowhere'
                when our_list = 0 and is_trialing then 'trial: billed all the same'
                when our_list = 0 and is_paused then 'status: paused, and billed'
                when our_list = 0 and is_past_due then 'status: past due counts nowhere'
                when our_list = 0 and not is_known then 'left out: none of its rows counts'
                when our_list = 0 and in_force > 0 then 'timing: billed beyond the end'
                when has_usage and in_force = 0 then 'usage: no recurring line'
                when in_force = 0 and not was_invoiced then 'timing: nothing was invoiced yet'
                when in_force = 0 and is_in_arrears then 'timing: billed at the end of the period'
                when in_force = 0 then 'timing: not invoiced for this day'
                when has_commitment or has_usage then 'commitment or usage: billed otherwise'
                when in_force > 1 or changed_on > billed_from
                    then 'timing: changed within the period billed'
                when is_partial and abs(whole - our_list) <= 0.02 * our_list + 0.01
                    then 'proration: a part of a period'
                when is_partial then 'proration: a part of a period, and another price'
                when abs(their_list - our_list) <= 0.01 then 'rounding of the line'
                when was_priced_so then 'price: one that it had at another time'
                else 'unexplained'
            end,
            difference - case
                when in_force > 0 and our_list > 0 then their_discount - our_discount else 0
            end
        )
    ) as steps (cause, amount)
)

select number, cause, count(distinct subscription_id), sum(amount)::numeric(28, 10)
from parts
where round(amount, 10) <> 0
group by number, cause
order by number, abs(sum(amount)) desc, cause
"""


def find_invoiced(session: Session, ledger: Ledger, source: str) -> Oracle:
    """The invoices of a billing source, or why there is nothing to compare with."""
    found = catalog.readable_columns(session, ledger.schema, NEEDED)
    missing = [name for name in NEEDED if not all(found.get(name, {"": False}).values())]
    if missing:
        raise TidemillError(
            f"the build in schema {ledger.schema} has no readable {missing[0]}: run `tidemill run` "
            "again, and reconcile as its user."
        )
    rows = sql.SQL(_LINES).format(
        lines=ledger.table("invoice_lines"),
        factor=ledger.monthly("lines"),
        from_day=_day(ledger, "service_from"),
        to_day=_day(ledger, "service_to"),
    )
    tenants = session.execute(
        sql.SQL("select distinct tenant_id from ({}) as rows").format(rows),
        {"source": source, **ledger.bound},
    )
    known = sorted(row[0] for row in tenants)
    if not known:
        raise TidemillError(f"there is no invoice of {source} with a recurring line.")
    at = sql.SQL(
        "(differing.day + 1)::timestamp at time zone "
        "coalesce(%(zones)s::jsonb ->> differing.tenant_id, %(zone)s)"
    )
    return Oracle(
        name="Invoices",
        whose="what was invoiced in",
        relation=f"the recurring lines of {source}'s invoices",
        source=source,
        tenants=known,
        amounts=sql.SQL(_AMOUNTS).format(rows=rows),
        units=sql.SQL(
            "(select * from unnest({}::text[], {}::integer[]) as units (currency, subunit_to_unit))"
        ).format(sql.Literal(list(minor_units())), sql.Literal(list(minor_units().values()))),
        choices=CHOICES,
        by_subscription=True,
        at_month_ends=True,
        causes=sql.SQL(_CAUSES).format(
            rows=rows,
            covers=sql.SQL("differing.day >= rows.from_day and differing.day < rows.to_day"),
            items=ledger.table(ITEMS),
            from_item=ledger.window_day("from_window"),
            to_item=ledger.window_day("to_window"),
            known=ledger.table("known_intervals"),
            known_factor=ledger.monthly("known"),
            is_now=sql.SQL(
                "(known.valid_from < {at} and (known.valid_to is null or known.valid_to >= {at}))"
            ).format(at=at),
            customers=ledger.table("customers"),
        ),
    )


def _day(ledger: Ledger, column: str) -> sql.Composed:
    return sql.SQL(
        "({} at time zone coalesce(%(zones)s::jsonb ->> lines.tenant_id, %(zone)s))::date"
    ).format(sql.Identifier("lines", column))
