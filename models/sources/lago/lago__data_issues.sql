{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

subscriptions as (

    select * from {{ ref('stg_lago__subscriptions') }}

),

chains as (

    select * from {{ ref('int_lago__chains') }}

),

segments as (

    select * from {{ ref('int_lago__segments') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

fixed_charge_amounts as (

    select * from {{ ref('int_lago__fixed_charge_amounts') }}

),

commitments as (

    select * from {{ ref('stg_lago__commitments') }}

),

applied_coupons as (

    select * from {{ ref('stg_lago__applied_coupons') }}

),

fees as (

    select * from {{ ref('int_lago__fees') }}

),

issues as (

    select * from {{ ref('lago_issues') }}

),

found as (

    select
        tenant_id,
        customer_id,
        unusable_because as issue,
        'subscriptions' as source_table,
        segment_id as source_row_id
    from chains
    where unusable_because is not null

    union all

    select
        tenant_id,
        customer_id,
        case when status in (1, 2) then 'start_missing' else 'unknown_status' end as issue,
        'subscriptions' as source_table,
        segment_id as source_row_id
    from subscriptions
    where
        (status in (1, 2) and lives_from is null)
        or coalesce(status not between 0 and 4, true)

    union all

    select
        tenant_id,
        customer_id,
        'tenant_missing' as issue,
        'customers' as source_table,
        customer_id as source_row_id
    from customers
    where tenant_id is null

    union all

    select
        tenant_id,
        customer_id,
        'unknown_timezone' as issue,
        'customers' as source_table,
        customer_id as source_row_id
    from customers
    where has_unknown_timezone

    union all

    select
        plans.tenant_id,
        null as customer_id,
        checks.issue,
        'plans' as source_table,
        plans.plan_id as source_row_id
    from plans
    cross join
        lateral (
            values
            (
                'plan_without_price',
                plans.amount is null and plans.period_unit || plans.subunit_to_unit is not null
            ),
            ('implausible_trial', plans.has_implausible_trial)
        ) as checks (issue, is_found)
    where checks.is_found

    union all

    select distinct
        segments.tenant_id,
        segments.customer_id,
        'unreadable_price' as issue,
        'fixed_charges' as source_table,
        fixed_charge_amounts.fixed_charge_id as source_row_id
    from fixed_charge_amounts
    inner join segments on fixed_charge_amounts.segment_id = segments.segment_id
    where not fixed_charge_amounts.is_usable

    union all

    select
        plans.tenant_id,
        null as customer_id,
        'implausible_amount' as issue,
        'commitments' as source_table,
        commitments.commitment_id as source_row_id
    from commitments
    left join plans on commitments.plan_id = plans.plan_id
    where not commitments.is_usable

    union all

    select
        customers.tenant_id,
        applied_coupons.customer_id,
        applied_coupons.unusable_because as issue,
        'applied_coupons' as source_table,
        applied_coupons.applied_coupon_id as source_row_id
    from applied_coupons
    left join customers on applied_coupons.customer_id = customers.customer_id
    where applied_coupons.unusable_because is not null

    union all

    select
        fees.tenant_id,
        fees.customer_id,
        checks.issue,
        'fees' as source_table,
        fees.fee_id as source_row_id
    from fees
    cross join
        lateral (
            values
            (fees.unusable_because, fees.unusable_because is not null),
            ('fee_without_subscription', fees.is_without_subscription),
            ('unreadable_fee_properties', fees.is_partly_unreadable)
        ) as checks (issue, is_found)
    where checks.is_found

)

-- one row per billing row and reason why it could not be used as it is
select
    'lago' as billing_source,
    coalesce(found.tenant_id::text, 'unknown') as tenant_id,
    found.customer_id::text as customer_id,
    found.issue::text as issue,
    case when issues.is_quarantined then 'error' else 'warning' end as severity,
    issues.is_quarantined,
    issues.surface_relation::text as surface_relation,
    found.source_table::text as source_table,
    found.source_row_id::text as source_row_id,
    issues.detail::text as detail
from found
left join issues on found.issue = issues.issue
