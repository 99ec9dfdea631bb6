"""What the system catalogs know: relations, columns, privileges, dependents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidemill_cli.database.session import Session, one_value

VIEW = "v"
_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}


@dataclass(frozen=True)
class Column:
    """A column with its exact type, as `create or replace view` compares it."""

    name: str
    type: str


@dataclass(frozen=True)
class Relation:
    """A table or view of one schema."""

    name: str
    kind: str
    owned: bool

    @property
    def described(self) -> str:
        """The kind in words."""
        return _KINDS.get(self.kind, "relation")


def schema_exists(session: Session, schema: str) -> bool:
    """Whether the schema is there."""
    return bool(
        one_value(
            session, "select exists(select 1 from pg_namespace where nspname = %s)", (schema,)
        )
    )


def holds_of_others(session: Session, schema: str, role: str) -> bool:
    """Whether the schema is there, and it or a table in it is not the role's."""
    return bool(
        one_value(
            session,
            """
            select coalesce(bool_or(
                (nspowner <> role or coalesce(relowner, nspowner) <> role) is distinct from false
            ), false)
            from pg_namespace
            cross join to_regrole(quote_ident(%s)) as role
            left join pg_class
                on pg_namespace.oid = pg_class.relnamespace and pg_class.relkind = 'r'
            where pg_namespace.nspname = %s
            """,
            (role, schema),
        )
    )


def may_use_schema(session: Session, schema: str) -> bool:
    """Whether the current role may look into the schema."""
    return bool(one_value(session, "select has_schema_privilege(%s, 'usage')", (schema,)))


def may_create_in_schema(session: Session, schema: str) -> bool:
    """Whether the current role may create relations in the schema."""
    return bool(one_value(session, "select has_schema_privilege(%s, 'create')", (schema,)))


def may_create_schemas(session: Session) -> bool:
    """Whether the current role may create schemas in this database."""
    return bool(one_value(session, "select has_database_privilege(current_database(), 'create')"))


def readable_columns(
    session: Session, schema: str, tables: Iterable[str]
) -> dict[str, dict[str, bool]]:
    """The columns of each table that exists, and whether the current role may select them."""
    rows = session.execute(
        """
        select
            pg_class.relname,
            pg_attribute.attname,
            has_column_privilege(pg_class.oid, pg_attribute.attnum, 'select')
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where
            pg_namespace.nspname = %s
            and pg_class.relname = any(%s)
            and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
            and pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
        """,
        (schema, list(tables)),
    )
    found: dict[str, dict[str, bool]] = {}
    for table, column, readable in rows:
        found.setdefault(table, {})[column] = readable
    return found


def with_system_columns(session: Session, schema: str, tables: Iterable[str]) -> set[str]:
    """Those of the tables that have PostgreSQL's own columns, which a view has not."""
    rows = session.execute(
        """
        select pg_class.relname
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where
            pg_namespace.nspname = %s
            and pg_class.relname = any(%s)
            and pg_attribute.attname = 'xmin'
            and pg_attribute.attnum < 0
        """,
        (schema, list(tables)),
    )
    return {row[0] for row in rows}


def may_read_columns(session: Session, schema: str, table: str, names: Sequence[str]) -> bool:
    """Whether the current role may read some columns of a table, PostgreSQL's own included."""
    statement = (
        "select bool_and(has_column_privilege(format('%%I.%%I', %s::text, %s::text), name,"
        " 'select')) from unnest(%s::text[]) as names (name)"
    )
    return bool(one_value(session, statement, (schema, table, list(names))))


def may_call(session: Session, schema: str, function: str) -> bool:
    """Whether there is such a function that the current role may call."""
    return bool(
        one_value(
            session,
            """
            select coalesce(bool_or(
                has_schema_privilege(pg_namespace.oid, 'usage')
                and has_function_privilege(pg_proc.oid, 'execute')
            ), false)
            from pg_proc
            inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
            where pg_namespace.nspname = %s and pg_proc.proname = %s
            """,
            (schema, function),
        )
    )


