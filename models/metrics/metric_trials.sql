{%- set headline = {
    'cohort': 'conversion_rate_of_started',
    'period': 'conversion_rate_of_period',
    'within_days': 'conversion_rate_within_days'
}[option('trial_rate').split('(')[0]] -%}

with

periods as (

    select
        *,
        {{ ratio('trials_converted::numeric', 'trials_started') }}::numeric(28, 10)
            as conversion_rate_of_started,
        {{ ratio(
            'trials_converted::numeric', '(trials_converted + trials_cancelled + trials_expired)'
        ) }}::numeric(28, 10) as conversion_rate_of_decided,
        {{ ratio('converted_within_days::numeric', 'trials_started') }}::numeric(28, 10)
            as conversion_rate_within_days,
        {{ ratio('conversions::numeric', 'trials_started') }}::numeric(28, 10)
            as conversion_rate_of_period
    from {{ ref('trial_periods') }}

)

-- one row per grain, period and slice in which a trial began or converted
select
    grain,
    period_start,
    period_end,
    is_complete,
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    trials_started,
    trials_converted,
    trials_cancelled,
    trials_pending,
    trials_expired,
    conversion_rate_of_started,
    conversion_rate_of_decided,
    within_days,
    converted_within_days,
    conversion_rate_within_days,
    conversions,
    conversion_rate_of_period,
    {{ headline }} as conversion_rate,
    '{{ definitions_hash() }}'::text as definitions_hash
from periods
