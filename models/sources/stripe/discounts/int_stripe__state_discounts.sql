{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with recursive

discounts as (

    select * from {{ ref('int_stripe__discounts') }}

),

listed as (

    select * from {{ ref('int_stripe__state_discount_ids') }}

),

items as (

    select * from {{ ref('int_stripe__state_amounts') }}

),

numbered as (

    select
        listed.tenant_id,
        listed.subscription_id,
        listed.state_number,
        listed.item_id,
        discounts.kind,
        discounts.rate,
        discounts.amount as fixed,
        discounts.ends_at,
        dense_rank() over (
            partition by listed.tenant_id, listed.subscription_id, listed.state_number
            order by listed.preference, listed.listed_at, listed.discount_id
        ) as step
    from listed
    inner join discounts
        on
            listed.tenant_id = discounts.tenant_id
            and listed.discount_id = discounts.discount_id
    where discounts.kind in ('repeating', 'forever')

),

-- Every item of a state meets every discount of it; one that is not its own takes nothing.
steps as (

    select distinct
        tenant_id,
        subscription_id,
        state_number,
        step
    from numbered

),

-- Each discount in turn takes its share of what the ones before it left. A fixed amount is shared
-- by what is billed together.
applied as (

    select
        items.*,
        items.amount as remaining,
        items.amount as remaining_alone,
        0::numeric as taken,
        0::numeric as taken_alone,
        null::text as kind,
        null::timestamptz as ends_at,
        0::bigint as step
    from items
    inner join steps
        on
            items.tenant_id = steps.tenant_id
            and items.subscription_id = steps.subscription_id
            and items.state_number = steps.state_number
            and steps.step = 1

    union all

    select
        stepped.tenant_id,
        stepped.subscription_id,
        stepped.state_number,
        stepped.item_id,
        stepped.billed_together,
        stepped.amount,
        stepped.remaining - stepped.taken as remaining,
        stepped.remaining_alone - stepped.taken_alone as remaining_alone,
        stepped.taken,
        stepped.taken_alone,
        stepped.kind,
        stepped.ends_at,
        stepped.step
    -- the recursive term has no place for another CTE
    from ( -- noqa: ST05
        select
            applied.tenant_id,
            applied.subscription_id,
            applied.state_number,
            applied.item_id,
            applied.billed_together,
            applied.amount,
            applied.remaining,
            applied.remaining_alone,
            numbered.kind,
            numbered.ends_at,
            steps.step,
            case
                when numbered.kind is null or applied.remaining = 0 then 0
                when numbered.rate is not null then applied.remaining * numbered.rate
                else
                    least(
                        numbered.fixed,
                        sum(case when numbered.kind is not null then applied.remaining end)
                            over invoice
                    )
                    * applied.remaining
                    / sum(case when numbered.kind is not null then applied.remaining end)
                        over invoice
            end as taken,
            -- what it will take when the repeating ones are over
            case
                when numbered.kind = 'repeating' or numbered.kind is null then 0
                when applied.remaining_alone = 0 then 0
                when numbered.rate is not null then applied.remaining_alone * numbered.rate
                else
                    least(
                        numbered.fixed,
                        sum(case when numbered.kind is not null then applied.remaining_alone end)
                            over invoice
                    )
                    * applied.remaining_alone
                    / sum(case when numbered.kind is not null then applied.remaining_alone end)
                        over invoice
            end as taken_alone
        from applied
        inner join steps
            on
                applied.tenant_id = steps.tenant_id
                and applied.subscription_id = steps.subscription_id
                and applied.state_number = steps.state_number
                and applied.step + 1 = steps.step
        left join numbered
            on
                applied.tenant_id = numbered.tenant_id
                and applied.subscription_id = numbered.subscription_id
                and applied.state_number = numbered.state_number
                and applied.item_id = numbered.item_id
                and steps.step = numbered.step
        window invoice as (
            partition by
                applied.tenant_id,
                applied.subscription_id,
                applied.state_number,
                applied.billed_together
        )
    ) as stepped

)

-- one row per discounted item of a state, with the shares of its price that are taken off
select
    tenant_id,
    subscription_id,
    state_number,
    item_id,
    coalesce(
        sum(taken / nullif(amount, 0)) filter (where kind = 'repeating'), 0
    )::numeric(38, 20) as repeating_rate,
    coalesce(
        sum(taken / nullif(amount, 0)) filter (where kind = 'forever'), 0
    )::numeric(38, 20) as forever_rate,
    coalesce(
        sum(taken_alone / nullif(amount, 0)) filter (where kind = 'forever'), 0
    )::numeric(38, 20) as forever_rate_alone,
    max(ends_at) filter (where kind = 'repeating') as repeating_until
from applied
where kind is not null
group by tenant_id, subscription_id, state_number, item_id
