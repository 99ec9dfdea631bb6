with

places as (

    select * from {{ ref('places') }}

),

tenants as (

    select
        billing_source,
        tenant_id,
        {{ tenant_of_group('tenant_id') }} as home_tenant_id,
        segment,
        count(*) filter (where segment = '') over () > 1 as is_one_of_several
    from {{ ref('tenants') }}

),

tenant_currencies as (

    select
        billing_source,
        tenant_id,
        min(reporting_currency) as first_currency,
        max(reporting_currency) as last_currency
    from places
    group by billing_source, tenant_id

),

-- Sums over all tenants of a source and over everything exist where they say something new.
dimensions as (

    select
        names.dimension,
        names.is_over_tenants,
        names.is_of_segments
    from (
        values
        ('total', false, false),
        ('plan', false, false),
        ('product', false, false),
        ('currency', false, false),
        ('country', false, false),
        ('billing_interval', false, false),
        ('source', true, false),
        ('overall', true, false),
        ('segment', false, true),
        ('segment', true, true)
    ) as names (dimension, is_over_tenants, is_of_segments)

),

-- Whether amounts in several currencies stand side by side here; for a segment it is as for all.
tenant_slices as (

    select
        tenants.billing_source,
        tenants.tenant_id,
        tenants.home_tenant_id,
        tenants.segment,
        dimensions.dimension,
        dimensions.is_over_tenants,
        coalesce(
            case
                when dimensions.is_over_tenants
                    then
                        min(tenant_currencies.first_currency) over ()
                        <> max(tenant_currencies.last_currency) over ()
                else tenant_currencies.first_currency <> tenant_currencies.last_currency
            end,
            false
        ) as has_several_currencies
    from tenants
    inner join dimensions
        on
            (tenants.is_one_of_several or not dimensions.is_over_tenants)
            and (tenants.segment <> '') = dimensions.is_of_segments
    left join tenant_currencies
        on
            tenants.billing_source = tenant_currencies.billing_source
            and tenants.home_tenant_id = tenant_currencies.tenant_id

)

-- one row per tenant or segment of one, dimension it is counted under, whose rows it is in, and
-- whether whatever the currency
select
    tenant_slices.billing_source,
    tenant_slices.tenant_id,
    tenant_slices.dimension,
    currencies.is_any_currency,
    -- the tenant that a row of the dimension stands for
    case
        when tenant_slices.is_over_tenants and tenant_slices.dimension <> 'source' then 'all'
        else tenant_slices.billing_source
    end as slice_source,
    case when tenant_slices.is_over_tenants then 'all' else tenant_slices.home_tenant_id end
        as slice_tenant_id,
    tenant_slices.segment,
    currencies.is_any_currency = tenant_slices.has_several_currencies as counts_everyone
from tenant_slices
inner join (values (false), (true)) as currencies (is_any_currency)
    on tenant_slices.has_several_currencies or not currencies.is_any_currency
