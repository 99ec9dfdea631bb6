{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

states as (

    select * from {{ ref('int_stripe__states') }}
    where state_number = 1

),

points as (

    select * from {{ ref('int_stripe__invoiced_points') }}
    where not is_credit and not is_proration and amount = 0

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

)

-- one row per subscription that never landed and whose invoices ask nothing for what has a price,
-- which is a trial
select
    points.tenant_id,
    points.subscription_id,
    min(points.stated_from) as trial_from,
    max(points.service_to) as trial_to
from points
inner join prices on points.tenant_id = prices.tenant_id and points.price_id = prices.price_id
left join states
    on
        points.tenant_id = states.tenant_id
        and points.subscription_id = states.subscription_id
where states.subscription_id is null and prices.unit_amount_minor > 0
group by points.tenant_id, points.subscription_id
