{#- The whole months between two dates; 0 where they are no months apart. A period that ends with a
    shorter month began on one of its days to come. -#}
{% macro killbill_months(from_date, to_date) -%}
    case
        when
            extract(day from {{ from_date }}) = extract(day from {{ to_date }})
            or (
                extract(day from {{ to_date }} + 1) = 1
                and extract(day from {{ from_date }}) > extract(day from {{ to_date }})
            )
            or (
                extract(day from {{ from_date }} + 1) = 1
                and extract(day from {{ to_date }}) > extract(day from {{ from_date }})
            )
            then (
                (extract(year from {{ to_date }}) - extract(year from {{ from_date }})) * 12
                + extract(month from {{ to_date }}) - extract(month from {{ from_date }})
            )::integer
        else 0
    end
{%- endmacro %}
