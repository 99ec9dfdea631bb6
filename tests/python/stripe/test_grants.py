"""A role with the grants that docs/sources/stripe.md names builds all there is to build."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from generator.stripe.scripts import at, engine
from plain_dbt.in_process import UNTESTED, InProcess
from project import ROOT
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.session import connect
from tidemill_cli.demo.stripe.load import load
from tidemill_cli.demo.stripe.schema import Generation, create_schema
from tidemill_cli.preflight import check_stripe

SURFACE = ("customers", "subscription_intervals", "trials", "invoice_lines", "data_issues")
BLOCKS = re.findall(
    r"^```sql\n(.*?)^```", (ROOT / "docs/sources/stripe.md").read_text(), re.MULTILINE | re.DOTALL
)


def grants(block: int, generation: Generation) -> list[str]:
    """The statements on tables of a block of the page that hold for an engine without events."""
    statements = re.findall(r"^(grant select [^;]+);(?: +-- (.+))?$", BLOCKS[block], re.MULTILINE)
    left_out = {
        "not v2": generation == "v2",
        "classic, and v2 where it is told to": generation != "classic",
        "where you keep events": True,
        "": False,
    }
    return [statement for statement, comment in statements if not left_out[comment]]


@pytest.mark.parametrize(
    ("generation", "block"),
    [
        pytest.param("classic", 0, marks=pytest.mark.slow),
        ("v1", 0),
        pytest.param("v1", 1, marks=pytest.mark.slow),
        pytest.param("v2", 0, marks=pytest.mark.slow),
        pytest.param("v2", 1, marks=pytest.mark.slow),
        pytest.param("replit", 1, marks=pytest.mark.slow),
    ],
)
def test_the_grants_of_the_page_are_enough(
    database: str, tmp_path: Path, generation: Generation, block: int
) -> None:
    stripe = engine()
    acme = stripe.account("Acme")
    price = stripe.price(stripe.product(acme, "Seat"), "30")
    customer = stripe.customer(acme, at("2024-01-01"))
    stripe.subscribe(customer, price, at("2024-01-01"))
    stripe.refund(stripe.last_invoice(customer), at("2024-01-02"))
    role = f"tidemill_{secrets.token_hex(4)}"
    with psycopg.connect(database) as connection:
        create_schema(connection, generation=generation)
        load(connection, stripe.objects(), generation=generation)
        connection.execute("create table stripe.payment_methods (id text)")
        name, stripe_database = sql.Identifier(role), sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("create role {} login").format(name))
        connection.execute(
            sql.SQL("grant create on database {} to {}").format(stripe_database, name)
        )
        connection.execute(sql.SQL("grant usage on schema stripe to {}").format(name))
        for statement in grants(block, generation):
            connection.execute(re.sub(r"to tidemill$", f"to {role}", statement))  # type: ignore[arg-type]
    dsn = make_conninfo(database, user=role)

    with connect(resolve(ConnectionOptions(dsn=dsn), {}), "tests") as session:
        check_stripe(session, "stripe")
    InProcess(dsn, tmp_path).build(
        *UNTESTED,
        *("--select", *(f"+stripe__{relation}" for relation in SURFACE)),
        variables={
            "tidemill_as_of": "2024-01-15T00:00:00Z",
            "tidemill_billing_sources": ["stripe"],
        },
    )

    with psycopg.connect(dsn) as connection:
        for table in re.findall(r"stripe\.\w+", " ".join(grants(block, generation))):
            connection.execute(f"select xmin, ctid from {table}")  # type: ignore[arg-type]
        lines = connection.execute(
            "select amount, refunded from tidemill_core.stripe__invoice_lines"
        ).fetchall()
        assert lines == [(30, 30)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from stripe.payment_methods")
