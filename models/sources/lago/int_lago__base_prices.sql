{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

segments as (

    select
        segment_id,
        is_terminated,
        valid_from,
        coalesce(valid_to, 'infinity') as valid_to
    from {{ ref('int_lago__segments') }}

),

invoiced_prices as (

    select
        *,
        lead(valid_from) over segment as next_valid_from,
        row_number() over segment = 1 as is_first
    from {{ ref('stg_lago__invoiced_prices') }}
    window segment as (partition by segment_id order by valid_from)

),

plan_versions as (

    select * from {{ ref('int_lago__segment_plan_versions') }}

),

price_versions as (

    select * from {{ ref('int_lago__plan_price_versions') }}

),

-- What invoices say: the periods they cover, and the time before and between them by inference.
invoiced as (

    select
        invoiced_prices.segment_id,
        invoiced_prices.amount,
        stretches.valid_from,
        stretches.valid_to,
        stretches.history_source
    from invoiced_prices
    cross join
        lateral (
            values
            (
                case when invoiced_prices.is_first then '-infinity'::timestamptz end,
                invoiced_prices.valid_from,
                'inferred'
            ),
            (
                invoiced_prices.valid_from,
                least(invoiced_prices.covered_to, invoiced_prices.next_valid_from),
                'invoices'
            ),
            (invoiced_prices.covered_to, invoiced_prices.next_valid_from, 'inferred')
        ) as stretches (valid_from, valid_to, history_source)
    -- an unset bound: no such stretch around this price
    where stretches.valid_from < stretches.valid_to

),

last_invoiced as (

    select
        segment_id,
        covered_to,
        amount
    from invoiced_prices
    where next_valid_from is null

),

tails as (

    select
        segments.segment_id,
        segments.is_terminated,
        greatest(last_invoiced.covered_to, segments.valid_from) as valid_from,
        last_invoiced.amount as last_amount
    from segments
    left join last_invoiced on segments.segment_id = last_invoiced.segment_id
    where
        last_invoiced.covered_to is null or last_invoiced.covered_to < segments.valid_to

),

-- Not invoiced yet: the captured price; else what was billed last (an ended subscription is not
-- touched by later edits of its plan); else the plan's price of today.
uninvoiced as (

    select
        tails.segment_id,
        case
            when price_versions.is_known or not tails.is_terminated then price_versions.amount
            else coalesce(tails.last_amount, price_versions.amount)
        end as amount,
        greatest(tails.valid_from, plan_versions.valid_from, price_versions.valid_from)
            as valid_from,
        least(plan_versions.valid_to, price_versions.valid_to) as valid_to,
        case when price_versions.is_known then 'snapshot' else 'inferred' end as history_source
    from tails
    inner join plan_versions on tails.segment_id = plan_versions.segment_id
    inner join price_versions on plan_versions.plan_id = price_versions.plan_id

),

timeline as (

    select
        segment_id,
        amount,
        valid_from,
        valid_to,
        history_source
    from invoiced

    union all

    select
        segment_id,
        amount,
        valid_from,
        valid_to,
        history_source
    from uninvoiced

)

-- one row per segment and unbroken [valid_from, valid_to) of one base price per plan period
select
    timeline.segment_id,
    timeline.amount,
    greatest(timeline.valid_from, segments.valid_from) as valid_from,
    nullif(least(timeline.valid_to, segments.valid_to), 'infinity') as valid_to,
    timeline.history_source
from timeline
inner join segments on timeline.segment_id = segments.segment_id
where
    timeline.amount is not null
    and greatest(timeline.valid_from, segments.valid_from)
    < least(timeline.valid_to, segments.valid_to)
