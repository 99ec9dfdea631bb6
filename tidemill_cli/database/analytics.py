"""Kill Bill's own MRR: the transitions that its analytics plugin keeps."""

from __future__ import annotations

from psycopg import sql

from tidemill_cli.database import catalog
from tidemill_cli.database.ledger import Ledger
from tidemill_cli.database.oracle import Oracle
from tidemill_cli.database.session import Session, current_user
from tidemill_cli.errors import TidemillError
from tidemill_cli.plugin_mrr import CHOICES

SOURCE = "killbill"
TABLE = "analytics_subscription_transitions"
COLUMNS = (
    "tenant_record_id",
    "account_id",
    "subscription_id",
    "event",
    "next_service",
    "next_billing_period",
    "next_mrr",
    "next_currency",
    "next_start_date",
    "next_end_date",
    "report_group",
)
# Where the build says what a subscription costs, and how it is doing.
STATES = "int_killbill__priced_states"
BUILT = (STATES, "killbill__subscription_intervals", "stg_killbill__accounts", "killbill_periods")

# As the plugin's own report takes them: every change of plan stands there twice, by service.
_ROWS = """
    select
        tenants.tenant_id,
        transitions.account_id as customer_id,
        transitions.subscription_id,
        transitions.next_currency as currency,
        transitions.event,
        coalesce(transitions.next_mrr, 0) as mrr,
        transitions.next_billing_period,
        transitions.next_start_date as from_day,
        coalesce(transitions.next_end_date, 'infinity') as to_day
    from {transitions} as transitions
    inner join (
        select distinct tenant_record_id, tenant_id from {accounts}
    ) as tenants on transitions.tenant_record_id = tenants.tenant_record_id
    where
        transitions.report_group = 'default'
        and transitions.next_service = 'entitlement-service'
"""
_AMOUNTS = """
select tenant_id, customer_id, subscription_id, subscription_id as item_id,
    upper(currency) as currency, from_day as day, mrr as amount
from ({rows}) as rows
where mrr > 0 and event not like 'STOP%%'
union all
select tenant_id, customer_id, subscription_id, subscription_id, upper(currency), to_day, -mrr
from ({rows}) as rows
where mrr > 0 and event not like 'STOP%%' and to_day < 'infinity'
"""
# From our amount to theirs, one step after the other: what each changes is the part of one cause.
_CAUSES = """
, theirs as (
    select differing.number, differing.subscription_id,
        count(*) filter (
            where rows.event not like 'STOP%%' and rows.mrr > 0
            and differing.day >= rows.from_day and differing.day < rows.to_day
        ) as in_force,
        bool_or(rows.event like 'STOP%%' and rows.from_day <= differing.day) as has_ended,
        bool_or(abs(rows.from_day - differing.day) <= 1) as is_about_now,
        bool_or(true) as is_known
    from differing
    inner join ({rows}) as rows
        on
            differing.tenant_id = rows.tenant_id
            and differing.subscription_id = rows.subscription_id
    group by differing.number, differing.subscription_id
),

instants as (
    select *,
        (day + 1)::timestamp at time zone coalesce(%(zones)s::jsonb ->> tenant_id, %(zone)s) as at
    from differing
    where difference <> 0
),

ours as (
    select distinct on (instants.number, instants.subscription_id)
        instants.number,
        instants.subscription_id,
        intervals.status,
        states.quantity,
        states.billing_period,
        states.phase_type,
        states.price * states.factor as whole,
        states.catalog_amount * states.catalog_factor as by_catalog
    from instants
    inner join {intervals} as intervals
        on
            instants.tenant_id = intervals.tenant_id
            and instants.subscription_id = intervals.subscription_id
            and intervals.valid_from < instants.at
            and (intervals.valid_to is null or intervals.valid_to >= instants.at)
    inner join (
        select priced.*, accounts.tenant_id,
            priced.amount - priced.repeating_discount as price,
            {factor} as factor,
            {catalog_factor} as catalog_factor
        from {states} as priced
        inner join {accounts} as accounts
            on
                priced.tenant_record_id = accounts.tenant_record_id
                and priced.account_id = accounts.account_id
        left join {periods} as periods on priced.billing_period = periods.billing_period
    ) as states
        on
            instants.tenant_id = states.tenant_id
            and instants.subscription_id = states.subscription_id
            and states.valid_from < instants.at
            and states.valid_to >= instants.at
    order by instants.number, instants.subscription_id, intervals.valid_from desc
),

known as (
    select instants.*, ours.status, ours.quantity, ours.phase_type,
        theirs.in_force, theirs.has_ended, theirs.is_about_now, theirs.is_known,
        case when ours.status = 'trialing' then 0 else coalesce(ours.whole, 0) end as whole,
        case
            when ours.status = 'trialing' then 0 else coalesce(ours.by_catalog, ours.whole, 0)
        end as by_catalog,
        case
            when ours.phase_type = 'TRIAL' then 0
            else coalesce(ours.by_catalog, ours.whole, 0) / coalesce(ours.quantity, 1)
        end as of_one,
        ours.billing_period
            not in ('MONTHLY', 'QUARTERLY', 'BIANNUAL', 'ANNUAL', 'BIENNIAL') as is_unknown_period
    from instants
    left join ours
        on instants.number = ours.number and instants.subscription_id = ours.subscription_id
    left join theirs
        on instants.number = theirs.number and instants.subscription_id = theirs.subscription_id
),

stepped as (
    select *,
        case when is_unknown_period then 0 else round(of_one, 4) end as formula,
        case
            when coalesce(in_force, 0) = 0 then 0
            when is_unknown_period then 0
            else round(of_one, 4)
        end as once
    from known
),

parts as (
    select stepped.number, stepped.subscription_id, steps.cause, steps.amount
    from stepped
    cross join lateral (
        values
        (
            case
                when status is null then 'ended or left out here, and in force there'
                when status = 'paused' then 'paused: it keeps the MRR'
                when status = 'past_due' then 'past due: it looks at no payment'
                when status = 'trialing' then 'trial: it has no MRR without a price'
                else 'an option that is not as its numbers are made'
            end,
            case when status is null then ours - theirs else ours - whole end
        ),
        ('billed at another price than the catalog''s', whole - by_catalog),
        ('quantity: it counts one', by_catalog - of_one),
        (
            case
                when is_unknown_period then 'billing period that it takes for none'
                else 'rounding to four places'
            end,
            of_one - formula
        ),
        (
            case
                when has_ended then 'cancelled at the entitlement''s end'
                when is_known then 'not in force there'
                else 'not in its table'
            end,
            formula - once
        ),
        ('doubled service rows', case when in_force > 1 then once * (1 - in_force) else 0 end),
        (
            case
                when is_about_now and %(zone)s <> 'UTC' then 'its days are UTC'
                else 'unexplained'
            end,
            case
                when status is null then 0
                else once * greatest(coalesce(in_force, 0), 1) - theirs
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


def find_analytics(session: Session, schema: str, ledger: Ledger) -> Oracle:
    """The plugin's table, or why it cannot be compared with."""
    found = catalog.readable_columns(session, schema, (TABLE,))
    if not found:
        raise TidemillError(
            f"there is no {schema}.{TABLE} in database {session.info.dbname}: install Kill Bill's "
            "analytics plugin, or name the schema of its tables with --analytics-schema."
        )
    for column in COLUMNS:
        if column not in found[TABLE]:
            raise TidemillError(
                f"column {column} of {schema}.{TABLE} is missing, which the analytics plugin has."
            )
    if not catalog.may_use_schema(session, schema) or not all(
        found[TABLE][column] for column in COLUMNS
    ):
        user, columns = current_user(session), ", ".join(COLUMNS)
        raise TidemillError(
            f"user {user} may not read {schema}.{TABLE}: `grant usage on schema {schema} to {user};"
            f" grant select ({columns}) on {schema}.{TABLE} to {user}`."
        )
    transitions = sql.Identifier(schema, TABLE)
    accounts = ledger.table("stg_killbill__accounts")
    rows = sql.SQL(_ROWS).format(transitions=transitions, accounts=accounts)
    tenants = session.execute(
        sql.SQL("select distinct tenant_id from ({}) as rows where tenant_id is not null").format(
            rows
        )
    )
    return Oracle(
        name="Plugin",
        whose="the plugin's",
        relation=f"{schema}.{TABLE}",
        source=SOURCE,
        tenants=sorted(row[0] for row in tenants),
        amounts=sql.SQL(_AMOUNTS).format(rows=rows),
        # It keeps four places whatever the currency.
        units=sql.SQL(
            "(select distinct upper(next_currency) as currency, 10000 as subunit_to_unit from {})"
        ).format(transitions),
        choices=CHOICES,
        causes=sql.SQL(_CAUSES).format(
            rows=rows,
            accounts=accounts,
            states=ledger.table(STATES),
            intervals=ledger.table("killbill__subscription_intervals"),
            periods=ledger.table("killbill_periods"),
            factor=ledger.monthly("priced"),
            catalog_factor=ledger.monthly("periods"),
        ),
    )
