with

checked as (

    select * from {{ ref('checked_intervals') }}

),

excluded as (

    select * from {{ ref('customers') }} as customers
    where not {{ is_counted_customer('customers') }}

),

explanations as (

    select *
    from (
        values
        ('customer_missing', 'The subscription has no customer.'),
        ('negative_quantity', 'The quantity is below zero.'),
        ('negative_amount', 'The amount is below zero, or no number.'),
        ('end_before_start', 'It ends before it begins.'),
        ('unknown_currency', 'The currency is none of ISO 4217.'),
        ('unknown_period', 'The billing period is not known.'),
        ('implausible_start', 'It starts before 1970, or in more than a century.'),
        ('duplicate_row', 'Another row of the item begins at the same instant, and counts.'),
        ('missing_plan', 'It has no plan, and counts under the plan unknown.'),
        ('implausible_end', 'It ends in more than a century: taken for no end.'),
        ('overlapping_interval', 'The item''s next row begins before it ends: cut there.')
    ) as sentences (issue, detail)

),

in_intervals as (

    select
        checked.billing_source,
        checked.tenant_id,
        checked.customer_id,
        found.issue,
        checked.error is not null as is_quarantined,
        checked.source_table,
        checked.source_row_id
    from checked
    cross join
        lateral (
            values
            (checked.error),
            (case when checked.has_no_plan then 'missing_plan' end),
            (case when checked.ends_implausibly then 'implausible_end' end),
            (case when checked.overlaps_next then 'overlapping_interval' end)
        ) as found (issue)
    where found.issue is not null

),

found as (

    select
        billing_source,
        tenant_id,
        customer_id,
        issue,
        severity,
        is_quarantined,
        surface_relation,
        source_table,
        source_row_id,
        detail
    from {{ ref('source_issues') }}

    union all

    select
        in_intervals.billing_source,
        in_intervals.tenant_id,
        in_intervals.customer_id,
        in_intervals.issue,
        case when in_intervals.is_quarantined then 'error' else 'warning' end as severity,
        in_intervals.is_quarantined,
        'subscription_intervals' as surface_relation,
        in_intervals.source_table,
        in_intervals.source_row_id,
        explanations.detail
    from in_intervals
    inner join explanations on in_intervals.issue = explanations.issue

    union all

    -- not wrong, but nobody should look for them in vain
    select
        billing_source,
        tenant_id,
        customer_id,
        'customer_excluded' as issue,
        'note' as severity,
        true as is_quarantined,
        'customers' as surface_relation,
        null as source_table,
        customer_id as source_row_id,
        'It is excluded: ' || coalesce(excluded_because, 'tidemill_exclude_customers names it')
        || '.' as detail
    from excluded

)

-- one row per thing wrong with a row of the billing data, and per customer that is left out
select
    found.billing_source,
    found.tenant_id,
    found.customer_id,
    found.issue,
    found.severity,
    found.is_quarantined,
    case found.surface_relation
        when 'invoice_lines' then 'usage revenue, cash of cohorts'
        when 'trials' then 'trials'
        when 'customers' then 'all'
        else 'MRR, customers and all that is made of them'
    end as metrics_affected,
    found.source_table,
    found.source_row_id,
    found.detail
from found
