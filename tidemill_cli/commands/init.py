"""`tidemill init`: the roles and grants that Tidemill needs, to look at or to apply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill_cli.commands import options
from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.console import emit, narrate
from tidemill_cli.errors import TidemillError

if TYPE_CHECKING:
    from tidemill_cli.grants import TenantReader

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def init(
    apply: Annotated[
        bool, typer.Option("--apply", help="Run the script, in one transaction.")
    ] = False,
    role: Annotated[str, typer.Option("--role", help="The role that builds.")] = "tidemill",
    reader: Annotated[
        str, typer.Option("--reader", help="The role that reads metrics, and nothing else.")
    ] = "tidemill_reader",
    tenants: Annotated[
        list[str] | None,
        typer.Option(
            "--tenant",
            metavar="ROLE=TENANT",
            help="Also a role that sees this tenant only, repeatable; where engines share tenant "
            "ids, ROLE=ENGINE:TENANT.",
        ),
    ] = None,
    schema: options.Schema = None,
    lago_schema: options.LagoSchema = None,
    stripe_schema: options.StripeSchema = None,
    killbill_schema: options.KillbillSchema = None,
    assignments: options.Vars = None,
    dsn: options.Dsn = None,
    profiles_dir: options.ProfilesDir = None,
    project_dir: options.ProjectDir = None,
    target: options.Target = None,
) -> None:
    """Print the script that makes a role which builds the metrics and one which reads them.

    Run it as the owner of the billing tables: the builder may read the columns it needs of them
    and write in schemas of its own only. No password is set.
    """
    import psycopg

    from tidemill_cli.database.session import connect
    from tidemill_cli.grants import Roles, Schemas, engines_of, statements
    from tidemill_cli.inputs import create_statement
    from tidemill_cli.project import declared_options, find_project
    from tidemill_cli.runner import engine_schemas, named_options

    roles = Roles(role, reader, [_tenant_reader(text) for text in tenants or ()])
    for name in (role, *roles.readers):
        if not _ROLE.fullmatch(name):
            raise TidemillError(
                f"role {name!r} cannot be used: take lower-case letters, digits and underscores."
            )
    project = find_project(project_dir)
    named = named_options(project, assignments, lago_schema, stripe_schema, killbill_schema)
    settings = {**declared_options(project), **named}
    connection = resolve(
        ConnectionOptions(
            dsn=dsn,
            profiles_dir=profiles_dir,
            project_dir=project_dir,
            target=target,
            schema=schema,
        )
    )
    with connect(connection, "tidemill init") as session:
        database = session.info.dbname
        engines = engines_of(settings, engine_schemas(settings))
        schemas = Schemas(connection.schema, connection.inputs_schema, create_statement(connection))
        script = list(statements(session, engines, roles, schemas))
        if not apply:
            lines = ["begin", *(statement.as_string(session) for statement in script), "commit"]
            emit(";\n".join(lines) + ";")
            return
        try:
            with session.transaction():
                for statement in script:
                    session.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            raise TidemillError(
                f"user {session.info.user} may not do that ({error.diag.message_primary}): run "
                "`tidemill init` as the owner of the billing tables who may also create roles, or "
                "print the script and have it run."
            ) from None
    narrate(
        f"Role {role} may build in database {database}, and {reader} may read schema "
        f"{connection.schema}. Set a password: \\password {role}"
    )


def _tenant_reader(text: str) -> TenantReader:
    from tidemill_cli.grants import TenantReader

    role, equals, tenant = text.partition("=")
    engine, colon, rest = tenant.partition(":")
    if not equals or not tenant or (colon and not (engine and rest)):
        raise TidemillError(f"--tenant {text} cannot be read: write it as acme_reader=acme.")
    return TenantReader(role, rest if colon else tenant, engine if colon else None)
