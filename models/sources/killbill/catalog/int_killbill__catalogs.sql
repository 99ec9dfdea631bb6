{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

catalogs as (

    select * from {{ ref('stg_killbill__catalogs') }}

),

documents as (

    select
        catalog_hash,
        problem,
        nullif(billing_mode, '') as billing_mode,
        {{ killbill_xml_instant('effective_at') }} as effective_at
    from {{ killbill_catalog_documents(ref('stg_killbill__catalogs')) }} as documents

),

told as (

    select
        catalogs.tenant_record_id,
        catalogs.catalog_record_id,
        catalogs.catalog_hash,
        documents.effective_at,
        documents.billing_mode,
        coalesce(
            documents.problem, case when documents.effective_at is null then 'no_effective_date' end
        ) as problem
    from catalogs
    inner join documents on catalogs.catalog_hash = documents.catalog_hash

)

-- one row per version of a tenant's catalog; what has a problem cannot be read
select
    tenant_record_id,
    catalog_record_id,
    catalog_hash,
    effective_at,
    billing_mode,
    problem,
    row_number() over (
        partition by tenant_record_id, problem is null
        order by effective_at, catalog_record_id
    )::integer as version_number
from told
