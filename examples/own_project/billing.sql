-- A billing ledger as a company may have built it: accounts, and contracts at a price for a time.
create schema billing;

create table billing.accounts (
    id bigint primary key,
    name text not null,
    country text,
    created_at timestamptz not null,
    segment text
);

create table billing.contracts (
    id bigint primary key,
    account_id bigint not null references billing.accounts (id),
    plan text not null,
    seats integer not null,
    cents_per_seat integer not null,
    percent_off integer not null default 0,
    currency text not null,
    billed_yearly boolean not null,
    trial_until timestamptz,
    starts_at timestamptz not null,
    ends_at timestamptz,
    signed_at timestamptz not null
);

create index on billing.contracts (account_id);

insert into billing.accounts values
(1, 'Ada', 'DE', '2025-01-01', 'smb'),
(2, 'Bell', 'US', '2025-02-01', 'enterprise');

insert into billing.contracts values
-- 3 seats at 10.00 a month, 20 % off: 24.00. Renewed with 5 seats in June: 40.00.
(10, 1, 'team', 3, 1000, 20, 'EUR', false, null, '2025-01-10', '2025-06-01', '2025-01-09'),
(11, 1, 'team', 5, 1000, 20, 'EUR', false, null, '2025-06-01', null, '2025-05-20'),
-- 2 seats at 600.00 a year after a month of trial: 100.00 from March on, until October.
(12, 2, 'pro', 2, 60000, 0, 'EUR', true, '2025-03-01', '2025-02-01', '2025-10-01', '2025-02-01');
