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
        case
            when discounts.kind = 'repeating' then coalesce(discounts.ends_at, 'infinity')
        end as repeating_until,
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

phases as (

    select
        numbered.tenant_id,
        numbered.subscription_id,
        numbered.state_number,
        bounds.holds_from,
        lead(bounds.holds_from, 1, 'infinity') over (
            partition by numbered.tenant_id, numbered.subscription_id, numbered.state_number
            order by bounds.holds_from
        ) as holds_to
    from numbered
    cross join
        lateral (values ('-infinity'::timestamptz), (numbered.repeating_until))
            as bounds (holds_from)
    where bounds.holds_from < 'infinity'
    group by numbered.tenant_id, numbered.subscription_id, numbered.state_number, bounds.holds_from

),

-- Every item of a state meets every discount of it; one that is not its own takes nothing, nor does
-- one that is over.
steps as (

    select distinct
        numbered.tenant_id,
        numbered.subscription_id,
        numbered.state_number,
        phases.holds_from,
        phases.holds_to,
        numbered.step
    from numbered
    inner join phases
        on
            numbered.tenant_id = phases.tenant_id
            and numbered.subscription_id = phases.subscription_id
            and numbered.state_number = phases.state_number

),

-- Each discount in turn takes its share of what the ones before it left. A fixed amount is shared
-- by what is billed together.
applied as (

    select
        items.*,
        steps.holds_from,
        steps.holds_to,
        items.amount as remaining,
        0::numeric as taken,
        null::text as kind,
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
        stepped.holds_from,
        stepped.holds_to,
        stepped.remaining - stepped.taken as remaining,
        stepped.taken,
        stepped.kind,
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
            applied.holds_from,
            applied.holds_to,
            applied.remaining,
            numbered.kind,
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
            end as taken
        from applied
        inner join steps
            on
                applied.tenant_id = steps.tenant_id
                and applied.subscription_id = steps.subscription_id
                and applied.state_number = steps.state_number
                and applied.holds_from = steps.holds_from
                and applied.step + 1 = steps.step
        left join numbered
            on
                applied.tenant_id = numbered.tenant_id
                and applied.subscription_id = numbered.subscription_id
                and applied.state_number = numbered.state_number
                and applied.item_id = numbered.item_id
                and steps.step = numbered.step
                and applied.holds_from < coalesce(numbered.repeating_until, 'infinity')
        window invoice as (
            partition by
                applied.tenant_id,
                applied.subscription_id,
                applied.state_number,
                applied.holds_from,
                applied.billed_together
        )
    ) as stepped

)

-- one row per discounted item of a state and [holds_from, holds_to) in which the same of its
-- discounts are in force, with the shares of its price that are taken off
select
    tenant_id,
    subscription_id,
    state_number,
    item_id,
    holds_from,
    holds_to,
    coalesce(
        sum(taken / nullif(amount, 0)) filter (where kind = 'repeating'), 0
    )::numeric(38, 20) as repeating_rate,
    coalesce(
        sum(taken / nullif(amount, 0)) filter (where kind = 'forever'), 0
    )::numeric(38, 20) as forever_rate
from applied
where kind is not null
group by tenant_id, subscription_id, state_number, item_id, holds_from, holds_to
