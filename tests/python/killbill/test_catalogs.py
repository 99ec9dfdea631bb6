"""A catalog is read alike by a server that reads XML and by a run for one that does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from plain_dbt.in_process import InProcess, part_of_the_project
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.killbill_catalogs import parse_catalogs, server_reads_xml
from tidemill_cli.database.session import connect
from tidemill_cli.demo.killbill.schema import create_schema

from .catalog_xml import HEADER, Phase, Plan, catalog

FILES = (
    "models/sources/killbill/_killbill__sources.yml",
    "models/sources/killbill/staging/stg_killbill__catalogs.sql",
    "models/sources/killbill/catalog/int_killbill__catalogs.sql",
    "models/sources/killbill/catalog/int_killbill__catalog_prices.sql",
)
PERIODS = (
    *("DAILY", "WEEKLY", "BIWEEKLY", "THIRTY_DAYS", "THIRTY_ONE_DAYS", "SIXTY_DAYS"),
    *("NINETY_DAYS", "MONTHLY", "BIMESTRIAL", "QUARTERLY", "TRIANNUAL", "BIANNUAL", "ANNUAL"),
    *("SESQUIENNIAL", "BIENNIAL", "TRIENNIAL", "NO_BILLING_PERIOD"),
)
ENTITY = '<!DOCTYPE catalog [<!ENTITY name "Standard">]>'
Row = dict[str, Any]


def monthly(name: str, price: str = "10") -> Plan:
    return Plan(name, [Phase("EVERGREEN", "MONTHLY", {"USD": price})])


CATALOGS = {
    "periods": catalog(
        *(Plan(name.lower(), [Phase("EVERGREEN", name, {"USD": "1.5"})]) for name in PERIODS)
    ),
    "phases": catalog(
        Plan(
            "standard-monthly-12345",
            [
                Phase("TRIAL", fixed={}, days=30),
                Phase("DISCOUNT", "MONTHLY", {"USD": "5.00", "EUR": "4"}, days=90),
                Phase("FIXEDTERM", fixed={"USD": "100"}, days=365),
                Phase("EVERGREEN", "ANNUAL", {"USD": "99.95"}, fixed={"EUR": "3"}, usage=True),
            ],
            product="Odd & <ends>".replace("&", "&amp;").replace("<", "&lt;"),
            existing="2024-06-01T12:30:00+02:00",
            mode="IN_ARREAR",
        ),
        effective="2024-02-29T23:00:00.500-01:00",
        products={"Odd &amp; &lt;ends>": "ADD_ON"},
    ),
    "free": catalog(Plan("free", [Phase("EVERGREEN", "MONTHLY", {})]), effective="2024-03-01"),
    "usage": catalog(Plan("calls", [Phase("EVERGREEN", usage=True)], product="Calls")),
    "latin": catalog(
        monthly("größe"),
        header='<?xml version="1.0" encoding="ISO-8859-1"?>',
        effective=" 2024-01-01T00:00:00 ",
    ),
    "headless": catalog(monthly("plain"), header="<!-- none -->"),
    "spaced": catalog(monthly("spaced", "\n  29.<!-- of a dollar -->95\t")),
    "twice": catalog(monthly("twice", "1"), monthly("twice", "2")),
    "worthless": catalog(monthly("worthless", "1e400"), monthly("empty", ""), monthly("dot", ".5")),
    "odd_date": catalog(monthly("odd"), effective="soon"),
    "bare": f"{HEADER}<catalog><effectiveDate>2024-01-01T00:00:00Z</effectiveDate></catalog>",
    "cut": catalog(monthly("cut"))[:-20],
    "no_xml": "once there was a catalog",
    "empty": "",
    "other": f"{HEADER}<invoice><effectiveDate>2024-01-01</effectiveDate></invoice>",
    "entities": catalog(monthly("entities"), header=HEADER + ENTITY),
    "undeclared": catalog(monthly("undeclared"), header=HEADER).replace("Standard", "&name;"),
}


@dataclass(frozen=True)
class Server:
    """A database with the project's catalog models."""

    project: InProcess

    def load(self, catalogs: Sequence[str], tenant: int = 1) -> None:
        with psycopg.connect(self.project.dsn) as connection:
            connection.execute("delete from tenant_kvs where tenant_record_id = %s", (tenant,))
            for number, xml in enumerate(catalogs, 1):
                keep(connection, "CATALOG", xml, number + tenant * 1000, tenant)

    def parse(self) -> int:
        with connect(resolve(ConnectionOptions(dsn=self.project.dsn), {}), "tests") as session:
            if server_reads_xml(session):
                return -1
            return parse_catalogs(session, f"{self.project.schema}_parsed", "public")

    def build(self) -> None:
        self.project.build(variables={"tidemill_billing_sources": ["killbill"]})

    def rows(self, relation: str, order: str) -> list[Row]:
        query = f"select * from tidemill_core.int_killbill__{relation} order by {order}"
        with psycopg.connect(self.project.dsn, row_factory=dict_row) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    @property
    def prices(self) -> list[Row]:
        return self.rows(
            "catalog_prices",
            'catalog_record_id, plan_name, phase_number, currency collate "C" desc',
        )

    @property
    def catalogs(self) -> list[Row]:
        return self.rows("catalogs", "catalog_record_id")


