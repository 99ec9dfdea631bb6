{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

catalogs as (

    select
        catalog_rows.record_id,
        catalog_rows.tenant_record_id,
        catalog_rows.tenant_value,
        catalog_rows.created_date
    from {{ killbill_catalogs() }} as catalog_rows
    where catalog_rows.is_active and catalog_rows.tenant_key = 'CATALOG'

)

-- one row per version of a tenant's catalog, as XML
select
    record_id::bigint as catalog_record_id,
    tenant_record_id::bigint as tenant_record_id,
    tenant_value::text as catalog_xml,
    md5(tenant_value::text) as catalog_hash,
    created_date at time zone 'UTC' as created_at
from catalogs
