{{ config(enabled = 'killbill' in var('tidemill_billing_sources')) }}

with

versions as (

    select distinct
        tenant_record_id,
        plan_name,
        catalog_record_id,
        version_number,
        catalog_effective_at as effective_at,
        existing_effective_at,
        -- when it begins to count for who has the plan already
        case
            when existing_effective_at is not null
                then greatest(existing_effective_at, catalog_effective_at)
        end as existing_from
    from {{ ref('int_killbill__catalog_prices') }}

),

plans as (

    select
        tenant_record_id,
        plan_name,
        min(version_number) as first_version
    from versions
    group by tenant_record_id, plan_name

),

-- A subscription's price depends on when its plan was last changed, and then on the day.
eras as (

    select
        tenant_record_id,
        plan_name,
        '-infinity'::timestamptz as changed_from
    from plans

    union

    select
        tenant_record_id,
        plan_name,
        effective_at as changed_from
    from versions

),

turns as (

    select
        tenant_record_id,
        plan_name,
        '-infinity'::timestamptz as valid_from
    from plans

    union

    select
        tenant_record_id,
        plan_name,
        existing_from as valid_from
    from versions
    where existing_from is not null

    union

    -- a plan that the oldest version has not may be had before any version that has it counts
    select
        versions.tenant_record_id,
        versions.plan_name,
        versions.effective_at as valid_from
    from versions
    inner join plans
        on
            versions.tenant_record_id = plans.tenant_record_id
            and versions.plan_name = plans.plan_name
    where plans.first_version > 1

),

ranked as (

    select
        eras.tenant_record_id,
        eras.plan_name,
        eras.changed_from,
        turns.valid_from,
        versions.catalog_record_id,
        versions.version_number,
        case
            when
                versions.version_number = 1
                or versions.effective_at <= eras.changed_from
                or versions.existing_from <= turns.valid_from
                then 1
            when versions.existing_from is null and versions.effective_at <= turns.valid_from then 2
            else 3
        end as choice
    from eras
    inner join turns
        on
            eras.tenant_record_id = turns.tenant_record_id
            and eras.plan_name = turns.plan_name
    inner join versions
        on
            eras.tenant_record_id = versions.tenant_record_id
            and eras.plan_name = versions.plan_name

),

-- The newest that holds; where none does, the one that comes first.
chosen as (

    select distinct on (tenant_record_id, plan_name, changed_from, valid_from) *
    from ranked
    order by
        tenant_record_id,
        plan_name,
        changed_from,
        valid_from,
        choice,
        case when choice < 3 then -version_number else version_number end

),

marked as (

    select
        *,
        lag(catalog_record_id) over (
            partition by tenant_record_id, plan_name, changed_from
            order by valid_from
        ) as catalog_before
    from chosen

),

next_eras as (

    select
        tenant_record_id,
        plan_name,
        changed_from,
        lead(changed_from, 1, 'infinity') over (
            partition by tenant_record_id, plan_name
            order by changed_from
        ) as changed_to
    from eras

)

-- one row per plan, [changed_from, changed_to) in which a subscription came to it, and
-- [valid_from, valid_to) in which one version of the catalog says what it costs
select
    marked.tenant_record_id,
    marked.plan_name,
    marked.changed_from,
    next_eras.changed_to,
    marked.valid_from,
    lead(marked.valid_from, 1, 'infinity') over (
        partition by marked.tenant_record_id, marked.plan_name, marked.changed_from
        order by marked.valid_from
    ) as valid_to,
    marked.catalog_record_id
from marked
inner join next_eras
    on
        marked.tenant_record_id = next_eras.tenant_record_id
        and marked.plan_name = next_eras.plan_name
        and marked.changed_from = next_eras.changed_from
where marked.catalog_record_id is distinct from marked.catalog_before
