"""Checks before a run: whatever would fail later, said at once and in one sentence."""

from __future__ import annotations

from tidemill_cli import killbill_requirements as killbill
from tidemill_cli import lago_requirements as lago
from tidemill_cli import stripe_requirements as stripe
from tidemill_cli.database import catalog, inputs
from tidemill_cli.database.session import Session, current_user
from tidemill_cli.errors import TidemillError
from tidemill_cli.facade import public_relations

_Found = dict[str, dict[str, bool]]

# Of more, the columns would not be read by anybody.
_TABLES_TO_SPELL_OUT = 3


def check_lago(session: Session, schema: str) -> str:
    """Refuse a schema that is not a supported Lago's or cannot be read; name the release."""
    _check_schema(
        session,
        schema,
        "set tidemill_lago_schema (--lago-schema) to the one that holds Lago's tables",
    )
    found = catalog.readable_columns(session, schema, lago.tables_to_look_at())
    _check_tables(found, schema, session.info.dbname)
    _check_columns(found, schema)
    wanted = {
        table: (*columns, *lago.OPTIONAL_COLUMNS.get(table, ()))
        for table, columns in {**lago.REQUIRED, **lago.OPTIONAL_TABLES}.items()
    }
    _check_privileges(found, schema, current_user(session), wanted)
    return lago.release_name(found) or lago.OLDEST_RELEASE


def check_stripe(session: Session, schema: str, events_schema: str | None = None) -> str:
    """Refuse a schema that no sync engine keeps or that cannot be read; name the engine."""
    where = "set tidemill_stripe_schema (--stripe-schema) to the one that Stripe is landed in"
    _check_schema(session, schema, where)
    found = catalog.readable_columns(session, schema, stripe.tables_to_look_at())
    for table in stripe.REQUIRED:
        if table not in found:
            raise TidemillError(
                f"there is no table {table} in schema {schema} of database "
                f"{session.info.dbname}, which every Stripe sync engine has: {where}."
            )
    missing = stripe.missing(found)
    if missing:
        raise TidemillError(
            f"column {schema}.{missing} is missing, and there is no {stripe.PAYLOAD} either: "
            "no Stripe sync engine that is supported keeps such a table."
        )
    user = current_user(session)
    _check_privileges(found, schema, user, stripe.read(found))
    _check_versions(session, schema, stripe.VERSIONED, user)
    _check_events(session, events_schema or schema, user, is_wanted=bool(events_schema))
    generated = catalog.generated_columns(session, schema, "subscriptions")
    return stripe.GENERATIONS[stripe.generation(found, generated)]


def check_killbill(session: Session, schema: str) -> str:
    """Refuse a schema that is not a supported Kill Bill's or cannot be read; name the release."""
    where = "set tidemill_killbill_schema (--killbill-schema) to the one that holds its tables"
    _check_schema(session, schema, where)
    found = catalog.readable_columns(session, schema, killbill.REQUIRED)
    if "subscription_events" not in found:
        raise TidemillError(
            f"there is no table subscription_events in schema {schema} of database "
            f"{session.info.dbname}: is this Kill Bill's database? If so, {where}."
        )
    missing = killbill.missing(found)
    release = None if missing else killbill.release_name(found)
    if release is None:
        raise TidemillError(
            f"{missing or 'what tells a payment that went through'} is missing in schema {schema}, "
            "which Kill Bill 0.22 and 0.24 to 0.25 have: this release or this copy of its tables "
            "is not supported."
        )
    user = current_user(session)
    wanted = {
        table: (*columns, *killbill.OPTIONAL_COLUMNS.get(table, ()))
        for table, columns in killbill.REQUIRED.items()
        if table != killbill.CATALOGS
    }
    _check_privileges(found, schema, user, wanted)
    may_call = catalog.may_call(session, killbill.CATALOG_SCHEMA, "catalogs")
    if not may_call and not all(found[killbill.CATALOGS].values()):
        raise TidemillError(
            f"user {user} may not read the catalogs: let the owner of {schema}.{killbill.CATALOGS} "
            f"make the function {killbill.CATALOG_FUNCTION} that docs/sources/killbill.md gives, "
            f"since the table holds the credentials of plugins, too."
        )
    return release


def _check_schema(session: Session, schema: str, fix: str) -> None:
    if not catalog.schema_exists(session, schema):
        raise TidemillError(
            f"there is no schema {schema} in database {session.info.dbname}: {fix}."
        )
    if not catalog.may_use_schema(session, schema):
        user = current_user(session)
        raise TidemillError(
            f"user {user} may not use schema {schema}: `grant usage on schema {schema} to {user}`."
        )


def _check_events(session: Session, schema: str, user: str, *, is_wanted: bool) -> None:
    if is_wanted:
        fix = f"set tidemill_stripe_events_schema to the one that holds {stripe.EVENTS}"
        _check_schema(session, schema, fix)
    found = catalog.readable_columns(session, schema, (stripe.EVENTS,))
    if stripe.EVENTS not in found:
        if is_wanted:
            raise TidemillError(
                f"there is no table {stripe.EVENTS} in schema {schema}: create it, or leave "
                "tidemill_stripe_events_schema out."
            )
        return
    present = found[stripe.EVENTS]
    for column in stripe.EVENT_COLUMNS:
        if column not in present:
            raise TidemillError(f"column {column} of {schema}.{stripe.EVENTS} is missing.")
    read = tuple(column for column in stripe.EVENT_COLUMNS_READ if column in present)
    _check_privileges(found, schema, user, {stripe.EVENTS: read})
    _check_versions(session, schema, stripe.EVENTS, user)


