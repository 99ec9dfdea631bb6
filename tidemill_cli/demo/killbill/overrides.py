"""Plans at prices of one's own: rows that subscriptions with equal prices share."""

from collections.abc import Mapping
from decimal import Decimal

from tidemill_cli.demo.killbill import timeline
from tidemill_cli.demo.killbill.catalog import phase_name
from tidemill_cli.demo.killbill.model import Override, Tenant
from tidemill_cli.demo.killbill.world import World


def named(
    world: World, tenant: Tenant, parent: str, currency: str, prices: Mapping[int, Decimal]
) -> str:
    """Return the name of a plan whose phases (by number) recur at other prices."""
    for known in tenant.overrides.values():
        if (known.parent, known.currency, known.prices) == (parent, currency, prices):
            return known.name
    now = world.now
    add = world.rows.add
    plan, _, _ = timeline.plan_of(tenant, parent, now, now)
    row = add(
        "catalog_override_plan_definition",
        now,
        parent_plan_name=parent,
        effective_date=now,
        tenant_record_id=tenant.record_id,
    )
    for number, price in prices.items():
        phase = add(
            "catalog_override_phase_definition",
            now,
            parent_phase_name=phase_name(parent, plan.phases[number].type),
            currency=currency,
            fixed_price=None,
            recurring_price=price,
            effective_date=now,
            tenant_record_id=tenant.record_id,
        )
        add(
            "catalog_override_plan_phase",
            now,
            phase_number=number,
            phase_def_record_id=phase["record_id"],
            target_plan_def_record_id=row["record_id"],
            tenant_record_id=tenant.record_id,
        )
    name = f"{parent}-{row['record_id']}"
    tenant.overrides[name] = Override(name, parent, dict(prices), currency)
    return name
