"""The catalogs of Kill Bill, parsed here for a server that cannot read XML itself."""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tidemill_cli.database import catalog
from tidemill_cli.database.publishing import create_schema
from tidemill_cli.database.session import Session, one_value
from tidemill_cli.killbill_catalog import READER, read_catalog
from tidemill_cli.killbill_requirements import CATALOG_SCHEMA, CATALOGS

TABLE = "killbill_catalogs"


def server_reads_xml(session: Session) -> bool:
    """Whether PostgreSQL was built with libxml, as most are."""
    try:
        return bool(one_value(session, "select xml_is_well_formed('<a/>')"))
    except psycopg.errors.FeatureNotSupported:
        return False


def parse_catalogs(
    session: Session, schema: str, killbill_schema: str, *, is_anew: bool = False
) -> int:
    """Parse the catalogs that no run has, by the hash of their XML; how many there were."""
    create_schema(session, schema)
    table = sql.Identifier(schema, TABLE)
    session.execute(
        sql.SQL(
            """
            create table if not exists {} (
                catalog_hash text not null,
                reader integer not null,
                problem text,
                document jsonb not null,
                primary key (catalog_hash, reader)
            )
            """
        ).format(table)
    )
    session.execute(
        sql.SQL(
            "comment on table {} is 'One row per Kill Bill catalog, by the md5 of its XML, as "
            "`tidemill run` has parsed it where PostgreSQL has no libxml. A cache: it may be "
            "dropped at will.'"
        ).format(table)
    )
    if is_anew:
        session.execute(sql.SQL("delete from {}").format(table))
    new = session.execute(
        sql.SQL(
            "select md5(tenant_value::text), max(tenant_value::text) from {catalogs} as catalogs "
            "where tenant_key = 'CATALOG' and is_active and not exists (select from {table} "
            "as known where known.catalog_hash = md5(catalogs.tenant_value::text) "
            "and known.reader = %s) group by 1"
        ).format(catalogs=_catalogs(session, killbill_schema), table=table),
        (READER,),
    ).fetchall()
    for catalog_hash, xml in new:
        found = read_catalog(xml)
        session.execute(
            sql.SQL("insert into {} values (%s, %s, %s, %s) on conflict do nothing").format(table),
            (catalog_hash, READER, found.problem, Jsonb(found.document)),
        )
    return len(new)


def _catalogs(session: Session, killbill_schema: str) -> sql.Composable:
    """Where the project reads them from: macro killbill_catalogs."""
    if catalog.may_call(session, CATALOG_SCHEMA, "catalogs"):
        return sql.SQL("{}()").format(sql.Identifier(CATALOG_SCHEMA, "catalogs"))
    return sql.Identifier(killbill_schema, CATALOGS)