def _check_versions(session: Session, schema: str, table: str, user: str) -> None:
    columns = stripe.VERSION_COLUMNS
    if not catalog.may_read_columns(session, schema, table, columns):
        listed = ", ".join(columns)
        raise TidemillError(
            f"user {user} may not read what tells the versions of a row of {schema}.{table} apart: "
            f"`grant select ({listed}) on {schema}.{table} to {user}`."
        )


def check_writable(session: Session, schemas: list[str]) -> None:
    """Refuse a role that cannot create the build schema or write in the lasting ones."""
    user, database = current_user(session), session.info.dbname
    if not catalog.may_create_schemas(session):
        raise TidemillError(
            f"user {user} may not create schemas in database {database}, which every build needs: "
            f"`grant create on database {database} to {user}`."
        )
    for schema in schemas:
        if catalog.schema_exists(session, schema) and not catalog.may_create_in_schema(
            session, schema
        ):
            raise TidemillError(
                f"user {user} may not create relations in schema {schema}: "
                f"`grant usage, create on schema {schema} to {user}`."
            )


def check_inputs(session: Session, schema: str) -> None:
    """Refuse a role that can neither read nor make the tables that people fill."""
    if not catalog.schema_exists(session, schema):
        return
    user = current_user(session)
    if not catalog.may_use_schema(session, schema):
        raise TidemillError(
            f"user {user} may not use schema {schema}: `grant usage on schema {schema} to {user}; "
            f"grant select on all tables in schema {schema} to {user}`."
        )
    found = catalog.readable_columns(session, schema, inputs.TABLES)
    for table in inputs.TABLES:
        if table not in found and not catalog.may_create_in_schema(session, schema):
            raise TidemillError(
                f"user {user} may not create {schema}.{table}, which is missing: "
                f"`grant create on schema {schema} to {user}`."
            )
        if not all(found.get(table, {}).values()):
            raise TidemillError(
                f"user {user} may not read {schema}.{table}: "
                f"`grant select on {schema}.{table} to {user}`."
            )


def check_facade(session: Session, schema: str) -> None:
    """Refuse a facade that holds something which cannot be replaced by a view."""
    for relation in public_relations(session, schema):
        name = f"{schema}.{relation.name}"
        if relation.kind != catalog.VIEW:
            raise TidemillError(
                f"{name} is a {relation.described}, where `tidemill run` publishes a view: move "
                f"it away, for example `alter {relation.described} {name} rename to "
                f"old_{relation.name}`."
            )
        if not relation.owned:
            user = current_user(session)
            raise TidemillError(
                f"{name} belongs to another user, so {user} cannot replace it: "
                f"`alter view {name} owner to {user}`."
            )


def _check_tables(found: _Found, schema: str, database: str) -> None:
    if "subscriptions" not in found:
        raise TidemillError(
            f"there is no table subscriptions in schema {schema} of database {database}: is this "
            "Lago's database? Set tidemill_lago_schema (--lago-schema) if its tables are elsewhere."
        )
    for table in lago.REQUIRED:
        if table not in found:
            raise TidemillError(f"table {schema}.{table} is missing, which {_expected(found)}")


def _check_columns(found: _Found, schema: str) -> None:
    for table, columns in {**lago.REQUIRED, **lago.OPTIONAL_TABLES}.items():
        for column in columns:
            if table in found and column not in found[table]:
                raise TidemillError(
                    f"column {column} of {schema}.{table} is missing, which {_expected(found)}"
                )


def _expected(found: _Found) -> str:
    if lago.release_name(found) is None:
        return (
            f"Lago has had since {lago.OLDEST_RELEASE}: this Lago is older, upgrade it to "
            f"{lago.OLDEST_RELEASE} or newer."
        )
    return (
        f"every Lago from {lago.OLDEST_RELEASE} to {lago.NEWEST_RELEASE} has: this release or this "
        "copy of its tables is not supported, restore what is missing or use a supported release."
    )


def _check_privileges(
    found: _Found, schema: str, user: str, wanted: dict[str, tuple[str, ...]]
) -> None:
    unreadable: dict[str, list[str]] = {}
    for table, names in wanted.items():
        for column in names:
            if found.get(table, {}).get(column) is False:
                unreadable.setdefault(table, []).append(column)
    if not unreadable:
        return
    tables = [f"{schema}.{table}" for table in unreadable]
    if len(tables) > _TABLES_TO_SPELL_OUT:
        shown = ", ".join(tables[:_TABLES_TO_SPELL_OUT])
        more = len(tables) - _TABLES_TO_SPELL_OUT
        raise TidemillError(
            f"user {user} may not read {shown} and {more} more tables: {_all_grants(user)}."
        )
    listed = [f"({', '.join(columns)})" for columns in unreadable.values()]
    named = ", ".join(f"{table} {columns}" for table, columns in zip(tables, listed, strict=True))
    statements = "; ".join(
        f"grant select {columns} on {table} to {user}"
        for table, columns in zip(tables, listed, strict=True)
    )
    raise TidemillError(
        f"user {user} may not read {named}: `{statements}`, or {_all_grants(user)}."
    )


def _all_grants(user: str) -> str:
    # A migration that makes a column or table anew takes the grants on it away.
    return f"let the owner of the tables run `tidemill init --role {user} --apply` (again)"
