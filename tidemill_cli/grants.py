"""What a role needs to build the metrics, and one to read them: statements for a database's owner.

Columns are granted, not tables, and only those that are read; the build's role writes in schemas of
its own alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from tidemill_cli import killbill_requirements as killbill
from tidemill_cli import lago_requirements as lago
from tidemill_cli import stripe_requirements as stripe
from tidemill_cli.database import catalog
from tidemill_cli.database.inputs import TENANT_READERS
from tidemill_cli.database.session import Session, one_value
from tidemill_cli.errors import TidemillError
from tidemill_cli.facade import public_relations

Columns = Mapping[str, Sequence[str]]

# Which transaction wrote a row, and where it stands: a refresh finds by them what has changed.
CHANGE_COLUMNS = ("xmin", "ctid")

# Catalogs stand beside the credentials of plugins, and a grant knows columns only.
_CATALOG_FUNCTION = """create function tidemill_killbill.catalogs()
returns table (
    record_id bigint,
    tenant_record_id bigint,
    tenant_key text,
    tenant_value text,
    is_active boolean,
    created_date timestamp
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select
        kvs.record_id,
        kvs.tenant_record_id,
        kvs.tenant_key::text,
        kvs.tenant_value::text,
        kvs.is_active,
        kvs.created_date::timestamp
    from {schema}.tenant_kvs as kvs
    where kvs.tenant_key = 'CATALOG'
$$"""


@dataclass(frozen=True)
class Engine:
    """A billing engine in this database, by the schema of its tables."""

    name: str
    schema: str
    events_schema: str | None = None  # where Stripe's events are kept, if elsewhere


@dataclass(frozen=True)
class TenantReader:
    """A role that sees one tenant's metrics only."""

    role: str
    tenant_id: str
    billing_source: str | None = None


@dataclass(frozen=True)
class Roles:
    """Who builds the metrics, and who reads them."""

    builder: str
    reader: str
    tenant_readers: Sequence[TenantReader] = ()

    @property
    def readers(self) -> list[str]:
        """Whoever reads what is published, all or a part of it."""
        return list(dict.fromkeys([self.reader, *(one.role for one in self.tenant_readers)]))


@dataclass(frozen=True)
class Schemas:
    """Where Tidemill publishes, and where people put what it needs to know."""

    facade: str
    inputs: str
    create_inputs: str  # the statement that makes the tables there


def statements(
    session: Session, engines: Sequence[Engine], roles: Roles, schemas: Schemas
) -> Iterator[sql.Composed]:
    """Everything the roles need and do not have by themselves, in order."""
    builder = sql.Identifier(roles.builder)
    database = sql.Identifier(session.info.dbname)
    if not _role_exists(session, roles.builder):
        yield sql.SQL("create role {} login").format(builder)
    yield sql.SQL("grant connect, create on database {} to {}").format(database, builder)
    for name in roles.readers:
        if not _role_exists(session, name):
            yield sql.SQL("create role {} nologin").format(sql.Identifier(name))
        yield sql.SQL("grant connect on database {} to {}").format(database, sql.Identifier(name))
    for engine in engines:
        yield from _reading(session, engine, builder)
    if not one_value(session, "select rolsuper from pg_roles where rolname = current_user"):
        # Who is no superuser must be a member to act for it.
        yield sql.SQL("grant {} to current_user").format(builder)
    if catalog.holds_of_others(session, schemas.inputs, roles.builder):
        yield from _inputs_of_others(schemas.inputs, builder)
    # Before anybody may read a thing: who is not named there sees all tenants.
    if roles.tenant_readers:
        yield from _naming_tenants(session, roles, schemas)
    yield from _publishing(session, schemas.facade, roles)


def _reading(session: Session, engine: Engine, builder: sql.Identifier) -> Iterator[sql.Composed]:
    tables = read_of(session, engine)
    if not tables:
        raise TidemillError(
            f"there are no tables of {engine.name} in schema {engine.schema} of database "
            f"{session.info.dbname}: name the schema with --{engine.name}-schema."
        )
    yield from _grants(session, engine.schema, tables, builder)
    if engine.name == "stripe":
        events = engine.events_schema or engine.schema
        yield from _grants(session, events, _read_of_events(session, events), builder)
    if engine.name == "killbill":
        yield from _catalogs(session, engine.schema, builder)


def read_of(session: Session, engine: Engine) -> Columns:
    """The tables of an engine that are read, and their columns, as far as they are there."""
    read = {"lago": _read_of_lago, "stripe": _read_of_stripe, "killbill": _read_of_killbill}
    return read[engine.name](session, engine.schema)


def _grants(
    session: Session, schema: str, tables: Columns, builder: sql.Identifier
) -> Iterator[sql.Composed]:
    if tables:
        yield sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), builder)
    stored = catalog.with_system_columns(session, schema, tables)
    for table, columns in tables.items():
        read = dict.fromkeys((*columns, *(CHANGE_COLUMNS if table in stored else ())))
        yield sql.SQL("grant select ({}) on {} to {}").format(
            sql.SQL(", ").join(map(sql.Identifier, read)),
            sql.Identifier(schema, table),
            builder,
        )


