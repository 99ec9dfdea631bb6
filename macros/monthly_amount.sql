{#- An amount per billing period as an amount per month, exact to ten decimals:
    day x 365/12, week x 52/12 (or the factor chosen), month / n, year / 12n. -#}
{% macro monthly_amount(amount, period_unit, period_count) -%}
    round(
        ({{ amount }})::numeric(38, 20)
        * case {{ period_unit }}
            when 'day' then 365
            when 'week' then {{ {"52/12": 52, "4.33": 51.96, "4": 48}[option("week_factor")] }}
            when 'month' then 12
            else 1
        end
        / (12 * {{ period_count }}),
        10
    )::numeric(28, 10)
{%- endmacro %}
