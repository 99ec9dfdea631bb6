{#- A lateral set of the ten largest balances that stand in a slice and currency at a month's end,
    found from the largest down, by an index that ends in the balance. -#}
{% macro ten_largest(balances, month_ends) -%}
    lateral (
        select
            standing.customer_source,
            standing.customer_tenant_id,
            standing.customer_id,
            standing.balance
        from {{ balances }} as standing
        where
            standing.billing_source = {{ month_ends }}.billing_source
            and standing.tenant_id = {{ month_ends }}.tenant_id
            and standing.dimension = {{ month_ends }}.dimension
            and standing.dimension_value = {{ month_ends }}.dimension_value
            and standing.reporting_currency = {{ month_ends }}.reporting_currency
            and standing.currency = {{ month_ends }}.currency
            and standing.from_month <= {{ month_ends }}.month_start
            and standing.to_month > {{ month_ends }}.month_start
        order by standing.balance desc
        limit 10
    )
{%- endmacro %}
