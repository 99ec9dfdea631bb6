"""A dbt project in miniature, with the conventions that `tidemill run` relies on."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "dbt_project.yml": """
name: stub
version: "1.0"
profile: tidemill
model-paths: [models]
macro-paths: [macros]
test-paths: [checks]
vars:
  tidemill_billing_sources: [stub]
  tidemill_lago_schema: public
  tidemill_as_of: null
  tidemill_max_row_loss: 0.5
  tidemill_week_factor: "52/12"
on-run-start: ["{{ check_config() }}"]
flags:
  send_anonymous_usage_stats: false
""",
    "macros/check_config.sql": """
{% macro check_config() %}
    {% if var("tidemill_week_factor") | string not in ["52/12", "4.33", "4"] %}
        {% do exceptions.raise_compiler_error(
            "tidemill_week_factor is '" ~ var("tidemill_week_factor")
            ~ "': set it to one of 52/12, 4.33, 4."
        ) %}
    {% endif %}
{% endmacro %}
""",
    "macros/generate_schema_name.sql": """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var("TIDEMILL_BUILD_SCHEMA", target.schema) }}
{%- endmacro %}
""",
    "models/levels.sql": """
{{ config(materialized="table") }}
select
    levels.*,
    '{{ var("tidemill_as_of") }}'::timestamptz as as_of
from public.levels
""",
    "models/metric_mrr.sql": """
{{ config(materialized="view") }}
select
    grain, period_start, period_end, is_complete, billing_source, tenant_id, plan, product,
    currency, country, billing_interval, currency as reporting_currency, mrr, as_of
from {{ ref("levels") }}
""",
    "checks/mrr_is_not_negative.sql": """
{{ config(meta={"breaks": ["metric_mrr"]}) }}
select * from {{ ref("metric_mrr") }} where mrr < 0
""",
}

LEVELS = """
create table public.levels (
    grain text,
    period_start date,
    period_end date,
    is_complete boolean,
    billing_source text,
    tenant_id text,
    plan text,
    product text,
    currency text,
    country text,
    billing_interval text,
    mrr numeric(28, 10)
);
insert into public.levels values
('day', '2026-03-15', '2026-03-16', true, 'stub', 'acme', 'pro', 'pro', 'USD', 'US', 'month', 100);
"""


def write_stub_project(directory: Path) -> Path:
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return directory
