{{ config(enabled = 'stripe' in var('tidemill_billing_sources')) }}

with

listed as (

    select * from {{ ref('int_stripe__listed_discounts') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

discount_products as (

    select * from {{ ref('int_stripe__discount_products') }}

),

limited as (

    select distinct
        tenant_id,
        discount_id,
        is_told
    from discount_products

)

-- one row per item of a state and discount that lowers it, in the order in which they apply. What
-- invoices tell of a coupon's products says nothing of one that is given to an item
select
    listed.tenant_id,
    listed.subscription_id,
    listed.state_number,
    listed.item_id,
    listed.discount_id,
    listed.preference,
    listed.listed_at
from listed
inner join prices on listed.tenant_id = prices.tenant_id and listed.price_id = prices.price_id
left join limited
    on
        listed.tenant_id = limited.tenant_id
        and listed.discount_id = limited.discount_id
        and (limited.is_told or listed.preference > 1)
left join discount_products
    on
        limited.tenant_id = discount_products.tenant_id
        and limited.discount_id = discount_products.discount_id
        and prices.product_id = discount_products.product_id
        and discount_products.is_lowered
where limited.discount_id is null or discount_products.product_id is not null
