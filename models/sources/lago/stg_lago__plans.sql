{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

plans as (

    select
        id,
        organization_id,
        parent_id,
        code,
        interval,
        amount_cents,
        amount_currency,
        trial_period,
        {{ optional_column(source('lago', 'plans'), 'bill_fixed_charges_monthly', 'boolean') }}
            as has_monthly_fixed_charges
    from {{ source('lago', 'plans') }}

),

parents as (

    select
        id,
        code
    from {{ source('lago', 'plans') }}

),

currencies as (

    select * from {{ ref('lago_currencies') }}

)

-- one row per plan; a price override is a child plan and rolls up to its parent
select
    plans.id as plan_id,
    plans.organization_id as tenant_id,
    coalesce(plans.parent_id, plans.id) as rolled_up_plan_id,
    coalesce(parents.code, plans.code) as plan_code,
    plans.amount_currency as currency,
    coalesce(currencies.subunit_to_unit, 100) as subunit_to_unit,
    -- amount and period are null for product-catalogue plans, which have neither of their own
    plans.amount_cents / coalesce(currencies.subunit_to_unit, 100)::numeric as amount,
    case
        when plans.interval = 0 then 'week'
        when plans.interval = 2 then 'year'
        when plans.interval is not null then 'month'
    end as period_unit,
    case plans.interval when 3 then 3 when 4 then 6 else 1 end as period_count,
    make_interval(secs => coalesce(plans.trial_period, 0) * 86400) as trial_period,
    coalesce(plans.has_monthly_fixed_charges, false) as has_monthly_fixed_charges,
    {{ run_instant() }} as observed_at
from plans
left join parents on plans.parent_id = parents.id
left join currencies on plans.amount_currency = currencies.currency
