{%- set discounts = {
    'none': '0',
    'forever': 'intervals.forever_discount',
    'recurring': 'intervals.forever_discount + intervals.repeating_discount',
    'all': 'intervals.forever_discount + intervals.repeating_discount + intervals.once_discount'
}[option('mrr_discounts')] -%}
{%- set counted_statuses = {
    'trial_end': "('active', 'past_due')",
    'subscription_start': "('active', 'past_due', 'trialing')"
}[option('mrr_start_at')] -%}
{%- set counted_charges = {
    'include': "('licensed', 'commitment')",
    'exclude': "('licensed')"
}[option('mrr_commitments')] -%}

with

intervals as (

    select * from {{ ref('subscription_intervals') }}

),

customers as (

    select * from {{ ref('customers') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

counted as (

    select
        intervals.*,
        greatest(intervals.amount - ({{ discounts }}), 0) as net_amount,
        -- A planned end counts when it comes; one that is a day past and was not carried out
        -- is not believed: the engine kept the subscription alive.
        case
            when intervals.scheduled_end_at > clock.as_of - interval '1 day'
                then least(intervals.valid_to, intervals.scheduled_end_at)
            else intervals.valid_to
        end as ends_at,
        clock.as_of
    from intervals
    cross join clock
    inner join customers
        on
            intervals.billing_source = customers.billing_source
            and intervals.tenant_id = customers.tenant_id
            and intervals.customer_id = customers.customer_id
    where
        intervals.status in {{ counted_statuses }}
        and intervals.charge_kind in {{ counted_charges }}
        and not customers.is_excluded
        and intervals.valid_from <= clock.as_of

),

-- A change counts on its local day; what begins and ends within one day leaves no trace.
dated as (

    select
        *,
        {{ local_date('valid_from') }} as from_date,
        case when ends_at <= as_of then {{ local_date('ends_at') }} end as to_date
    from counted

)

-- one row per item and unbroken [from_date, to_date) of days at whose end it has this MRR
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    from_date,
    to_date,
    plan,
    product,
    currency,
    country,
    case
        when period_unit = 'month' and period_count = 3 then 'quarter'
        when period_unit = 'month' and period_count = 6 then 'half_year'
        when period_count = 1 then period_unit
        else period_count || ' ' || period_unit || 's'
    end as billing_interval,
    quantity,
    {{ monthly_amount('amount', 'period_unit', 'period_count') }} as list_mrr,
    {{ monthly_amount('net_amount', 'period_unit', 'period_count') }} as mrr,
    valid_from as changed_at,
    case when to_date is not null then ends_at end as ended_at,
    source_table || ':' || source_row_id as source_row
from dated
where to_date is null or from_date < to_date
