{{ config(materialized = 'view', enabled = var('tidemill_paid_to_free') == 'contraction') }}

with

begun as (

    select * from {{ ref('kept_customers') }}

),

ended as (

    select * from {{ ref('kept_customers') }}
    where to_date is not null

),

spells as (

    select * from {{ ref('paying_spells') }}
    where dimension = 'total'

),

returns as (

    select distinct
        customer_source,
        customer_tenant_id,
        customer_id,
        from_date
    from spells

)

-- one row per customer and day on which it begins or ceases to be kept without paying: what this
-- takes from those lost and returned that payment alone tells
select
    billing_source,
    tenant_id,
    customer_id,
    from_date as movement_date,
    0 as returned_customers,
    -1 as lost_customers
from begun

union all

select
    ended.billing_source,
    ended.tenant_id,
    ended.customer_id,
    ended.to_date as movement_date,
    case when returns.from_date is null then 0 else -1 end as returned_customers,
    case when returns.from_date is null then 1 else 0 end as lost_customers
from ended
left join returns
    on
        ended.customer_id = returns.customer_id
        and ended.billing_source = returns.customer_source
        and ended.tenant_id = returns.customer_tenant_id
        and ended.to_date = returns.from_date
