{#- Calendar periods: the grains, the period a day lies in, and the periods between two. -#}
{% macro period_grains() -%}
    (select grain from (values ('day'), ('week'), ('month'), ('quarter'), ('year')) as g (grain))
{%- endmacro %}

{#- First day of the period that a date lies in; weeks begin on Monday. -#}
{% macro period_start(grain, date) -%}
    date_trunc({{ grain }}, {{ date }}::timestamp)::date
{%- endmacro %}

{#- First day of the period that follows the one starting on a date. -#}
{% macro next_period_start(grain, start) -%}
    ({{ start }} + {{ _period_length(grain) }})::date
{%- endmacro %}

{#- A lateral set of the periods after one and before another, as column period_start. -#}
{% macro periods_between(grain, after, before) -%}
    {{ periods_from(grain, after ~ " + " ~ _period_length(grain), before) }}
{%- endmacro %}

{#- The same with the first of them. -#}
{% macro periods_from(grain, first, before) -%}
    lateral (
        select series.at::date as period_start
        from
            generate_series(
                {{ first }},
                {{ before }} - interval '1 day',
                {{ _period_length(grain) }}
            ) as series (at)
    )
{%- endmacro %}

{% macro _period_length(grain) -%}
    case {{ grain }}
        when 'day' then interval '1 day'
        when 'week' then interval '7 days'
        when 'month' then interval '1 month'
        when 'quarter' then interval '3 months'
        else interval '1 year'
    end
{%- endmacro %}

{#- A lateral set of the days from one to another, both included, as column rate_date. -#}
{% macro days_between(first, last) -%}
    lateral (
        select series.at::date as rate_date
        from generate_series({{ first }}::timestamp, {{ last }}, interval '1 day') as series (at)
    )
{%- endmacro %}

{#- The day that lies a number of months after the first of a month, or before it. -#}
{% macro months_after(month, months) -%}
    ({{ month }} + ({{ months }}) * interval '1 month')::date
{%- endmacro %}

{#- The end of what has none, where ends are grouped by and compared. -#}
{% macro never() -%}
    date '9999-12-31'
{%- endmacro %}