def generated_columns(session: Session, schema: str, table: str) -> set[str]:
    """The columns of a table that fill themselves from others."""
    rows = session.execute(
        """
        select pg_attribute.attname
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where
            pg_namespace.nspname = %s
            and pg_class.relname = %s
            and pg_attribute.attgenerated <> ''
        """,
        (schema, table),
    )
    return {row[0] for row in rows}


def relations(session: Session, schema: str, prefix: str = "") -> list[Relation]:
    """Tables and views of a schema by name."""
    rows = session.execute(
        """
        select
            pg_class.relname,
            pg_class.relkind::text,
            pg_has_role(pg_class.relowner, 'usage')
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname = %s
            and starts_with(pg_class.relname, %s)
            and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
        order by pg_class.relname
        """,
        (schema, prefix),
    )
    return [Relation(*row) for row in rows]


def routines(session: Session, schema: str) -> list[str]:
    """Functions and procedures of a schema, with their arguments, quoted where they must be."""
    rows = session.execute(
        """
        select pg_proc.oid::regprocedure::text
        from pg_proc
        inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
        where pg_namespace.nspname = %s
        order by 1
        """,
        (schema,),
    )
    return [row[0] for row in rows]


def columns(session: Session, schema: str, relation: str) -> list[Column]:
    """The columns of a relation in order; empty when it does not exist."""
    rows = session.execute(
        """
        select
            pg_attribute.attname,
            format_type(pg_attribute.atttypid, pg_attribute.atttypmod)
        from pg_attribute
        inner join pg_class on pg_attribute.attrelid = pg_class.oid
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname = %s
            and pg_class.relname = %s
            and pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
        order by pg_attribute.attnum
        """,
        (schema, relation),
    )
    return [Column(*row) for row in rows]


def schema_read(session: Session, schema: str, view: str) -> str | None:
    """The schema whose numbers a view shows; None when there is no such view.

    What it reads besides (who may see which tenant, the server's catalog) shows none.
    """
    found = one_value(
        session,
        """
        select source_schema.nspname::text
        from pg_class as reader
        inner join pg_namespace as reader_schema on reader.relnamespace = reader_schema.oid
        inner join pg_rewrite on reader.oid = pg_rewrite.ev_class
        inner join pg_depend
            on pg_depend.classid = 'pg_rewrite'::regclass and pg_rewrite.oid = pg_depend.objid
        inner join pg_class as source
            on pg_depend.refclassid = 'pg_class'::regclass and pg_depend.refobjid = source.oid
        inner join pg_namespace as source_schema on source.relnamespace = source_schema.oid
        where
            reader_schema.nspname = %s
            and reader.relname = %s
            and source.oid <> reader.oid
            and source_schema.nspname <> all(%s)
        """,
        (schema, view, ["pg_catalog", f"{schema}_inputs", f"{schema}_history"]),
    )
    return None if found is None else str(found)


def dependent_views(session: Session, schema: str, relation: str | None = None) -> list[str]:
    """Views outside the schema that read a relation of it (any relation when None)."""
    rows = session.execute(
        """
        select distinct format('%%I.%%I', reader_schema.nspname, reader.relname)
        from pg_depend
        inner join pg_rewrite
            on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
        inner join pg_class as reader on pg_rewrite.ev_class = reader.oid
        inner join pg_namespace as reader_schema on reader.relnamespace = reader_schema.oid
        inner join pg_class as source
            on pg_depend.refclassid = 'pg_class'::regclass and pg_depend.refobjid = source.oid
        inner join pg_namespace as source_schema on source.relnamespace = source_schema.oid
        where
            source_schema.nspname = %(schema)s
            and (%(relation)s::text is null or source.relname = %(relation)s)
            and reader.oid <> source.oid
            and (%(relation)s::text is not null or reader_schema.nspname <> %(schema)s)
        order by 1
        """,
        {"schema": schema, "relation": relation},
    )
    return [row[0] for row in rows]