def keep(
    connection: psycopg.Connection[Any],
    key: str,
    value: str,
    record: int,
    tenant: int = 1,
    *,
    active: bool = True,
) -> None:
    """Keep a document of a tenant's."""
    connection.execute(
        "insert into tenant_kvs values (%s, %s, %s, %s, %s, %s, %s, 'me', %s, 'me')",
        (record, f"kv-{record}", tenant, key, value, active, *[datetime(2024, 1, 1)] * 2),
    )


@pytest.fixture(scope="module")
def servers(
    libxml: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Server]:
    """By what reads the XML there, with all the catalogs read."""
    root = part_of_the_project(tmp_path_factory.mktemp("catalogs"), *FILES)
    made = {}
    for name, dsn in {"server": libxml, "run": new_database()}.items():
        with psycopg.connect(dsn) as connection:
            create_schema(connection)
        server = Server(InProcess(dsn, tmp_path_factory.mktemp(name), root=root))
        server.load(list(CATALOGS.values()))
        server.parse()
        server.build()
        made[name] = server
    return made


@pytest.fixture(params=["server", "run"])
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    return servers[request.param]


def of(server: Server, name: str) -> list[Row]:
    """The prices of one catalog."""
    record = 1001 + list(CATALOGS).index(name)
    return [row for row in server.prices if row["catalog_record_id"] == record]


def test_the_two_servers_are_what_they_are_taken_for(servers: dict[str, Server]) -> None:
    """Else both would be read in one way."""
    reads = {}
    for name, server in servers.items():
        with connect(resolve(ConnectionOptions(dsn=server.project.dsn), {}), "tests") as session:
            reads[name] = server_reads_xml(session)
    assert reads == {"server": True, "run": False}


def test_both_ways_give_equal_rows(servers: dict[str, Server]) -> None:
    assert servers["server"].catalogs == servers["run"].catalogs
    assert servers["server"].prices == servers["run"].prices
    # 17 periods and one currency; the phases below; two that are free of any; seven plans more.
    assert len(servers["run"].prices) == 17 * 2 + 9 + 2 + 7 * 2


def test_what_cannot_be_read_is_named_and_the_rest_is_read(server: Server) -> None:
    problems = dict(zip(CATALOGS, server.catalogs, strict=True))
    assert {name: row["problem"] for name, row in problems.items() if row["problem"]} == {
        "odd_date": "no_effective_date",
        "cut": "not_well_formed",
        "no_xml": "not_well_formed",
        "empty": "not_well_formed",
        "other": "no_catalog",
        "entities": "document_type",
        "undeclared": "not_well_formed",
    }
    assert of(server, "odd_date") == of(server, "cut") == of(server, "entities") == []
    assert of(server, "bare") == []


def test_every_billing_period_is_read(server: Server) -> None:
    found = {row["plan_name"]: row["billing_period"] for row in of(server, "periods")}
    expected: dict[str, str | None] = {name.lower(): name for name in PERIODS}
    assert found == {**expected, "no_billing_period": None}


