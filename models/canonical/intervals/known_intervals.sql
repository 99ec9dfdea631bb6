{{ config(materialized = 'view') }}
{%- set as_reported_at = option('as_reported_at') -%}
{%- set cancelled_at = {
    'service_end': '',
    'cancel_effective': 'cancel_effective_at',
    'cancel_requested': 'cancel_requested_at'
}[option('churn_date')] %}

-- noqa: disable=LT02
with

usable as (

    select *
    from {{ ref('checked_intervals') }}
    where error is null

),

clock as (

    select * from {{ ref('as_of') }}

),
{%- if as_reported_at %}

-- What was recorded by then. An end that only a later recorded change made was not known.
later_starts as (

    select distinct
        billing_source,
        tenant_id,
        subscription_id,
        valid_from
    from usable
    where recorded_at > '{{ as_reported_at }}'

),

reported as (

    select
        *,
        lead(valid_from) over (
            partition by billing_source, tenant_id, item_id
            order by valid_from
        ) as next_known_from
    from usable
    where recorded_at is null or recorded_at <= '{{ as_reported_at }}'

),

known as (

    select
        reported.*,
        case
            when
                later_starts.valid_from is null
                or reported.next_known_from = reported.valid_to
                then reported.valid_to
            else reported.next_known_from
        end as known_to
    from reported
    left join later_starts
        on
            reported.billing_source = later_starts.billing_source
            and reported.tenant_id = later_starts.tenant_id
            and reported.subscription_id = later_starts.subscription_id
            and reported.valid_to = later_starts.valid_from

),
{%- else %}

known as (

    select
        *,
        valid_to as known_to
    from usable

),
{%- endif %}
{%- if cancelled_at %}

positioned as (

    select
        *,
        lead(valid_from) over (
            partition by billing_source, tenant_id, item_id
            order by valid_from
        ) is null
        and coalesce(known_to, 'infinity') = max(coalesce(known_to, 'infinity')) over (
            partition by billing_source, tenant_id, subscription_id
        ) as ends_subscription
    from known

),

-- The end as chosen; later than the service's only for what ended with the subscription.
cancelled as (

    select
        *,
        case
            when ends_subscription and {{ cancelled_at }} is not null then {{ cancelled_at }}
            else least(known_to, {{ cancelled_at }})
        end as service_to
    from positioned
    where {{ cancelled_at }} is null or valid_from < {{ cancelled_at }}

),
{%- else %}

cancelled as (

    select
        *,
        known_to as service_to
    from known

),
{%- endif %}

-- A planned end counts when it comes; one that is a day past and was not carried out is not
-- believed: the engine kept the subscription alive.
ended as (

    select
        cancelled.*,
        case
            when cancelled.scheduled_end_at > clock.as_of - interval '1 day'
                then least(cancelled.service_to, cancelled.scheduled_end_at)
            else cancelled.service_to
        end as ends_at
    from cancelled
    cross join clock

)

-- one row per subscription item and unbroken [valid_from, valid_to) in which no fact changes, as
-- far as known, ended when the definitions say
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    valid_from,
    ends_at as valid_to,
    status,
    charge_kind,
    plan,
    product,
    quantity,
    amount,
    period_unit,
    period_count,
    once_discount,
    repeating_discount,
    forever_discount,
    currency,
    country,
    is_voluntary_cancel,
    recorded_at,
    source_table,
    source_row_id
from ended
where ends_at is null or valid_from < ends_at
