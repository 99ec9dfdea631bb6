{%- set sessions = option('netting') == '60min' %}

with

counted as (

    select
        intervals.*,
        case when intervals.counts_to <= clock.as_of then intervals.counts_to end as ended_at
    from {{ ref('counted_intervals') }} as intervals
    cross join {{ ref('as_of') }} as clock
    where intervals.counts_from <= clock.as_of

),
{%- if sessions %}

instants as (

    select
        billing_source,
        tenant_id,
        customer_id,
        counts_from as instant
    from counted
    union
    select
        billing_source,
        tenant_id,
        customer_id,
        ended_at as instant
    from counted
    where ended_at is not null

),

with_gaps as (

    select
        *,
        case
            when
                instant <= lag(instant) over (
                    partition by billing_source, tenant_id, customer_id
                    order by instant
                ) + interval '60 minutes'
                then null
            else instant
        end as opening
    from instants

),

-- What follows within an hour belongs to the same window, named by its first instant.
sessions as (

    select
        *,
        max(opening) over (
            partition by billing_source, tenant_id, customer_id
            order by instant
        ) as session
    from with_gaps

),
{%- endif %}

-- What begins and ends within one window leaves no trace.
windowed as (

    select
        counted.*,
        {%- if sessions %}
        begins.session as from_window,
        ends.session as to_window
        {%- else %}
        {{ netting_window('counted.counts_from', 'counted.tenant_id') }} as from_window,
        {{ netting_window('counted.ended_at', 'counted.tenant_id') }} as to_window
        {%- endif %}
    from counted
    {%- if sessions %}
    inner join sessions as begins
        on
            counted.billing_source = begins.billing_source
            and counted.tenant_id = begins.tenant_id
            and counted.customer_id = begins.customer_id
            and counted.counts_from = begins.instant
    left join sessions as ends
        on
            counted.billing_source = ends.billing_source
            and counted.tenant_id = ends.tenant_id
            and counted.customer_id = ends.customer_id
            and counted.ended_at = ends.instant
    {%- endif %}

)

-- one row per item and unbroken [from_window, to_window) of netting windows at whose end it has
-- this MRR
select
    billing_source,
    tenant_id,
    customer_id,
    subscription_id,
    item_id,
    from_window,
    to_window,
    plan,
    product,
    currency,
    country,
    billing_interval,
    quantity,
    list_mrr,
    mrr,
    is_paused,
    is_usage,
    is_voluntary,
    counts_from as changed_at,
    ended_at,
    recorded_at,
    source_row
from windowed
where to_window is null or from_window < to_window
