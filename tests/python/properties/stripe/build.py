"""The Stripe models over empty landings of every engine, to be filled and emptied many times.

dbt builds once. Then each example loads what a landing would hold, fills every table with the SQL
that dbt compiled, and rolls back. Only what reads a landing is not the same for every engine.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from plain_dbt.in_process import InProcess
from project import Model
from tidemill_cli.demo.stripe.load import load, load_events
from tidemill_cli.demo.stripe.render import Doc
from tidemill_cli.demo.stripe.schema import (
    GENERATIONS,
    Generation,
    create_events_table,
    create_schema,
)

from .play import END, Played

Row = dict[str, Any]

INTERVALS = "stripe__subscription_intervals"
STAGING = "stg_stripe__"
STATES = "stg_stripe__subscription_states"
# What dbt's snapshot writes when a state is not the one that it captured last.
CAPTURE = """
insert into tidemill_history.stripe_subscriptions_history
    (state_id, subscription_id, tenant_id, state, synced_at, observed_at)
select state_id, subscription_id, tenant_id, state, synced_at, %(at)s
from ({states}) as states
where state is distinct from (
    select captured.state
    from tidemill_history.stripe_subscriptions_history as captured
    where captured.state_id = states.state_id
    order by captured.observed_at desc
    limit 1
)
"""


@dataclass(frozen=True)
class StripeBuild:
    """A session on an empty build over the landing of one generation, and what fills it."""

    connection: psycopg.Connection[Any]
    generation: Generation
    filled: list[Model]
    # What dbt makes of the states in the landing of each generation.
    states: dict[Generation, str]
    # The model that is not as it was when all were prepared.
    changed: str = ""

    def __repr__(self) -> str:
        """Be short: failing examples are printed with it."""
        return f"<build of {self.generation}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ANN401
        """Be short to hypothesis, too, which asks for this."""
        printer.text(repr(self))

    def over(self, generation: Generation) -> "StripeBuild":
        """Return the same build over the landing of another generation."""
        return replace(self, generation=generation)

    @contextmanager
    def of(
        self,
        played: Played,
        *,
        events: bool = False,
        captures: bool = False,
        forgets: Collection[str] = (),
        names: Collection[str] | None = None,
    ) -> Iterator[psycopg.Connection[Any]]:
        """Load a history, with what the user keeps beside the landing, and fill the tables.

        Every one, or those that the named models are built on.

        The landing has no row of the subscriptions that it `forgets`.
        """
        objects = dict(played.objects)
        subscriptions = objects.pop("subscriptions", [])
        with self.connection.transaction(force_rollback=True):
            self._load(objects)
            if captures:
                for moment, docs in played.captures:
                    self._capture(docs, moment)
            landed = [doc for doc in subscriptions if doc["id"] not in forgets]
            self._load({"subscriptions": landed}, replace=True)
            if captures:
                # Every run captures before it builds.
                self._capture((), END)
            if events:
                load_events(self.connection, played.events, landing_of(self.generation))
            for model in self._needed(names):
                is_changed = model.name == self.changed
                self.connection.execute(
                    model.filling if is_changed else f"execute {_filling(model, self.generation)}"
                )  # type: ignore[arg-type]
            yield self.connection

    def intervals(
        self,
        played: Played,
        *,
        events: bool = False,
        captures: bool = False,
        forgets: Collection[str] = (),
    ) -> list[Row]:
        """Return the intervals that the models make of a history."""
        with (
            self.of(
                played, events=events, captures=captures, forgets=forgets, names=[INTERVALS]
            ) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(f"select * from tidemill_core.{INTERVALS}").fetchall()

    def _needed(self, names: Collection[str] | None) -> list[Model]:
        if names is None:
            return self.filled
        named = [model for model in self.filled if model.name in names]
        needed = {name for model in named for name in (model.name, *model.ancestors)}
        return [model for model in self.filled if model.name in needed]

    def _load(self, objects: Mapping[str, Collection[Doc]], *, replace: bool = False) -> None:
        generation, schema = self.generation, landing_of(self.generation)
        load(self.connection, objects, schema, generation=generation, replace=replace)

    def _capture(self, docs: Collection[Doc], moment: datetime) -> None:
        self._load({"subscriptions": docs}, replace=True)
        self.connection.execute(
            CAPTURE.format(states=self.states[self.generation]),  # type: ignore[arg-type]
            {"at": moment},
        )


@contextmanager
def stripe_build(
    dsn: str,
    folder: Path,
    names: Collection[str] = (INTERVALS,),
    generations: Collection[Generation] = GENERATIONS,
) -> Iterator[StripeBuild]:
    """Build models, and what they are built on, over an empty landing of some engines."""
    project = InProcess(dsn, folder)
    chosen = [f"+{name}" for name in names]
    read: dict[Generation, list[Model]] = {}
    for generation in generations:
        # dbt finds each in the same schema: with other variables it would parse all files anew.
        with psycopg.connect(dsn, autocommit=True) as connection:
            create_schema(connection, generation=generation)
            create_events_table(connection)
        if read:
            _dbt(project, "compile", f"{STAGING}*")
        else:
            _dbt(project, "build", *chosen)
            filled = [model for model in project.models() if not model.is_view]
        read[generation] = [
            _over(generation, model)
            for model in project.models()
            if model.name.startswith(STAGING) and not model.is_view
        ]
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"alter schema stripe rename to {landing_of(generation)}")  # type: ignore[arg-type]
    everything = [(one, by) for by, models in read.items() for one in models]
    everything += [(one, "v1") for one in filled if not one.name.startswith(STAGING)]
    states = {generation: one.code for one, generation in everything if one.name == STATES}
    with psycopg.connect(dsn, prepare_threshold=None) as connection:
        connection.execute("set jit = off")
        connection.execute("set enable_nestloop = off")
        # Planning takes longer than running on a few rows: each is planned once.
        for model, generation in everything:
            name = _filling(model, generation)
            connection.execute(f"prepare {name} as {model.filling}")  # type: ignore[arg-type]
        for model in filled:
            # One table is not empty on an empty landing: it says when it was built.
            connection.execute(f"truncate {model.relation}")  # type: ignore[arg-type]
        connection.commit()
        yield StripeBuild(connection, "v1", filled, states)


def landing_of(generation: Generation) -> str:
    """Return the schema that an engine lands in."""
    return f"stripe_{generation}"


def _dbt(project: InProcess, command: str, *chosen: str) -> None:
    variables = {"tidemill_as_of": END.isoformat(), "tidemill_billing_sources": ["stripe"]}
    without = ("--exclude-resource-type", "test", "unit_test") if command == "build" else ()
    done = project.dbt(command, "--select", *chosen, *without, variables=variables)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def _over(generation: Generation, model: Model) -> Model:
    return replace(model, code=model.code.replace('"stripe".', f'"{landing_of(generation)}".'))


def _filling(model: Model, generation: Generation) -> str:
    """Return the name of the prepared statement that fills a table."""
    reads = model.name.startswith(STAGING)
    return f"fill_{model.name}" + (f"_{generation}" if reads else "")
