"""What a landing may hold that no script of the simulator makes: rows written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from plain_dbt.in_process import UNTESTED, InProcess
from plain_dbt.stripe_objects import MONTHLY, Object, Shape, invoice, line, seconds, subscription
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.schema import Generation, create_schema

PERIOD = ("2025-01-01", "2025-02-01")
# Customers of live mode, each with a subscription.
NAMED = (
    *("included", "taxed", "prepaid", "truncated", "expanded", "huge", "left", "draft"),
    "incomplete",
)
Row = dict[str, Any]


def tax(cents: int, *, inclusive: bool, shape: Shape) -> Object:
    """A tax of a line, in either shape."""
    if shape == "acacia":
        return {"tax_amounts": [{"amount": cents, "inclusive": inclusive}]}
    behavior = "inclusive" if inclusive else "exclusive"
    return {"taxes": [{"amount": cents, "tax_behavior": behavior}]}


def bill(name: str, shape: Shape, *lines: Object, **facts: object) -> Object:
    """A paid invoice of a customer and a subscription that are named alike."""
    made = invoice(
        f"{name}_{shape}",
        f"cus_{name}_{shape}",
        f"sub_{name}_{shape}",
        "2025-01-01",
        list(lines),
        shape,
    )
    return {**made, "billing_reason": "subscription_cycle", "metadata": {}, **facts}


def regular(name: str, shape: Shape, cents: int, **facts: Any) -> Object:  # noqa: ANN401 - passed on
    discounts = facts.pop("discounts", None)
    sub = f"sub_{name}_{shape}"
    made = line(
        f"{name}_{shape}", sub, f"si_{name}", MONTHLY, 1, cents, PERIOD, shape, discounts=discounts
    )
    return {**made, **facts}


def objects(shape: Shape) -> dict[str, list[Object]]:
    """Every odd thing once, each with a customer of its own."""
    included = regular(
        "included", shape, 12000, discounts={"di_1": 1200}, **tax(1800, inclusive=True, shape=shape)
    )
    both = {**tax(300, inclusive=False, shape=shape), "discount_amounts": []}
    credits = [
        {
            "amount": 400,
            "type": "credit_balance_transaction",
            "credit_balance_transaction": "cbt_1",
        },
        {"amount": 500, "type": "discount", "discount": "di_2"},
    ]
    prepaid = regular(
        "prepaid", shape, 2000, discounts={"di_2": 500}, pretax_credit_amounts=credits
    )
    truncated = bill("truncated", shape, regular("truncated", shape, 2000))
    truncated["lines"]["has_more"] = True
    expanded = bill("expanded", shape, regular("expanded", shape, 2000))
    expanded["customer"] = {"id": expanded["customer"], "object": "customer", "name": "Acme"}
    # Of the events of its first second, the engine has kept the first.
    left = bill("left", shape, regular("left", shape, 2000), status="draft", total=2000)
    left |= {"billing_reason": "subscription_create", "status_transitions": {}}
    # A renewal, within its hour.
    draft = bill("draft", shape, regular("draft", shape, 2000), status="draft", total=2000)
    draft |= {"created": seconds("2025-01-19T23:30"), "status_transitions": {}}
    names = (*NAMED, "test")
    return {
        "customers": [
            {
                "id": f"cus_{name}_{shape}",
                "object": "customer",
                "name": name,
                "created": seconds("2025-01-01"),
                "livemode": name != "test",
            }
            for name in names
        ],
        "subscriptions": [
            subscription(
                f"{name}_{shape}",
                f"cus_{name}_{shape}",
                [],
                "2025-01-01",
                shape,
                status="incomplete" if name == "incomplete" else "active",
            )
            for name in names
        ],
        "invoices": [
            bill("included", shape, included),
            bill("taxed", shape, regular("taxed", shape, 2000, **both)),
            bill("prepaid", shape, prepaid),
            truncated,
            expanded,
            bill("huge", shape, regular("huge", shape, 10**16)),
            left,
            draft,
            bill("test", shape, regular("test", shape, 2000), livemode=False),
            # Neither the customer nor the subscription has landed.
            bill("unknown", shape, regular("unknown", shape, 2000)),
        ],
    }


@dataclass(frozen=True)
class Landing:
    """A generation, and the schema that it lands in."""

    generation: Generation
    schema: str = "stripe"


LANDINGS = [
    pytest.param(Landing("classic"), id="classic", marks=pytest.mark.slow),
    pytest.param(Landing("replit"), id="replit", marks=pytest.mark.slow),
    pytest.param(Landing("v1"), id="v1"),
    # Where it lands unless it is told otherwise.
    pytest.param(Landing("v2", "public"), id="v2", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=LANDINGS)
def built(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[Row]]:
    landing: Landing = request.param
    project = InProcess(new_database(), tmp_path_factory.mktemp("odd"))
    with psycopg.connect(project.dsn) as connection:
        create_schema(connection, landing.schema, landing.generation)
        for shape in ("acacia", "clover"):
            load(connection, objects(shape), landing.schema, generation=landing.generation)
    relations = ("customers", "invoice_lines", "data_issues")
    project.build(
        *UNTESTED,
        *("--select", *(f"+stripe__{name}" for name in relations)),
        variables={
            "tidemill_as_of": "2025-01-20T00:00:00Z",
            "tidemill_billing_sources": ["stripe"],
            "tidemill_stripe_schema": landing.schema,
        },
    )
    with psycopg.connect(project.dsn, row_factory=dict_row) as connection:
        return {
            name: connection.execute(f"select * from tidemill_core.stripe__{name}").fetchall()  # type: ignore[arg-type]
            for name in relations
        }


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_lines(built: dict[str, list[Row]], shape: Shape) -> None:
    found = {
        row["line_id"]: (row["kind"], row["amount"], row["discount"], row["tax"])
        for row in built["invoice_lines"]
        if row["customer_id"].endswith(shape)
    }
    assert found == {
        # 120 and 12 of discount with a fifth of tax in each: 100 and 10, and 18 of tax
        f"il_included_{shape}": ("recurring", 100, 10, 18),
        f"il_taxed_{shape}": ("recurring", 20, 0, 3),
        f"il_prepaid_{shape}": ("recurring", 20, 5, 0),
        f"il_prepaid_{shape}:credit": ("credit", -4, 0, 0),
        f"il_truncated_{shape}": ("recurring", 20, 0, 0),
        f"il_expanded_{shape}": ("recurring", 20, 0, 0),
        f"il_unknown_{shape}": ("recurring", 20, 0, 0),
    }
    assert {type(amount) for _, *amounts in found.values() for amount in amounts} == {Decimal}


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_customers(built: dict[str, list[Row]], shape: Shape) -> None:
    found = {
        row["customer_id"]: (row["name"], row["excluded_because"])
        for row in built["customers"]
        if row["customer_id"].endswith(shape)
    }
    expected: dict[str, tuple[str | None, str | None]] = {
        f"cus_{name}_{shape}": (name, None) for name in NAMED
    }
    expected[f"cus_test_{shape}"] = ("test", "test mode")
    expected[f"cus_unknown_{shape}"] = (None, None)
    assert found == expected


@pytest.mark.parametrize("shape", ["acacia", "clover"])
def test_issues(built: dict[str, list[Row]], shape: Shape) -> None:
    found = {
        (row["issue"], row["severity"], row["source_table"], row["source_row_id"])
        for row in built["data_issues"]
        if (row["customer_id"] or "").endswith(shape)
    }
    assert found == {
        ("subscription_missing", "warning", "subscriptions", f"sub_unknown_{shape}"),
        ("customer_missing", "warning", "customers", f"cus_unknown_{shape}"),
        ("lines_truncated", "warning", "invoices", f"in_truncated_{shape}"),
        ("unreadable_amount", "error", "invoices", f"in_huge_{shape}"),
        ("invoice_left_draft", "warning", "invoices", f"in_left_{shape}"),
        (
            "subscription_left_incomplete",
            *("warning", "subscriptions", f"sub_incomplete_{shape}"),
        ),
    }
