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
        bill_charges_monthly,
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
    coalesce(parents.code, plans.code, plans.id::text) as plan_code,
    plans.amount_currency as currency,
    currencies.subunit_to_unit,
    -- Amount and period are null for product-catalogue plans, which have neither of their own, and
    -- what no price can be is not taken for one.
    case
        when plans.amount_cents between -1e15 and 1e15
            then plans.amount_cents / currencies.subunit_to_unit::numeric
    end as amount,
    case
        when plans.interval = 0 then 'week'
        when plans.interval in (1, 3, 4) then 'month'
        when plans.interval = 2 then 'year'
    end as period_unit,
    case plans.interval when 3 then 3 when 4 then 6 else 1 end as period_count,
    make_interval(
        secs => case when plans.trial_period between 0 and 36525 then plans.trial_period else 0 end
        * 86400
    ) as trial_period,
    coalesce(plans.trial_period, 0) not between 0 and 36525 as has_implausible_trial,
    coalesce(plans.bill_charges_monthly, false) as has_monthly_charges,
    coalesce(plans.has_monthly_fixed_charges, false) as has_monthly_fixed_charges,
    {{ run_instant() }} as observed_at
from plans
left join parents on plans.parent_id = parents.id
left join currencies on plans.amount_currency = currencies.currency
