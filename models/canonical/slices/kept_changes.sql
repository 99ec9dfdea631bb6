{{ config(materialized = 'view') }}

with

kept_customers as (

    select * from {{ ref('group_kept_customers') }}

),

spells as (

    select * from {{ ref('paying_spells') }}
    where is_whole

),

slices as (

    select * from {{ ref('slices') }}
    where dimension in ('total', 'source', 'overall', 'segment') and not is_any_currency

),

returns as (

    select distinct
        billing_source,
        tenant_id,
        customer_id,
        from_date
    from spells

),

-- To pay for an hour within what is free does not cut it in two.
kept as (

    select
        *,
        coalesce(lag(to_date) over customer = from_date, false) as continues
    from kept_customers
    window customer as (
        partition by billing_source, tenant_id, customer_id
        order by from_date
    )

),

numbered as (

    select
        *,
        count(*) filter (where not continues) over (
            partition by billing_source, tenant_id, customer_id
            order by from_date
        ) as stay
    from kept

),

stays as (

    select
        billing_source,
        tenant_id,
        customer_id,
        min(from_date) as from_date,
        nullif(max(coalesce(to_date, 'infinity')), 'infinity') as to_date
    from numbered
    group by billing_source, tenant_id, customer_id, stay

),

-- Only who was counted can stay: who paid at the end of the day before.
begun as (

    select distinct
        stays.billing_source,
        stays.tenant_id,
        stays.customer_id,
        stays.from_date,
        stays.to_date
    from stays
    inner join spells
        on
            stays.billing_source = spells.billing_source
            and stays.tenant_id = spells.tenant_id
            and stays.customer_id = spells.customer_id
            and stays.from_date = spells.to_date

),

ended as (

    select * from begun
    where to_date is not null

),

-- Who goes on for free is not lost; in the end it pays again without having left, or leaves.
changes as (

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
            and ended.billing_source = returns.billing_source
            and ended.tenant_id = returns.tenant_id
            and ended.to_date = returns.from_date

)

-- one row per customer kept, slice of all its money and day: what to add to those lost and
-- returned by what they pay alone
select
    slices.slice_source as billing_source,
    slices.slice_tenant_id as tenant_id,
    changes.customer_id,
    slices.dimension,
    {{ slice_value('slices', 'slices', []) }} as dimension_value,
    changes.movement_date,
    changes.returned_customers,
    changes.lost_customers
from changes
inner join slices
    on
        changes.billing_source = slices.billing_source
        and changes.tenant_id = slices.tenant_id