def test_every_phase_is_read_with_its_prices(server: Server) -> None:
    rows = of(server, "phases")
    facts = ("phase_type", "currency", "billing_period", "recurring_price", "fixed_price")
    assert [tuple(row[name] for name in facts) for row in rows] == [
        # Nothing, in every currency.
        ("TRIAL", "*", None, None, 0),
        ("DISCOUNT", "USD", "MONTHLY", 5, None),
        ("DISCOUNT", "EUR", "MONTHLY", 4, None),
        ("DISCOUNT", "*", "MONTHLY", None, None),
        ("FIXEDTERM", "USD", None, None, 100),
        ("FIXEDTERM", "*", None, None, None),
        ("EVERGREEN", "USD", "ANNUAL", Decimal("99.95"), None),
        ("EVERGREEN", "EUR", "ANNUAL", None, 3),
        ("EVERGREEN", "*", "ANNUAL", None, None),
    ]
    assert [row["duration_number"] for row in rows] == [30, 90, 90, 90, 365, 365, None, None, None]
    assert {row["duration_unit"] for row in rows} == {"DAYS", "UNLIMITED"}
    assert [row["has_usage"] for row in rows] == [False] * 6 + [True] * 3
    same = (
        *("plan_name", "product_name", "category", "billing_mode"),
        *("catalog_effective_at", "existing_effective_at"),
    )
    assert {tuple(row[name] for name in same) for row in rows} == {
        (
            *("standard-monthly-12345", "Odd & <ends>", "ADD_ON", "IN_ARREAR"),
            datetime(2024, 3, 1, 0, 0, 0, 500_000, tzinfo=UTC),
            datetime(2024, 6, 1, 10, 30, tzinfo=UTC),
        )
    }
    assert rows[0]["phase_name"] == "standard-monthly-12345-trial"


def test_an_empty_price_is_nothing_and_none_is_none(server: Server) -> None:
    (free,) = of(server, "free")
    assert (free["currency"], free["recurring_price"], free["fixed_price"]) == ("*", 0, None)
    (calls,) = of(server, "usage")
    assert (calls["recurring_price"], calls["billing_period"]) == (None, None)
    assert (calls["has_usage"], calls["category"]) == (True, None)


def test_text_is_read_as_people_mean_it(server: Server) -> None:
    assert {row["plan_name"] for row in of(server, "latin")} == {"größe"}
    assert of(server, "latin")[0]["catalog_effective_at"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert of(server, "free")[0]["catalog_effective_at"] == datetime(2024, 3, 1, tzinfo=UTC)
    prices = {
        row["plan_name"]: row["recurring_price"]
        for name in ("spaced", "twice", "worthless", "headless")
        for row in of(server, name)
        if row["currency"] != "*"
    }
    assert prices == {
        "spaced": Decimal("29.95"),
        "twice": 1,
        "worthless": None,
        "empty": None,
        "dot": Decimal("0.5"),
        "plain": 10,
    }


def test_versions_are_numbered_by_their_date(server: Server) -> None:
    numbers = {row["catalog_record_id"]: row["version_number"] for row in server.catalogs}
    # Those of one date in the order in which they came; 1 March, and half a second later.
    names = list(CATALOGS)
    read = {
        name: numbers[1001 + place]
        for place, name in enumerate(names)
        if not server.catalogs[place]["problem"]
    }
    assert sorted(read, key=lambda name: read[name])[-2:] == ["free", "phases"]
    assert sorted(read.values()) == list(range(1, len(read) + 1))
    assert (read["periods"], read["usage"]) == (1, 2)


def test_only_what_is_new_is_parsed_and_no_build_writes_it(servers: dict[str, Server]) -> None:
    run = servers["run"]
    run.load([catalog(monthly("new")), catalog(monthly("new")), CATALOGS["free"]], tenant=2)
    # Another tenant's: one of its two is new.
    assert run.parse() == 1
    assert run.parse() == 0
    query = "select catalog_hash, xmin::text, document from tidemill_parsed.killbill_catalogs"
    with psycopg.connect(run.project.dsn) as connection:
        before = connection.execute(query).fetchall()
        run.build()
        assert connection.execute(query).fetchall() == before
    assert len([row for row in run.prices if row["tenant_record_id"] == 2]) == 2 * 2 + 1


def test_what_no_run_has_parsed_is_named_and_priced_by_none(servers: dict[str, Server]) -> None:
    run = servers["run"]
    run.load([catalog(monthly("later"))], tenant=3)
    run.build()
    (row,) = [row for row in run.catalogs if row["tenant_record_id"] == 3]
    assert row["problem"] == "not_parsed"
    assert not [row for row in run.prices if row["tenant_record_id"] == 3]
    run.parse()
    run.build()
    assert [row["plan_name"] for row in run.prices if row["tenant_record_id"] == 3] == ["later"] * 2


def test_secrets_and_what_was_deleted_are_not_read(servers: dict[str, Server]) -> None:
    run = servers["run"]
    with psycopg.connect(run.project.dsn) as connection:
        keep(connection, "PLUGIN_CONFIG_gateway", catalog(monthly("secret")), 9001, 9)
        keep(connection, "CATALOG", catalog(monthly("deleted")), 9002, 9, active=False)
    assert run.parse() == 0
    run.build()
    assert not [row for row in run.catalogs if row["tenant_record_id"] == 9]
