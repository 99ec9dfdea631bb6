{#- Whether a Lago invoice is the organisation's own revenue: finalized (a void and its
    replacement leave one), not self-billed by a partner, not lost in a payment dispute. -#}
{% macro is_real_invoice(invoices) -%}
    (
        {{ invoices }}.status = 1
        and not {{ invoices }}.self_billed
        and {{ invoices }}.payment_dispute_lost_at is null
    )
{%- endmacro %}
