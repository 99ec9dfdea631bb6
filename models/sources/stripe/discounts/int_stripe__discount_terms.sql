{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with recursive

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
        case
            when discounts.kind = 'repeating' then greatest(discounts.ends_at, points.service_to)
        end as repeating_until,
        discounts.rate is null and discounts.amount is not null as is_fixed,
        -- what the ones before it have left of the line
        given.line_amount - coalesce(sum(given.amount) over before, 0) as discountable,
        count(*) over before as step
    from given
    inner join points
        on
            given.tenant_id = points.tenant_id
            and given.subscription_id = points.subscription_id
            and given.item_id = points.item_id
            and given.stated_from = points.stated_from
    left join discounts
        on given.tenant_id = discounts.tenant_id and given.discount_id = discounts.discount_id
    window before as (
        partition by given.tenant_id, given.subscription_id, given.item_id, given.stated_from
        order by given.listed_at
        rows between unbounded preceding and 1 preceding
    )

),

phases as (

    select
        taken.tenant_id,
        taken.subscription_id,
        taken.item_id,
        taken.stated_from,
        taken.line_amount,
        bounds.holds_from,
        lead(bounds.holds_from, 1, 'infinity') over (
            partition by taken.tenant_id, taken.subscription_id, taken.item_id, taken.stated_from
            order by bounds.holds_from
        ) as holds_to
    from taken
    cross join
        lateral (values ('-infinity'::timestamptz), (taken.repeating_until))
            as bounds (holds_from)
    where bounds.holds_from < 'infinity'
    group by
        taken.tenant_id,
        taken.subscription_id,
        taken.item_id,
        taken.stated_from,
        taken.line_amount,
        bounds.holds_from

),

-- Each discount is a share of what the ones before it left, so it takes more when one of them is
-- over. What is taken once is never in force: it is the rest of what was taken.
lasting as (

    select
        *,
        -1::bigint as step,
        null as kind,
        null::boolean as is_fixed,
        0::numeric as amount,
        0::numeric as lasting_amount,
        line_amount as remaining
    from phases

    union all

    select
        lasting.tenant_id,
        lasting.subscription_id,
        lasting.item_id,
        lasting.stated_from,
        lasting.line_amount,
        lasting.holds_from,
        lasting.holds_to,
        taken.step,
        taken.kind,
        taken.is_fixed,
        taken.amount,
        lasts.lasting_amount,
        lasting.remaining - lasts.lasting_amount as remaining
    from lasting
    inner join taken
        on
            lasting.tenant_id = taken.tenant_id
            and lasting.subscription_id = taken.subscription_id
            and lasting.item_id = taken.item_id
            and lasting.stated_from = taken.stated_from
            and lasting.step + 1 = taken.step
    -- the recursive term has no place for another CTE
    cross join
        lateral ( -- noqa: ST05
            select
                case
                    when taken.kind = 'once' or taken.repeating_until <= lasting.holds_from then 0
                    when taken.is_fixed or taken.discountable <= 0 then taken.amount
                    else taken.amount * lasting.remaining / taken.discountable
                end as lasting_amount
        ) as lasts

),

summed as (

    select
        tenant_id,
        subscription_id,
        item_id,
        stated_from,
        holds_from,
        holds_to,
        greatest(sum(amount) - sum(lasting_amount), 0) as once_discount,
        sum(lasting_amount / line_amount) filter (where kind = 'repeating' and not is_fixed)
            as repeating_rate,
        sum(lasting_amount) filter (where kind = 'repeating' and is_fixed) as repeating_fixed,
        sum(lasting_amount / line_amount) filter (where kind = 'forever' and not is_fixed)
            as forever_rate,
        sum(lasting_amount) filter (where kind = 'forever' and is_fixed) as forever_fixed
    from lasting
    group by tenant_id, subscription_id, item_id, stated_from, holds_from, holds_to

),

terms as (

    select
        *,
        lead(stated_from, 1, 'infinity') over item as valid_to,
        row_number() over item = 1 as is_first
    from points
    window item as (partition by tenant_id, subscription_id, item_id order by stated_from)

)

-- one row per item, run of invoiced periods and [holds_from, holds_to) in which the discounts in
-- force from its beginning on are the same. A repeating one lasts as long as the last period that
-- it lowers, and to its end; what is taken once is told in the first row
select
    terms.tenant_id,
    terms.subscription_id,
    terms.item_id,
    terms.stated_from as valid_from,
    terms.valid_to,
    terms.is_first,
    terms.service_to,
    coalesce(summed.holds_from, '-infinity') as holds_from,
    coalesce(summed.holds_to, 'infinity') as holds_to,
    case
        when summed.holds_from = '-infinity' then summed.once_discount else 0
    end::numeric(28, 10) as once_discount,
    coalesce(summed.repeating_rate, 0)::numeric(38, 20) as repeating_rate,
    coalesce(summed.repeating_fixed, 0)::numeric(38, 20) as repeating_fixed,
    coalesce(summed.forever_rate, 0)::numeric(38, 20) as forever_rate,
    coalesce(summed.forever_fixed, 0)::numeric(38, 20) as forever_fixed
from terms
left join summed
    on
        terms.tenant_id = summed.tenant_id
        and terms.subscription_id = summed.subscription_id
        and terms.item_id = summed.item_id
        and terms.stated_from = summed.stated_from
