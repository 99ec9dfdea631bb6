{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

versions as (

    select * from {{ ref('int_stripe__net_versions') }}

),

statuses as (

    select * from {{ ref('int_stripe__statuses') }}

),

subscriptions as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

discounts as (

    select * from {{ ref('int_stripe__item_discounts') }}

),

item_trials as (

    select * from {{ ref('int_stripe__item_trials') }}

),

countries as (

    select * from {{ ref('int_stripe__countries') }}

),

-- Cut at every change of status, discount and country. What is on trial pays nothing, and owes
-- nothing.
cut as (

    select
        versions.*,
        countries.country,
        case
            when item_trials.is_trial and statuses.status in ('active', 'past_due') then 'trialing'
            else statuses.status
        end as status,
        coalesce(versions.amount, 0) as list_amount,
        discounts.repeating_rate,
        discounts.forever_rate,
        -- what is taken off was taxed like the rest
        discounts.once_discount * versions.net_share as once_discount,
        discounts.repeating_fixed * versions.net_share as repeating_fixed,
        discounts.forever_fixed * versions.net_share as forever_fixed,
        greatest(
            versions.valid_from,
            statuses.valid_from,
            discounts.valid_from,
            item_trials.valid_from,
            countries.valid_from
        ) as cut_from,
        least(
            versions.valid_to,
            statuses.valid_to,
            discounts.valid_to,
            item_trials.valid_to,
            countries.valid_to
        ) as cut_to
    from versions
    inner join statuses
        on
            versions.tenant_id = statuses.tenant_id
            and versions.subscription_id = statuses.subscription_id
            and versions.valid_from < statuses.valid_to
            and versions.valid_to > statuses.valid_from
    inner join subscriptions
        on
            versions.tenant_id = subscriptions.tenant_id
            and versions.subscription_id = subscriptions.subscription_id
    left join countries
        on
            subscriptions.tenant_id = countries.tenant_id
            and subscriptions.customer_id = countries.customer_id
    left join discounts
        on
            versions.tenant_id = discounts.tenant_id
            and versions.subscription_id = discounts.subscription_id
            and versions.item_id = discounts.item_id
            and not versions.is_metered
    left join item_trials
        on
            versions.tenant_id = item_trials.tenant_id
            and versions.subscription_id = item_trials.subscription_id
            and versions.item_id = item_trials.item_id

),

-- No discount takes more than there is.
discounted as (

    select
        *,
        least(list_amount, coalesce(list_amount * forever_rate + forever_fixed, 0))
            as forever_discount,
        coalesce(list_amount * repeating_rate + repeating_fixed, 0) as repeating_wanted,
        coalesce(once_discount, 0) as once_wanted
    from cut
    where cut_from < cut_to

)

-- one row per subscription item and unbroken [valid_from, valid_to) in which no fact changes
select
    'stripe' as billing_source,
    discounted.tenant_id::text as tenant_id,
    subscriptions.customer_id::text as customer_id,
    discounted.subscription_id::text as subscription_id,
    discounted.item_id::text as item_id,
    discounted.cut_from as valid_from,
    nullif(discounted.cut_to, 'infinity') as valid_to,
    discounted.status::text as status,
    case when discounted.is_metered then 'metered' else 'licensed' end as charge_kind,
    discounted.plan::text as plan,
    discounted.price_id::text as actual_plan_id,
    discounted.product::text as product,
    discounted.quantity::numeric(28, 10) as quantity,
    discounted.list_amount::numeric(28, 10) as amount,
    discounted.period_unit::text as period_unit,
    discounted.period_count,
    least(
        discounted.once_wanted,
        greatest(
            discounted.list_amount - discounted.forever_discount - discounted.repeating_wanted, 0
        )
    )::numeric(28, 10) as once_discount,
    least(
        discounted.repeating_wanted, discounted.list_amount - discounted.forever_discount
    )::numeric(28, 10) as repeating_discount,
    discounted.forever_discount::numeric(28, 10) as forever_discount,
    discounted.currency::text as currency,
    coalesce(discounted.country, 'unknown')::text as country,
    subscriptions.scheduled_end_at,
    subscriptions.cancel_requested_at,
    subscriptions.ended_at as cancel_effective_at,
    subscriptions.cancel_reason::text as cancel_reason,
    subscriptions.is_voluntary_cancel,
    discounted.history_source::text as history_source,
    subscriptions.recorded_at,
    discounted.source_table::text as source_table,
    discounted.source_row_id::text as source_row_id
from discounted
inner join subscriptions
    on
        discounted.tenant_id = subscriptions.tenant_id
        and discounted.subscription_id = subscriptions.subscription_id
