{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

catalogs as (

    select * from {{ ref('int_killbill__catalogs') }}

),

rated_states as (

    select * from {{ ref('int_killbill__rated_states') }}

),

priced_states as (

    select * from {{ ref('int_killbill__priced_states') }}

),

billed_periods as (

    select * from {{ ref('int_killbill__billed_periods') }}

),

problems as (

    select
        problem,
        detail
    from (
        values
        (
            'not_parsed',
            'The catalog has not been parsed, since PostgreSQL has no libxml here: `tidemill run` '
            'does it.'
        ),
        ('not_well_formed', 'The catalog is no well-formed XML.'),
        ('document_type', 'The catalog has a document type, which could declare anything.'),
        ('no_catalog', 'The XML is not that of a catalog.'),
        ('no_effective_date', 'The effective date of the catalog cannot be read.')
    ) as problems (problem, detail)

),

-- To the cent, as both are billed: a rate that differs by more was not made of this catalog.
differing as (

    select distinct on (tenant_record_id, subscription_id, event_id) *
    from rated_states
    where
        not is_free_of_terms
        and catalog_amount is not null
        and invoiced_amount is not null
        and (has_same_period is not true or abs(catalog_amount - invoiced_amount) > 0.01)
    order by tenant_record_id, subscription_id, event_id, valid_from desc

)

-- one row per reason why a price is not sure, with a sentence of its own where there are numbers
select
    catalogs.tenant_record_id,
    null::text as account_id,
    'catalog_not_parsed' as issue,
    'tenant_kvs' as source_table,
    catalogs.catalog_record_id::text as source_row_id,
    problems.detail
from catalogs
inner join problems on catalogs.problem = problems.problem

union all

select
    tenant_record_id,
    account_id,
    'price_differs' as issue,
    'subscription_events' as source_table,
    event_id as source_row_id,
    'The catalog says '
    || trim_scale(catalog_amount)
    || ' '
    || account_currency
    || ' for '
    || catalog_count
    || ' '
    || catalog_unit
    || ', and invoices bill '
    || trim_scale(invoiced_amount)
    || ' '
    || invoiced_currency
    || ' for '
    || invoiced_count
    || ' '
    || invoiced_unit
    || '.' as detail
from differing

union all

select distinct
    tenant_record_id,
    account_id,
    'price_unknown' as issue,
    'subscription_events' as source_table,
    event_id as source_row_id,
    null as detail
from priced_states
where is_price_unknown

union all

-- All that was billed with it has the period that this says.
select distinct
    tenant_record_id,
    null as account_id,
    'period_inferred' as issue,
    'invoice_items' as source_table,
    phase_name as source_row_id,
    'Items of this phase are taken for one period of ' || period_count || ' ' || period_unit || '.'
        as detail
from billed_periods
where is_inferred
