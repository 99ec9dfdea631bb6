with

lines as (

    select
        lines.billing_source,
        lines.tenant_id,
        coalesce(lines.plan, 'unknown') as plan,
        coalesce(lines.product, 'unknown') as product,
        lines.currency,
        lines.amount - lines.discount as amount,
        -- The last day of service; a line without one counts when it is invoiced.
        {{ local_date(
            "coalesce(lines.service_to - interval '1 microsecond', lines.invoiced_at)",
            'lines.tenant_id'
        ) }} as usage_date
    from {{ ref('group_invoice_lines') }} as lines
    inner join {{ ref('group_customers') }} as customers
        on
            lines.billing_source = customers.billing_source
            and lines.tenant_id = customers.tenant_id
            and lines.customer_id = customers.customer_id
    cross join {{ ref('as_of') }} as clock
    where
        lines.kind = 'usage'
        and lines.invoiced_at <= clock.as_of
        and {{ is_counted_customer('customers') }}

)

-- one row per tenant, plan, product, currency and local day of which usage was billed
select
    billing_source,
    tenant_id,
    plan,
    product,
    currency,
    usage_date,
    sum(amount)::numeric(28, 10) as amount,
    count(*) as lines
from lines
group by billing_source, tenant_id, plan, product, currency, usage_date
