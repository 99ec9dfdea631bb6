{{ config(
    enabled = 'killbill' in var('tidemill_billing_sources'),
    pre_hook = with_hash_joins()
) }}

with

rated_states as (

    select * from {{ ref('int_killbill__rated_states') }}

),

-- What was not billed yet, or never will be, is asked for as it was before, else after; in a trial,
-- as what followed it.
neighbours as (

    select
        *,
        max(valid_from) filter (where invoiced_amount is not null) over (
            partition by tenant_record_id, subscription_id, phase_name
            order by valid_from
        ) as billed_before,
        min(valid_from) filter (where invoiced_amount is not null) over (
            partition by tenant_record_id, subscription_id, phase_name
            order by valid_from desc
        ) as billed_after,
        min(valid_from) filter (where invoiced_amount is not null) over (
            partition by tenant_record_id, subscription_id, plan_name
            order by valid_from desc
        ) as billed_next
    from rated_states

),

-- What others pay for the same, last.
others as (

    select * from {{ ref('int_killbill__last_amounts') }}

),

priced as (

    select
        neighbours.*,
        neighbours.quantity * nearest.invoiced_amount / nearest.quantity as nearest_amount,
        nearest.invoiced_currency as nearest_currency,
        nearest.invoiced_unit as nearest_unit,
        nearest.invoiced_count as nearest_count,
        neighbours.quantity * others.unit_amount as others_amount,
        others.invoiced_currency as others_currency,
        others.invoiced_unit as others_unit,
        others.invoiced_count as others_count
    from neighbours
    left join rated_states as nearest
        on
            neighbours.tenant_record_id = nearest.tenant_record_id
            and neighbours.subscription_id = nearest.subscription_id
            and coalesce(
                neighbours.billed_before,
                neighbours.billed_after,
                case when neighbours.phase_type = 'TRIAL' then neighbours.billed_next end
            ) = nearest.valid_from
    left join others
        on
            neighbours.tenant_record_id = others.tenant_record_id
            and neighbours.phase_name = others.phase_name
            and coalesce(neighbours.account_currency, '') = others.account_currency

),

chosen as (

    select
        *,
        case
            when is_free_of_terms then 'catalog'
            {% for source in {
                "auto": ["invoiced", "catalog", "nearest", "others"],
                "invoice": ["invoiced", "nearest", "catalog", "others"],
                "catalog": ["catalog", "invoiced", "nearest", "others"],
            }[option("mrr_price_source") | trim] %}
            when {{ source }}_amount is not null then '{{ source }}'
            {% endfor %}
        end as price_source
    from priced

)

-- one row per row of the states before it, with the price that counts: all units, one period, after
-- a discount; null where none is known
select
    tenant_record_id,
    subscription_id,
    valid_from,
    price_source,
    case price_source
        when 'catalog' then catalog_amount
        when 'invoiced' then invoiced_amount
        when 'nearest' then nearest_amount
        when 'others' then others_amount
    end::numeric(28, 10) as charged_amount,
    coalesce(
        case price_source
            when 'invoiced' then invoiced_currency
            when 'nearest' then nearest_currency
            when 'others' then others_currency
        end,
        account_currency
    ) as currency,
    coalesce(
        case price_source
            when 'invoiced' then invoiced_unit
            when 'nearest' then nearest_unit
            when 'others' then others_unit
            else catalog_unit
        end,
        'month'
    ) as period_unit,
    coalesce(
        case price_source
            when 'invoiced' then invoiced_count
            when 'nearest' then nearest_count
            when 'others' then others_count
            else catalog_count
        end,
        1
    ) as period_count
from chosen
