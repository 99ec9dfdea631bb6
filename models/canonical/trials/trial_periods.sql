{%- set is_within_days = option('trial_rate').startswith('within_days') -%}
{%- set within_days = (option_number('trial_rate') if is_within_days else '30') | int -%}
{#- Whose trials of one period are one: each by itself, or all of a customer's. -#}
{%- set unit = {
    'subscription': 'source_table, source_row_id',
    'customer': 'customer_id'
}[option('trial_unit')] -%}

with

trials as (

    select * from {{ ref('trial_outcomes') }}

),

slices as (

    select * from {{ ref('slices') }}
    where
        not is_any_currency
        and dimension in ('total', 'plan', 'country', 'source', 'overall')

),

clock as (

    select * from {{ ref('as_of') }}

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
        row_number() over (
            partition by grain, started_in, billing_source, tenant_id, {{ unit }}
            order by started_at, subscription_id
        ) as trial_number,
        min(converted_at) over (
            partition by grain, started_in, billing_source, tenant_id, {{ unit }}
        ) as unit_converted_at
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
        coalesce(unit_converted_at < started_at + interval '{{ within_days * 24 }} hours', false)
            as is_within_days
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
        outcome,
        is_within_days,
        1 as trials,
        0 as conversions
    from units

    union all

    select
        grain,
        converted_in as period_start,
        billing_source,
        tenant_id,
        plan,
        country,
        'none' as outcome,
        false as is_within_days,
        0 as trials,
        1 as conversions
    from units
    where converted_in is not null

),

sliced as (

    select
        counted.grain,
        counted.period_start,
        slices.slice_source as billing_source,
        slices.slice_tenant_id as tenant_id,
        slices.dimension,
        {{ slice_value('slices.dimension', 'counted', ['plan', 'country']) }} as dimension_value,
        counted.outcome,
        counted.is_within_days,
        counted.trials,
        counted.conversions
    from counted
    inner join slices
        on
            counted.billing_source = slices.billing_source
            and counted.tenant_id = slices.tenant_id

)

-- one row per grain, period and slice in which a trial began or converted
select
    sliced.grain,
    sliced.period_start,
    {{ next_period_start('sliced.grain', 'sliced.period_start') }} as period_end,
    {{ next_period_start('sliced.grain', 'sliced.period_start') }} <= clock.as_of_date
        as is_complete,
    sliced.billing_source,
    sliced.tenant_id,
    sliced.dimension,
    sliced.dimension_value,
    sum(sliced.trials) as trials_started,
    count(*) filter (where sliced.outcome = 'converted') as trials_converted,
    count(*) filter (where sliced.outcome = 'cancelled') as trials_cancelled,
    count(*) filter (where sliced.outcome = 'pending') as trials_pending,
    count(*) filter (where sliced.outcome = 'expired') as trials_expired,
    {{ within_days }} as within_days,
    count(*) filter (where sliced.is_within_days) as converted_within_days,
    sum(sliced.conversions) as conversions
from sliced
cross join clock
group by
    sliced.grain,
    sliced.period_start,
    clock.as_of_date,
    sliced.billing_source,
    sliced.tenant_id,
    sliced.dimension,
    sliced.dimension_value
