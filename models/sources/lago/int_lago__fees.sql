{{ config(enabled = 'lago' in var('tidemill_billing_sources')) }}

with

fees as (

    select * from {{ ref('stg_lago__fees') }}

),

invoices as (

    select * from {{ ref('stg_lago__invoices') }}

),

subscriptions as (

    select * from {{ ref('stg_lago__subscriptions') }}

),

chains as (

    select * from {{ ref('int_lago__chains') }}

),

plans as (

    select * from {{ ref('stg_lago__plans') }}

),

customers as (

    select * from {{ ref('stg_lago__customers') }}

),

fixed_charges as (

    select * from {{ ref('stg_lago__fixed_charges') }}

),

refunds as (

    select * from {{ ref('int_lago__refunds') }}

),

joined as (

    select
        fees.*,
        customers.tenant_id,
        subscriptions.plan_id,
        plans.plan_code,
        plans.period_unit,
        plans.period_count,
        invoices.invoiced_at,
        case fees.fee_type
            when 0 then plans.has_monthly_charges
            when 5 then plans.has_monthly_fixed_charges
            else false
        end
        and plans.period_unit || plans.period_count in ('year1', 'month6') as is_billed_monthly,
        case
            when fees.fee_type = 0 then fees.metric_code
            when fees.fee_type = 5 then fixed_charges.code
            when fees.fee_type in (2, 4) then plans.plan_code
        end as product,
        coalesce(invoices.customer_id, subscriptions.customer_id) as customer_id,
        coalesce(chains.subscription_id, subscriptions.segment_id) as subscription_id,
        coalesce(refunds.amount, 0) as refunded_by_credit_note,
        -- The last payment made it paid; without one it needed none, or was only said to be paid.
        case
            when invoices.is_paid
                then coalesce(invoices.last_paid_at, fees.paid_at, invoices.invoiced_at)
        end as invoice_paid_at,
        case
            when coalesce(fees.fee_type not in (0, 1, 2, 4, 5), true) then 'unknown_fee_type'
            when invoices.invoice_id is null and (fees.invoice_id is not null or fees.fee_type > 0)
                then 'fee_without_invoice'
            when customers.tenant_id is null then 'customer_missing'
            when fees.amount is null then 'unknown_currency'
            when not (abs(fees.amount) < 1e15 and abs(fees.discount) < 1e15 and fees.tax < 1e15)
                then 'implausible_amount'
        end as unusable_because
    from fees
    left join invoices on fees.invoice_id = invoices.invoice_id
    left join subscriptions on fees.segment_id = subscriptions.segment_id
    left join chains on fees.segment_id = chains.segment_id
    left join plans on subscriptions.plan_id = plans.plan_id
    left join customers
        on coalesce(invoices.customer_id, subscriptions.customer_id) = customers.customer_id
    left join fixed_charges on fees.fixed_charge_id = fixed_charges.fixed_charge_id
    left join refunds on fees.fee_id = refunds.fee_id
    where
        -- An instant fee, outside of invoices, counts when it is paid.
        case
            when fees.invoice_id is null and fees.fee_type = 0 then fees.is_paid
            else invoices.invoice_id is null or invoices.is_real
        end

)

-- one row per fee that is billed for real; one with unusable_because counts nowhere
select
    fee_id,
    tenant_id,
    customer_id,
    subscription_id,
    segment_id is not null and subscription_id is null as is_without_subscription,
    invoice_id,
    case
        when fee_type = 0 then 'usage'
        when fee_type = 1 then 'one_off'
        else 'recurring'
    end as kind,
    plan_code,
    product,
    currency,
    service_from,
    service_to,
    is_partly_unreadable,
    case when is_billed_monthly then 'month' else period_unit end as period_unit,
    case
        when period_unit is null then null
        when is_billed_monthly then 1
        else period_count
    end as period_count,
    amount,
    discount,
    tax,
    coalesce(invoiced_at, paid_at, created_at) as invoiced_at,
    case
        when invoice_id is null then coalesce(paid_at, created_at) else invoice_paid_at
    end as paid_at,
    case
        when is_refunded then amount - discount
        else least(refunded_by_credit_note, amount - discount)
    end as refunded,
    unusable_because
from joined
