with

intervals as (

    select * from {{ ref('subscription_intervals') }}

),

customers as (

    select * from {{ ref('customers') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

clock as (

    select * from {{ ref('as_of') }}

),

-- What cannot be used as it is; the first reason found names it. NaN is not between two numbers.
judged as (

    select
        intervals.*,
        clock.as_of + interval '100 years' as horizon,
        case
            when customers.customer_id is null then 'customer_missing'
            when intervals.quantity < 0 then 'negative_quantity'
            when intervals.amount not between 0 and 1e18 then 'negative_amount'
            when intervals.valid_to <= intervals.valid_from then 'end_before_start'
            when currencies.currency is null then 'unknown_currency'
            when
                coalesce(intervals.period_unit, '') not in ('day', 'week', 'month', 'year')
                or coalesce(intervals.period_count, 0) < 1
                then 'unknown_period'
            when
                intervals.valid_from is null
                or intervals.valid_from < '1970-01-01'
                or intervals.valid_from > clock.as_of + interval '100 years'
                then 'implausible_start'
        end as first_error
    from intervals
    cross join clock
    left join customers
        on
            intervals.billing_source = customers.billing_source
            and intervals.tenant_id = customers.tenant_id
            and intervals.customer_id = customers.customer_id
    left join currencies on intervals.currency = currencies.currency

),

counted_copies as (

    select
        *,
        case
            when first_error is null
                then row_number() over (
                    partition by
                        billing_source, tenant_id, item_id, valid_from, first_error is null
                    order by source_table, source_row_id, amount
                )
        end as copy_number
    from judged

),

with_next as (

    select
        *,
        coalesce(first_error, case when copy_number > 1 then 'duplicate_row' end) as error,
        case
            when copy_number = 1
                then lead(valid_from) over (
                    partition by
                        billing_source, tenant_id, item_id, coalesce(copy_number, 0) = 1
                    order by valid_from
                )
        end as next_from
    from counted_copies

)

-- one row per interval of the surface, repaired where that is possible; error says why it counts
-- nowhere
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    valid_from,
    case
        when next_from < coalesce(valid_to, 'infinity') then next_from
        when valid_to <= horizon then valid_to
    end as valid_to,
    status,
    charge_kind,
    coalesce(plan, 'unknown') as plan,
    coalesce(product, plan, 'unknown') as product,
    coalesce(quantity, 1) as quantity,
    coalesce(amount, 0) as amount,
    period_unit,
    period_count,
    once_discount,
    repeating_discount,
    forever_discount,
    currency,
    coalesce(country, 'unknown') as country,
    case when scheduled_end_at <= horizon then scheduled_end_at end as scheduled_end_at,
    cancel_requested_at,
    cancel_effective_at,
    is_voluntary_cancel,
    recorded_at,
    source_table,
    source_row_id,
    error,
    error is null and plan is null as has_no_plan,
    error is null and (valid_to > horizon or scheduled_end_at > horizon) as ends_implausibly,
    error is null and next_from < coalesce(valid_to, 'infinity') as overlaps_next
from with_next
