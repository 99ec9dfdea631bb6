-- What a billing engine does when a subscription's period begins: an invoice with three fees, which
-- is paid at once.
\set n random(1, :subscriptions)
begin;
select subscription_id, customer_id, organization_id, billing_entity_id, currency, amount_cents
from bench.subscriptions where n = :n \gset
insert into invoices (
    customer_id, organization_id, billing_entity_id, currency, fees_amount_cents,
    total_amount_cents, status, payment_status, issuing_date, finalized_at, created_at, updated_at
) values (
    :customer_id, :organization_id, :billing_entity_id, :currency, :amount_cents,
    :amount_cents, 1, 0, current_date, now(), now(), now()
) returning id as invoice_id \gset
insert into invoice_subscriptions (
    invoice_id, subscription_id, organization_id, from_datetime, to_datetime, timestamp, recurring,
    created_at, updated_at
) values (
    :invoice_id, :subscription_id, :organization_id, now(), now() + interval '1 month', now(),
    false, now(), now()
);
insert into fees (
    invoice_id, subscription_id, organization_id, billing_entity_id, fee_type, amount_cents,
    amount_currency, taxes_amount_cents, units, properties, created_at, updated_at
)
select
    :invoice_id::uuid, :subscription_id::uuid, :organization_id::uuid, :billing_entity_id::uuid,
    fee_type, amount, :currency, 0, 1,
    jsonb_build_object(
        'from_datetime', now(), 'to_datetime', now() + interval '1 month',
        'charges_from_datetime', now() - interval '1 month', 'charges_to_datetime', now()
    ),
    now(), now()
from (values (2, :amount_cents::bigint), (0, 0), (0, 0)) as billed (fee_type, amount);
update subscriptions set updated_at = now() where id = :subscription_id;
update invoices set payment_status = 1, total_paid_amount_cents = :amount_cents, updated_at = now()
where id = :invoice_id;
commit;
