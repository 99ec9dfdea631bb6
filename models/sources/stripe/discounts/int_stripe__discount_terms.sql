{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

points as (

    select * from {{ ref('int_stripe__invoiced_points') }}
    where not is_credit and amount > 0 and (not is_proration or discount_amounts is not null)

),

discounts as (

    select * from {{ ref('int_stripe__discounts') }}

),

given as (

    select * from {{ ref('int_stripe__billed_discounts') }}
    where not is_credit and line_amount > 0

),

taken as (

    select
        given.*,
        coalesce(discounts.kind, 'forever') as kind,
        discounts.ends_at,
        discounts.rate is null and discounts.amount is not null as is_fixed,
        -- what the ones before it have left of the line, and how much of that was taken once
        given.line_amount - coalesce(sum(given.amount) over before, 0) as discountable,
        coalesce(sum(given.amount) filter (where discounts.kind = 'once') over before, 0)
            as taken_once,
        coalesce(
            sum(given.amount) filter (where discounts.kind in ('once', 'repeating')) over before,
            0
        ) as taken_for_a_time
    from given
    left join discounts
        on given.tenant_id = discounts.tenant_id and given.discount_id = discounts.discount_id
    window before as (
        partition by given.tenant_id, given.subscription_id, given.item_id, given.stated_from
        order by given.listed_at
        rows between unbounded preceding and 1 preceding
    )

),

-- Each discount is a share of what the ones before it left. One that lasts is as much as it will be
-- without what is taken once, and that is the rest of what was taken.
lasting as (

    select
        *,
        case
            when kind = 'once' then 0
            when is_fixed or discountable <= 0 then amount
            else amount * (discountable + taken_once) / discountable
        end as lasting_amount,
        case
            when is_fixed or discountable <= 0 then amount
            else amount * (discountable + taken_for_a_time) / discountable
        end as amount_alone
    from taken

),

summed as (

    select
        tenant_id,
        subscription_id,
        item_id,
        stated_from,
        greatest(sum(amount) - sum(lasting_amount), 0) as once_discount,
        coalesce(
            sum(lasting_amount / line_amount) filter (where kind = 'repeating' and not is_fixed), 0
        ) as repeating_rate,
        coalesce(sum(amount) filter (where kind = 'repeating' and is_fixed), 0) as repeating_fixed,
        coalesce(
            sum(lasting_amount / line_amount) filter (where kind = 'forever' and not is_fixed), 0
        ) as forever_rate,
        coalesce(
            sum(amount_alone / line_amount) filter (where kind = 'forever' and not is_fixed), 0
        ) as forever_rate_alone,
        coalesce(sum(amount) filter (where kind = 'forever' and is_fixed), 0) as forever_fixed,
        max(ends_at) filter (where kind = 'repeating') as repeating_until
    from lasting
    group by tenant_id, subscription_id, item_id, stated_from

)

-- one row per item and run of invoiced periods: the discounts in force from its beginning on. A
-- repeating one lasts as long as the last period that it lowers, and to its end
select
    points.tenant_id,
    points.subscription_id,
    points.item_id,
    points.stated_from as valid_from,
    lead(points.stated_from, 1, 'infinity') over item as valid_to,
    row_number() over item = 1 as is_first,
    points.service_to,
    coalesce(summed.once_discount, 0)::numeric(28, 10) as once_discount,
    coalesce(summed.repeating_rate, 0)::numeric(38, 20) as repeating_rate,
    coalesce(summed.repeating_fixed, 0)::numeric(38, 20) as repeating_fixed,
    coalesce(summed.forever_rate, 0)::numeric(38, 20) as forever_rate,
    -- once the repeating ones before it are over
    coalesce(summed.forever_rate_alone, 0)::numeric(38, 20) as forever_rate_alone,
    coalesce(summed.forever_fixed, 0)::numeric(38, 20) as forever_fixed,
    case
        when summed.repeating_rate + summed.repeating_fixed > 0
            then greatest(summed.repeating_until, points.service_to)
        else 'infinity'
    end as repeating_until
from points
left join summed
    on
        points.tenant_id = summed.tenant_id
        and points.subscription_id = summed.subscription_id
        and points.item_id = summed.item_id
        and points.stated_from = summed.stated_from
window item as (
    partition by points.tenant_id, points.subscription_id, points.item_id
    order by points.stated_from
)
