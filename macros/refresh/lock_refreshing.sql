{#- Wait until nobody refreshes, and let nobody until the transaction ends: history is captured by
    builds and by refreshes, and each must see what the other has captured. The keys are those of
    tidemill_cli/database/locks.py. -#}
{% macro lock_refreshing() -%}
    select pg_advisory_xact_lock(x'74696465'::integer, x'666c6f77'::integer)
{%- endmacro %}
