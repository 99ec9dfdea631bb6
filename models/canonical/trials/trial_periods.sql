with

counts as (

    select * from {{ ref('trial_counts') }}

),

clock as (

    select * from {{ ref('as_of') }}

)

-- one row per grain, period and slice in which a trial began or converted
select
    counts.grain,
    counts.period_start,
    {{ next_period_start('counts.grain', 'counts.period_start') }} as period_end,
    {{ next_period_start('counts.grain', 'counts.period_start') }} <= clock.as_of_date
        as is_complete,
    counts.billing_source,
    counts.tenant_id,
    counts.dimension,
    counts.dimension_value,
    counts.trials_started,
    counts.trials_converted,
    counts.trials_cancelled,
    counts.trials_pending,
    counts.trials_expired,
    {{ trial_within_days() }} as within_days,
    counts.converted_within_days,
    counts.conversions
from counts
cross join clock
