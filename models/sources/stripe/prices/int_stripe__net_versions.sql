{{ config(
    enabled = 'stripe' in var('tidemill_billing_sources'),
    pre_hook = without_nested_loops()
) }}

with

versions as (

    select * from {{ ref('int_stripe__priced_versions') }}

),

prices as (

    select * from {{ ref('int_stripe__prices') }}

),

subscriptions as (

    select * from {{ ref('int_stripe__subscriptions') }}

),

net_shares as (

    select * from {{ ref('int_stripe__net_shares') }}

),

-- What was not billed yet is taxed as the same price was, when the customer last paid it.
latest_of_customer as (

    select distinct on (tenant_id, customer_id, price_id) *
    from net_shares
    where valid_to = 'infinity'
    order by tenant_id, customer_id, price_id, valid_from desc, item_id

),

shared as (

    select
        versions.*,
        greatest(versions.valid_from, net_shares.valid_from) as share_from,
        least(versions.valid_to, net_shares.valid_to) as share_to,
        coalesce(net_shares.net_share, latest_of_customer.net_share) as net_share,
        prices.has_tax_included
    from versions
    inner join prices
        on versions.tenant_id = prices.tenant_id and versions.price_id = prices.price_id
    inner join subscriptions
        on
            versions.tenant_id = subscriptions.tenant_id
            and versions.subscription_id = subscriptions.subscription_id
    left join net_shares
        on
            versions.tenant_id = net_shares.tenant_id
            and versions.item_id = net_shares.item_id
            and versions.price_id = net_shares.price_id
            and versions.valid_from < net_shares.valid_to
            and versions.valid_to > net_shares.valid_from
    left join latest_of_customer
        on
            versions.tenant_id = latest_of_customer.tenant_id
            and subscriptions.customer_id = latest_of_customer.customer_id
            and versions.price_id = latest_of_customer.price_id

)

-- one row per version of an item and rate of the tax that its price includes: what the price asks
-- for a period without tax, and the share of it that this is
select
    tenant_id,
    subscription_id,
    item_id,
    share_from as valid_from,
    share_to as valid_to,
    price_id,
    plan,
    product,
    is_metered,
    period_unit,
    period_count,
    currency,
    quantity,
    (amount * coalesce(net_share, 1))::numeric(28, 10) as amount,
    coalesce(net_share, 1) as net_share,
    has_tax_included and amount > 0 and net_share is null as is_tax_unknown,
    history_source,
    source_table,
    source_row_id,
    is_date_unknown
from shared
