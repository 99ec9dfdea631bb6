{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

listed_states as (

    select * from {{ ref('int_killbill__listed_states') }}

),

invoiced_rates as (

    select * from {{ ref('int_killbill__invoiced_rates') }}

),

-- By days, as Kill Bill bills: what was changed at noon is billed from that day on, and no part of
-- the day is left to the item before.
billed as (

    select
        listed_states.tenant_record_id,
        listed_states.subscription_id,
        listed_states.valid_from as listed_from,
        greatest(listed_states.from_date, invoiced_rates.from_date) as from_date,
        least(listed_states.to_date, invoiced_rates.to_date) as to_date,
        listed_states.to_date as last_date,
        invoiced_rates.currency,
        invoiced_rates.rate,
        invoiced_rates.period_unit,
        invoiced_rates.period_count,
        invoiced_rates.item_record_id
    from listed_states
    inner join invoiced_rates
        on
            listed_states.tenant_record_id = invoiced_rates.tenant_record_id
            and listed_states.subscription_id = invoiced_rates.subscription_id
            and listed_states.phase_name = invoiced_rates.phase_name
            and listed_states.from_date < invoiced_rates.to_date
            and listed_states.to_date > invoiced_rates.from_date
    where listed_states.from_date < listed_states.to_date

),

days as (

    select
        tenant_record_id,
        subscription_id,
        valid_from as listed_from,
        from_date as first_day
    from listed_states

    union

    select
        tenant_record_id,
        subscription_id,
        listed_from,
        from_date as first_day
    from billed

    union

    select
        tenant_record_id,
        subscription_id,
        listed_from,
        to_date as first_day
    from billed
    where to_date < last_date

),

steps as (

    select
        *,
        lead(first_day) over (
            partition by tenant_record_id, subscription_id, listed_from
            order by first_day
        ) as next_day
    from days

),

-- Should items overlap, the last one counts.
rated as (

    select distinct on (
        steps.tenant_record_id, steps.subscription_id, steps.listed_from, steps.first_day
    )
        steps.*,
        billed.rate,
        billed.currency,
        billed.period_unit,
        billed.period_count
    from steps
    left join billed
        on
            steps.tenant_record_id = billed.tenant_record_id
            and steps.subscription_id = billed.subscription_id
            and steps.listed_from = billed.listed_from
            and steps.first_day >= billed.from_date
            and steps.first_day < billed.to_date
    order by
        steps.tenant_record_id,
        steps.subscription_id,
        steps.listed_from,
        steps.first_day,
        billed.item_record_id desc nulls last

)

-- one row per subscription and [valid_from, valid_to) of one plan, phase, quantity, version of the
-- catalog and billed rate; null where nothing was billed
select
    listed_states.tenant_record_id,
    listed_states.account_record_id,
    listed_states.account_id,
    listed_states.bundle_id,
    listed_states.subscription_id,
    listed_states.plan_name,
    listed_states.price_list,
    listed_states.phase_name,
    listed_states.phase_type,
    listed_states.quantity,
    listed_states.plan_changed_at,
    listed_states.event_id,
    listed_states.event_recorded_at,
    bounds.valid_from,
    bounds.valid_to,
    listed_states.parent_plan,
    listed_states.account_currency,
    listed_states.product_name,
    listed_states.category,
    listed_states.billing_period,
    listed_states.period_unit as catalog_unit,
    listed_states.period_count as catalog_count,
    listed_states.is_metered,
    listed_states.is_free_of_terms,
    listed_states.catalog_amount,
    listed_states.catalog_list_amount,
    rated.rate as invoiced_amount,
    rated.currency as invoiced_currency,
    rated.period_unit as invoiced_unit,
    rated.period_count as invoiced_count,
    (listed_states.period_unit, listed_states.period_count)
    = (rated.period_unit, rated.period_count)
    and listed_states.account_currency = rated.currency as has_same_period
from rated
inner join listed_states
    on
        rated.tenant_record_id = listed_states.tenant_record_id
        and rated.subscription_id = listed_states.subscription_id
        and rated.listed_from = listed_states.valid_from
-- what only an item tells begins with its day, wherever the account is
cross join
    lateral (
        values
        (
            greatest(
                listed_states.valid_from,
                case
                    when rated.first_day > listed_states.from_date
                        then {{ local_day_begins('rated.first_day', 'listed_states.tenant_id') }}
                end
            ),
            least(
                listed_states.valid_to,
                {{ local_day_begins('rated.next_day', 'listed_states.tenant_id') }}
            )
        )
    ) as bounds (valid_from, valid_to)
where bounds.valid_from < bounds.valid_to
