{#- Whose trials of one period are one: each by itself, or all of a customer's. -#}
{%- set is_each_by_itself = option('trial_unit') == 'subscription' -%}
-- noqa: disable=LT02

with

trials as (

    select * from {{ ref('group_trial_outcomes') }}

),

slices as (

    select * from {{ ref('slices') }}
    where
        not is_any_currency
        and dimension in ('total', 'plan', 'country', 'source', 'overall', 'segment')

),

grains as (

    select * from {{ period_grains() }} as period_grains

),

started as (

    select
        trials.*,
        grains.grain,
        {{ period_start('grains.grain', local_date('trials.started_at', 'trials.tenant_id')) }}
            as started_in
    from trials
    cross join grains

),

with_units as (

    select
        *,
        {%- if is_each_by_itself %}
        1 as trial_number,
        converted_at as unit_converted_at
        {%- else %}
        row_number() over (
            partition by grain, started_in, billing_source, tenant_id, customer_id
            order by started_at, subscription_id
        ) as trial_number,
        min(converted_at) over (
            partition by grain, started_in, billing_source, tenant_id, customer_id
        ) as unit_converted_at
        {%- endif %}
    from started

),

-- The first trial of a unit stands for it, and converts when any of them does.
units as (

    select
        grain,
        started_in,
        {{ period_start('grain', local_date('unit_converted_at')) }} as converted_in,
        billing_source,
        tenant_id,
        plan,
        country,
        case when unit_converted_at is null then outcome else 'converted' end as outcome,
        coalesce(
            unit_converted_at < started_at + interval '{{ trial_within_days() * 24 }} hours', false
        ) as is_within_days
    from with_units
    where trial_number = 1

),

-- A trial counts in the period of its start, its conversion also in a period of its own.
counted as (

    select
        grain,
        started_in as period_start,
        billing_source,
        tenant_id,
        plan,
        country,
        count(*) as started,
        count(*) filter (where outcome = 'converted') as converted,
        count(*) filter (where outcome = 'cancelled') as cancelled,
        count(*) filter (where outcome = 'pending') as pending,
        count(*) filter (where outcome = 'expired') as expired,
        count(*) filter (where is_within_days) as within_days,
        0 as conversions
    from units
    group by grain, started_in, billing_source, tenant_id, plan, country

    union all

    select
        grain,
        converted_in as period_start,
        billing_source,
        tenant_id,
        plan,
        country,
        0 as started,
        0 as converted,
        0 as cancelled,
        0 as pending,
        0 as expired,
        0 as within_days,
        count(*) as conversions
    from units
    where converted_in is not null
    group by grain, converted_in, billing_source, tenant_id, plan, country

)

-- one row per grain, period and slice in which a trial began or converted
select
    counted.grain,
    counted.period_start,
    slices.slice_source as billing_source,
    slices.slice_tenant_id as tenant_id,
    slices.dimension,
    {{ slice_value('slices', 'counted', ['plan', 'country']) }} as dimension_value,
    sum(counted.started)::bigint as trials_started,
    sum(counted.converted)::bigint as trials_converted,
    sum(counted.cancelled)::bigint as trials_cancelled,
    sum(counted.pending)::bigint as trials_pending,
    sum(counted.expired)::bigint as trials_expired,
    sum(counted.within_days)::bigint as converted_within_days,
    sum(counted.conversions)::bigint as conversions
from counted
inner join slices
    on
        counted.billing_source = slices.billing_source
        and counted.tenant_id = slices.tenant_id
group by
    counted.grain,
    counted.period_start,
    slices.slice_source,
    slices.slice_tenant_id,
    slices.dimension,
    {{ slice_value('slices', 'counted', ['plan', 'country']) }}
