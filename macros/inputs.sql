{#- The tables a user fills: made empty when missing, never written to again. -#}
{% macro create_inputs() -%}
    {%- set schema = adapter.quote(target.schema ~ "_inputs") -%}
    create schema if not exists {{ schema }};
    create table if not exists {{ schema }}.fx_rates (
        rate_date date not null,
        currency text not null,
        rate numeric not null check (rate > 0),
        base_currency text not null,
        primary key (base_currency, currency, rate_date)
    );
    create table if not exists {{ schema }}.spend (
        spend_date date not null,
        tenant_id text,
        currency text not null,
        amount numeric not null,
        note text
    );
{%- endmacro %}
