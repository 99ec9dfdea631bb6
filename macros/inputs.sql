{#- The tables that people fill, in <schema>_inputs, made when they are missing: no build writes in
    them. `tidemill fx load` and the other commands that load make them with this macro, too, so it
    uses nothing of dbt's but the name of the schema. -#}
{% macro create_inputs() -%}
    {%- set schema = target.schema ~ "_inputs" -%}
    do $$
    begin
        if to_regnamespace('"{{ schema }}"') is null then
            create schema if not exists "{{ schema }}";
        end if;

        if to_regclass('"{{ schema }}"."fx_rates"') is null then
            create table if not exists "{{ schema }}".fx_rates (
                rate_date date not null,
                currency text not null check (currency ~ '^[A-Z]{3}$'),
                -- 'infinity' keeps out NaN, which PostgreSQL takes for more than every number.
                rate numeric not null check (rate > 0 and rate < 'infinity'),
                base_currency text not null check (base_currency ~ '^[A-Z]{3}$'),
                primary key (base_currency, currency, rate_date)
            );
            comment on table "{{ schema }}".fx_rates is
                'One row per base currency, currency and day with a published exchange rate. '
                'Filled by people (tidemill fx load), never by a build.';
            comment on column "{{ schema }}".fx_rates.rate_date is
                'Day the rate was published; it holds until the next one.';
            comment on column "{{ schema }}".fx_rates.currency is 'ISO 4217 code.';
            comment on column "{{ schema }}".fx_rates.rate is
                'Units of the currency for one unit of the base currency.';
            comment on column "{{ schema }}".fx_rates.base_currency is
                'ISO 4217 code, the same in every row; its own rate is 1 and needs no row.';
        end if;

        if to_regclass('"{{ schema }}"."spend"') is null then
            create table if not exists "{{ schema }}".spend (
                spend_date date not null,
                tenant_id text,
                currency text not null check (currency ~ '^[A-Z]{3}$'),
                amount numeric not null check (amount > '-infinity' and amount < 'infinity'),
                note text
            );
            comment on table "{{ schema }}".spend is
                'One row per amount spent on winning customers. '
                'Filled by people (tidemill spend load), never by a build.';
            comment on column "{{ schema }}".spend.spend_date is
                'Day the amount counts on; a month''s spend may stand on any day of it.';
            comment on column "{{ schema }}".spend.tenant_id is
                'Tenant it was spent for; null when for all of them.';
            comment on column "{{ schema }}".spend.currency is 'ISO 4217 code of the amount.';
            comment on column "{{ schema }}".spend.amount is 'Amount spent, in major units.';
            comment on column "{{ schema }}".spend.note is 'Anything worth remembering.';
        end if;

        if to_regclass('"{{ schema }}"."customer_attributes"') is null then
            create table if not exists "{{ schema }}".customer_attributes (
                customer_id text primary key,
                attributes jsonb not null check (jsonb_typeof(attributes) = 'object')
            );
            comment on table "{{ schema }}".customer_attributes is
                'One row per customer of whom more is known than its engine says. '
                'Filled by people (tidemill attributes load), never by a build.';
            comment on column "{{ schema }}".customer_attributes.customer_id is
                'Id of the customer, the engine''s or your own (external_id).';
            comment on column "{{ schema }}".customer_attributes.attributes is
                'Attributes by name; each goes before the engine''s of that name.';
        end if;

        if to_regclass('"{{ schema }}"."segments"') is null then
            create table if not exists "{{ schema }}".segments (
                segment text not null check (segment <> '' and strpos(segment, chr(31)) = 0),
                clause integer not null,
                condition integer not null,
                field text not null,
                operator text not null
                check (operator in ('in', 'contains', 'greater', 'less', 'empty')),
                operands text[] not null,
                is_negated boolean not null,
                primary key (segment, clause, condition)
            );
            comment on table "{{ schema }}".segments is
                'One row per condition of a segment: a customer is in it for whom all conditions of '
                'one of its clauses hold. Filled by people (tidemill segments load), never by a build.';
            comment on column "{{ schema }}".segments.segment is 'Name of the segment.';
            comment on column "{{ schema }}".segments.clause is 'Any one of them is enough.';
            comment on column "{{ schema }}".segments.condition is 'All of a clause must hold.';
            comment on column "{{ schema }}".segments.field is
                'What is looked at: plan, product, currency, country, billing_interval, source, tenant '
                'or attribute.<name>.';
            comment on column "{{ schema }}".segments.operator is
                'How it is compared: in, contains, greater, less or empty.';
            comment on column "{{ schema }}".segments.operands is 'With which values.';
            comment on column "{{ schema }}".segments.is_negated is 'Whether it must not hold.';
        end if;

        if to_regclass('"{{ schema }}"."tenant_readers"') is null then
            create table if not exists "{{ schema }}".tenant_readers (
                role_name text not null,
                tenant_id text not null,
                -- A tenant's id may be another one's in another engine.
                billing_source text,
                unique nulls not distinct (role_name, tenant_id, billing_source)
            );
            comment on table "{{ schema }}".tenant_readers is
                'One row per role and tenant that it may see the metrics of. '
                'Filled by people (tidemill init --tenant), never by a build.';
            comment on column "{{ schema }}".tenant_readers.role_name is
                'A role; it and its members see no other tenant, and no total over tenants.';
            comment on column "{{ schema }}".tenant_readers.tenant_id is 'Tenant it sees.';
            comment on column "{{ schema }}".tenant_readers.billing_source is
                'Billing engine the tenant is one of; null when of any.';
        end if;

        if to_regclass('"{{ schema }}"."definitions"') is null then
            create table if not exists "{{ schema }}".definitions (
                option text primary key,
                value text not null,
                set_at timestamptz not null,
                set_by text not null
            );
            comment on table "{{ schema }}".definitions is
                'One row per definition that was chosen for good, in place of the default of '
                'dbt_project.yml. Filled by people (tidemill definitions set), never by a build.';
            comment on column "{{ schema }}".definitions.option is
                'Name of the option, without the prefix tidemill_.';
            comment on column "{{ schema }}".definitions.value is
                'Value, as it is written in YAML.';
            comment on column "{{ schema }}".definitions.set_at is
                'When it was chosen; the numbers have been made by it since then.';
            comment on column "{{ schema }}".definitions.set_by is 'User who chose it.';
        end if;
    end
    $$
{%- endmacro %}