def _read_of_lago(session: Session, schema: str) -> Columns:
    wanted = {**lago.REQUIRED, **lago.OPTIONAL_TABLES}
    for table, columns in lago.OPTIONAL_COLUMNS.items():
        wanted[table] = (*wanted[table], *columns)
    return _present(session, schema, wanted)


def _read_of_killbill(session: Session, schema: str) -> Columns:
    wanted = {
        table: (*columns, *killbill.OPTIONAL_COLUMNS.get(table, ()))
        for table, columns in killbill.REQUIRED.items()
        if table != killbill.CATALOGS
    }
    return _present(session, schema, wanted)


def _read_of_stripe(session: Session, schema: str) -> Columns:
    found = catalog.readable_columns(session, schema, stripe.tables_to_look_at())
    read = dict(stripe.read(found))
    if stripe.VERSIONED in read:
        read[stripe.VERSIONED] = (*read[stripe.VERSIONED], *stripe.VERSION_COLUMNS)
    return read


def _read_of_events(session: Session, schema: str) -> Columns:
    read = _present(session, schema, {stripe.EVENTS: stripe.EVENT_COLUMNS_READ})
    return {table: (*columns, *stripe.VERSION_COLUMNS) for table, columns in read.items()}


def _present(session: Session, schema: str, wanted: Columns) -> Columns:
    found = catalog.readable_columns(session, schema, wanted)
    return {
        table: present
        for table, columns in wanted.items()
        if (present := [column for column in columns if column in found.get(table, {})])
    }


def _catalogs(session: Session, schema: str, builder: sql.Identifier) -> Iterator[sql.Composed]:
    own = sql.Identifier(killbill.CATALOG_SCHEMA)
    function = sql.SQL(killbill.CATALOG_FUNCTION)
    if not catalog.schema_exists(session, killbill.CATALOG_SCHEMA):
        yield sql.SQL("create schema {}").format(own)
        yield sql.SQL(_CATALOG_FUNCTION).format(schema=sql.Identifier(schema))
        yield sql.SQL("revoke all on function {} from public").format(function)
    yield sql.SQL("grant usage on schema {} to {}").format(own, builder)
    yield sql.SQL("grant execute on function {} to {}").format(function, builder)


def _inputs_of_others(schema: str, builder: sql.Identifier) -> Iterator[sql.Composed]:
    """What somebody else made there (loading rates, say) is read, and definitions are kept."""
    inputs = sql.Identifier(schema)
    yield sql.SQL("grant usage, create on schema {} to {}").format(inputs, builder)
    yield sql.SQL("grant select, insert, update, delete on all tables in schema {} to {}").format(
        inputs, builder
    )


def _naming_tenants(session: Session, roles: Roles, schemas: Schemas) -> Iterator[sql.Composed]:
    """Which role sees which tenant, in a table of the builder's."""
    builder = sql.Identifier(roles.builder)
    if not catalog.schema_exists(session, schemas.inputs):
        yield sql.SQL("create schema {} authorization {}").format(
            sql.Identifier(schemas.inputs), builder
        )
    yield sql.SQL("set local role {}").format(builder)
    yield sql.Composed([sql.SQL(schemas.create_inputs)])
    for one in roles.tenant_readers:
        yield sql.SQL(
            "insert into {} (role_name, tenant_id, billing_source) values ({}, {}, {})"
            " on conflict do nothing"
        ).format(
            sql.Identifier(schemas.inputs, TENANT_READERS),
            sql.Literal(one.role),
            sql.Literal(one.tenant_id),
            sql.Literal(one.billing_source),
        )
    yield sql.Composed([sql.SQL("reset role")])


def _publishing(session: Session, facade: str, roles: Roles) -> Iterator[sql.Composed]:
    """A schema of the builder's, where whatever it publishes is the readers' to read."""
    schema, builder = sql.Identifier(facade), sql.Identifier(roles.builder)
    if not catalog.schema_exists(session, facade):
        yield sql.SQL("create schema {} authorization {}").format(schema, builder)
    published = public_relations(session, facade)
    for name in roles.readers:
        reader = sql.Identifier(name)
        yield sql.SQL("grant usage on schema {} to {}").format(schema, reader)
        yield sql.SQL(
            "alter default privileges for role {} in schema {} grant select on tables to {}"
        ).format(builder, schema, reader)
        for relation in published:
            yield sql.SQL("grant select on {} to {}").format(
                sql.Identifier(facade, relation.name), reader
            )


def _role_exists(session: Session, role: str) -> bool:
    found = one_value(session, "select exists (select from pg_roles where rolname = %s)", (role,))
    return bool(found)


def engines_of(settings: Mapping[str, Any], schemas: Mapping[str, str]) -> list[Engine]:
    """The engines that the options name; `schemas` are where each one's tables are."""
    events = settings.get("tidemill_stripe_events_schema")
    return [
        Engine(name, schemas[name], str(events) if events and name == "stripe" else None)
        for name in settings.get("tidemill_billing_sources") or ()
        if name in schemas
    ]
