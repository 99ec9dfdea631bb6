{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

captured as (

    select *
    from
        {{ optional_relation(
            ref('lago_plans_history'),
            {'plan_id': 'uuid', 'amount': 'numeric', 'observed_at': 'timestamptz'}
        ) }} as plans_history

),

versions as (

    select
        plan_id,
        amount,
        observed_at as valid_from,
        lead(observed_at, 1, 'infinity') over version_order as valid_to,
        row_number() over version_order = 1 as is_first
    from captured
    window version_order as (partition by plan_id order by observed_at)

)

-- one row per plan and version of its price; is_known says whether it was seen or is inferred
select
    plan_id,
    amount,
    valid_from,
    valid_to,
    true as is_known
from versions

union all

-- before the first capture: no better knowledge than that capture
select
    plan_id,
    amount,
    '-infinity'::timestamptz as valid_from,
    valid_from as valid_to,
    false as is_known
from versions
where is_first

union all

select
    plans.plan_id,
    plans.amount,
    '-infinity'::timestamptz as valid_from,
    'infinity'::timestamptz as valid_to,
    false as is_known
from plans
left join versions on plans.plan_id = versions.plan_id
where versions.plan_id is null
