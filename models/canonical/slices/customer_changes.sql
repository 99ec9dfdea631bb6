{%- set keeps_free_customers = option('paid_to_free') == 'contraction' -%}

with

counts as (

    select * from {{ ref('customer_counts') }}

),

subscription_counts as (

    select * from {{ ref('subscription_counts') }}

),

slices as (

    select * from {{ ref('slices') }}
    where counts_everyone

),
{%- if keeps_free_customers %}

kept_changes as (

    select * from {{ ref('kept_changes') }}

),
{%- endif %}

-- Rows that speak of everyone: all there are of a slice with one currency, else those of any.
slices_of_everyone as (

    select distinct
        slice_source,
        slice_tenant_id,
        dimension,
        is_any_currency
    from slices

),

counted as (

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        movement_date,
        new_customers,
        returned_customers,
        lost_customers,
        0 as change_of_subscriptions
    from counts

    union all

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        reporting_currency,
        movement_date,
        0 as new_customers,
        0 as returned_customers,
        0 as lost_customers,
        change as change_of_subscriptions
    from subscription_counts

),

changes as (

    select
        counted.billing_source,
        counted.tenant_id,
        counted.dimension,
        counted.dimension_value,
        counted.movement_date,
        counted.new_customers,
        counted.returned_customers,
        counted.lost_customers,
        counted.change_of_subscriptions
    from counted
    inner join slices_of_everyone
        on
            counted.billing_source = slices_of_everyone.slice_source
            and counted.tenant_id = slices_of_everyone.slice_tenant_id
            and counted.dimension = slices_of_everyone.dimension
            and (counted.reporting_currency = 'any') = slices_of_everyone.is_any_currency
    {%- if keeps_free_customers %}

    union all

    select
        billing_source,
        tenant_id,
        dimension,
        dimension_value,
        movement_date,
        0 as new_customers,
        returned_customers,
        lost_customers,
        0 as change_of_subscriptions
    from kept_changes
    {%- endif %}

)

-- one row per slice and day on which customers or subscriptions come or go
select
    billing_source,
    tenant_id,
    dimension,
    dimension_value,
    movement_date,
    sum(new_customers)::bigint as new_customers,
    sum(returned_customers)::bigint as returned_customers,
    sum(lost_customers)::bigint as lost_customers,
    sum(change_of_subscriptions)::bigint as change_of_subscriptions
from changes
group by billing_source, tenant_id, dimension, dimension_value, movement_date
