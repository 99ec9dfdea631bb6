with

amounts as (

    select * from {{ ref('group_committed_amounts') }}

),

slices as (

    select * from {{ ref('slices') }}
    where not is_any_currency

),

changing as (

    select distinct
        horizon_days,
        billing_source,
        tenant_id,
        customer_id,
        subscription_id
    from amounts
    where mrr_now <> mrr_then

),

-- Most subscriptions stay as they are: what they are worth is added up before it is sliced.
steady as (

    select
        amounts.horizon_days,
        amounts.billing_source,
        amounts.tenant_id,
        amounts.plan,
        amounts.product,
        amounts.currency,
        amounts.country,
        amounts.billing_interval,
        amounts.reporting_currency,
        sum(amounts.mrr_now) as mrr
    from amounts
    left join changing
        on
            amounts.customer_id = changing.customer_id
            and amounts.subscription_id = changing.subscription_id
            and amounts.tenant_id = changing.tenant_id
            and amounts.billing_source = changing.billing_source
            and amounts.horizon_days = changing.horizon_days
    where changing.horizon_days is null and amounts.mrr_now <> 0
    group by
        amounts.horizon_days,
        amounts.billing_source,
        amounts.tenant_id,
        amounts.plan,
        amounts.product,
        amounts.currency,
        amounts.country,
        amounts.billing_interval,
        amounts.reporting_currency

),

-- An item that another takes the place of, in the same subscription, is no cancellation.
compared as (

    select
        amounts.*,
        bool_or(amounts.counts_then) over (
            partition by
                amounts.horizon_days,
                amounts.billing_source,
                amounts.tenant_id,
                amounts.customer_id,
                amounts.subscription_id,
                amounts.is_trial
        ) as is_followed
    from amounts
    inner join changing
        on
            amounts.customer_id = changing.customer_id
            and amounts.subscription_id = changing.subscription_id
            and amounts.tenant_id = changing.tenant_id
            and amounts.billing_source = changing.billing_source
            and amounts.horizon_days = changing.horizon_days

),

by_subscription as (

    select
        compared.horizon_days,
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'compared') }} as dimension_value,
        compared.reporting_currency,
        compared.is_trial,
        compared.is_followed,
        sum(compared.mrr_now) as mrr_now,
        sum(compared.mrr_then) as mrr_then
    from compared
    inner join slices
        on
            compared.billing_source = slices.billing_source
            and compared.tenant_id = slices.tenant_id
    group by
        compared.horizon_days,
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'compared') }},
        compared.reporting_currency,
        compared.billing_source,
        compared.tenant_id,
        compared.customer_id,
        compared.subscription_id,
        compared.is_trial,
        compared.is_followed

),

changes as (

    select
        *,
        case
            when is_trial then 'trial'
            when not is_followed then 'cancellation'
            when mrr_then > mrr_now then 'increase'
            else 'decrease'
        end as change
    from by_subscription
    where mrr_now <> 0 or mrr_then <> 0

    union all

    select
        steady.horizon_days,
        slices.slice_source,
        slices.slice_tenant_id,
        slices.dimension,
        {{ slice_value('slices', 'steady') }} as dimension_value,
        steady.reporting_currency,
        false as is_trial,
        true as is_followed,
        steady.mrr as mrr_now,
        steady.mrr as mrr_then,
        'none' as change
    from steady
    inner join slices
        on
            steady.billing_source = slices.billing_source
            and steady.tenant_id = slices.tenant_id

),

summed as (

    select
        horizon_days,
        slice_source,
        slice_tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        sum(mrr_now) as mrr,
        sum(case when change = 'increase' then mrr_then - mrr_now else 0 end) as scheduled_increase,
        sum(case when change = 'decrease' then mrr_now - mrr_then else 0 end) as scheduled_decrease,
        sum(case when change = 'cancellation' then mrr_now else 0 end) as scheduled_cancellations,
        sum(case when change = 'trial' then mrr_then else 0 end) as trial_mrr
    from changes
    group by
        horizon_days, slice_source, slice_tenant_id, dimension, dimension_value, reporting_currency

)

-- one row per horizon, slice and reporting currency with MRR now or then
select
    summed.horizon_days,
    summed.slice_source as billing_source,
    summed.slice_tenant_id as tenant_id,
    summed.dimension,
    summed.dimension_value,
    summed.reporting_currency,
    summed.mrr::{{ reporting_money() }} as mrr,
    summed.scheduled_increase::{{ reporting_money() }} as scheduled_increase,
    summed.scheduled_decrease::{{ reporting_money() }} as scheduled_decrease,
    summed.scheduled_cancellations::{{ reporting_money() }} as scheduled_cancellations,
    (
        summed.mrr
        + summed.scheduled_increase
        - summed.scheduled_decrease
        - summed.scheduled_cancellations
    )::{{ reporting_money() }} as committed_mrr,
    summed.trial_mrr::{{ reporting_money() }} as trial_mrr
from summed
