{#- What is read of a subscription, as the columns of jsonb_to_record: an object is large, and each
    look into one that is kept out of line would fetch it again. -#}
{% macro stripe_subscription_fields() -%}
    id text,
    status text,
    customer jsonb,
    currency text,
    items jsonb,
    created jsonb,
    start_date jsonb,
    trial_start jsonb,
    trial_end jsonb,
    current_period_end jsonb,
    cancel_at jsonb,
    cancel_at_period_end text,
    canceled_at jsonb,
    ended_at jsonb,
    cancellation_details jsonb,
    pause_collection jsonb,
    discount jsonb,
    discounts jsonb,
    collection_method text,
    schedule jsonb,
    livemode text,
    _updated_at jsonb
{%- endmacro %}

{#- A list or the data of Stripe's list object; empty when it is neither. -#}
{% macro stripe_list(value) -%}
    case
        when jsonb_typeof({{ value }} -> 'data') = 'array' then {{ value }} -> 'data'
        when jsonb_typeof({{ value }}) = 'array' then {{ value }}
        else '[]'
    end
{%- endmacro %}

{#- The end of the period paid for. Newer versions of the API keep it with the items, which may
    differ in it: then the last one. -#}
{% macro stripe_period_end(fields) -%}
    coalesce(
        {{ stripe_instant(fields ~ ".current_period_end") }},
        (
            select max({{ stripe_instant("each.value -> 'current_period_end'") }})
            from jsonb_array_elements({{ stripe_list(fields ~ ".items") }}) as each (value)
        )
    )
{%- endmacro %}

{#- What matters of a subscription at one instant, in one form whatever version of the API the object
    is rendered in. Two that are equal say the same; the period that runs is no part of it. -#}
{% macro stripe_state(fields) -%}
    jsonb_strip_nulls(
        jsonb_build_object(
            'status', {{ fields }}.status,
            'currency', {{ fields }}.currency,
            'start', {{ fields }}.start_date,
            'trial_start', {{ fields }}.trial_start,
            'trial_end', {{ fields }}.trial_end,
            'is_paused', nullif(jsonb_typeof({{ fields }}.pause_collection) = 'object', false),
            'canceled_at', {{ fields }}.canceled_at,
            'ended_at', {{ fields }}.ended_at,
            'planned_end', coalesce(
                {{ stripe_instant(fields ~ ".cancel_at") }},
                case
                    when {{ fields }}.cancel_at_period_end = 'true'
                        then {{ stripe_period_end(fields) }}
                end
            ),
            'reason', {{ fields }}.cancellation_details -> 'reason',
            'has_more_items', nullif({{ fields }}.items ->> 'has_more' = 'true', false),
            'discounts', {{ _discounts_of(fields ~ ".discounts", fields ~ ".discount") }},
            -- else there may be others than the first, in an older payload or the classic landing
            'has_all_discounts', nullif(
                coalesce(jsonb_typeof({{ fields }}.discounts) = 'array', false), false
            ),
            'items', (
                select jsonb_agg(
                    jsonb_build_object(
                        'id', each.value -> 'id',
                        'price', {{ _price_of("each.value -> 'price'") }},
                        'plan', {{ _plan_of("each.value -> 'plan'") }},
                        'quantity', each.value -> 'quantity',
                        'created', each.value -> 'created',
                        'trial_start', each.value #> '{current_trial,start_date}',
                        'trial_end', each.value #> '{current_trial,end_date}',
                        'discounts', {{ _discounts_of("each.value -> 'discounts'", "each.value -> 'discount'") }}
                    )
                    order by each.value ->> 'id'
                )
                from jsonb_array_elements({{ stripe_list(fields ~ ".items") }}) as each (value)
            ),
            'known_discounts', (
                select jsonb_agg({{ stripe_discount("each.value") }} order by each.value ->> 'id')
                from
                    jsonb_array_elements(
                        jsonb_build_array({{ fields }}.discount) || {{ stripe_list(fields ~ ".discounts") }}
                        || jsonb_path_query_array({{ fields }}.items, 'lax $.data[*].discounts[*]')
                    ) as each (value)
                where jsonb_typeof(each.value) = 'object'
            )
        )
    )
{%- endmacro %}

{#- The facts of a price that cannot change, of the item that embeds it. -#}
{% macro _price_of(price) -%}
    case
        when jsonb_typeof({{ price }}) = 'object'
            then jsonb_build_object(
                {%- for key in ["id", "currency", "unit_amount", "unit_amount_decimal", "recurring",
                    "billing_scheme", "transform_quantity"] %}
                '{{ key }}', {{ price }} -> '{{ key }}',
                {%- endfor %}
                'product', {{ stripe_id(price ~ " -> 'product'") }}
            )
        else to_jsonb({{ stripe_id(price) }})
    end
{%- endmacro %}

{% macro _plan_of(plan) -%}
    case
        when jsonb_typeof({{ plan }}) = 'object'
            then jsonb_build_object(
                {%- for key in ["id", "currency", "amount", "amount_decimal", "interval",
                    "interval_count", "usage_type", "billing_scheme", "transform_usage"] %}
                '{{ key }}', {{ plan }} -> '{{ key }}',
                {%- endfor %}
                'product', {{ stripe_id(plan ~ " -> 'product'") }}
            )
        else to_jsonb({{ stripe_id(plan) }})
    end
{%- endmacro %}

{#- The facts of a discount. Its coupon is an object in it or, in newer versions of the API, an id. -#}
{% macro stripe_discount(discount) -%}
    jsonb_build_object(
        'id', {{ discount }} -> 'id',
        'ends_at', {{ discount }} -> 'end',
        'coupon', coalesce(
            {{ stripe_id(discount ~ " -> 'coupon'") }}, {{ stripe_id(discount ~ " #> '{source,coupon}'") }}
        ),
        -- only where somebody has asked Stripe for it
        'products', coalesce(
            {{ discount }} #> '{coupon,applies_to,products}',
            {{ discount }} #> '{source,coupon,applies_to,products}'
        ),
        {%- for key in ["duration", "duration_in_months", "percent_off", "amount_off", "currency"] %}
        '{{ key }}', coalesce(
            {{ discount }} #> '{coupon,{{ key }}}', {{ discount }} #> '{source,coupon,{{ key }}}'
        ){{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- The ids of the discounts that an object lists, in the order in which they apply; older versions
    of the API give the first as an object beside them. -#}
{% macro _discounts_of(discounts, discount) -%}
    coalesce(
        (
            select jsonb_agg({{ stripe_id("each.value") }} order by each.position)
            from jsonb_array_elements({{ stripe_list(discounts) }})
                with ordinality as each (value, position)
        ),
        case
            when jsonb_typeof({{ discount }}) = 'object'
                then jsonb_build_array({{ discount }} -> 'id')
        end
    )
{%- endmacro %}
