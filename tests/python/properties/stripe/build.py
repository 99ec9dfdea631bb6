"""The Stripe models over an empty landing, to be filled and emptied many times.

dbt runs once. Then each example loads what a landing would hold, fills every table with the SQL
that dbt compiled, and rolls back.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from plain_dbt.in_process import InProcess
from project import Model
from tidemill_cli.demo.stripe.load import load, load_events
from tidemill_cli.demo.stripe.render import Doc
from tidemill_cli.demo.stripe.schema import Generation, create_events_table, create_schema

from .play import END, Played

Row = dict[str, Any]

INTERVALS = "stripe__subscription_intervals"
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
    """A session on an empty build of one generation, and what fills it."""

    connection: psycopg.Connection[Any]
    generation: Generation
    filled: list[Model]
    states: str
    # The model that is not as it was when all were prepared.
    changed: str = ""

    def __repr__(self) -> str:
        """Be short: failing examples are printed with it."""
        return f"<build of {self.generation}>"

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
            load(self.connection, objects, generation=self.generation)
            if captures:
                for moment, docs in played.captures:
                    self._capture(docs, moment)
            landed = [doc for doc in subscriptions if doc["id"] not in forgets]
            load(
                self.connection,
                {"subscriptions": landed},
                generation=self.generation,
                replace=True,
            )
            if captures:
                # Every run captures before it builds.
                self._capture((), END)
            if events:
                load_events(self.connection, played.events)
            for model in self._needed(names):
                is_changed = model.name == self.changed
                self.connection.execute(
                    model.filling if is_changed else f"execute fill_{model.name}"
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

    def _capture(self, docs: Collection[Doc], moment: datetime) -> None:
        load(self.connection, {"subscriptions": docs}, generation=self.generation, replace=True)
        self.connection.execute(CAPTURE.format(states=self.states), {"at": moment})  # type: ignore[arg-type]


@contextmanager
def stripe_build(
    dsn: str, folder: Path, generation: Generation, names: Collection[str] = (INTERVALS,)
) -> Iterator[StripeBuild]:
    """Build models, and what they are built on, over an empty landing in a database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        create_schema(connection, generation=generation)
        create_events_table(connection)
    project = InProcess(dsn, folder)
    variables = {"tidemill_as_of": END.isoformat(), "tidemill_billing_sources": ["stripe"]}
    chosen = [f"+{name}" for name in names]
    without = ("--exclude-resource-type", "test", "unit_test")
    done = project.dbt("build", "--select", *chosen, *without, variables=variables)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    models = project.models()
    (states,) = [model.code for model in models if model.name == STATES]
    with psycopg.connect(dsn, prepare_threshold=None) as connection:
        connection.execute("set jit = off")
        connection.execute("set enable_nestloop = off")
        filled = [model for model in models if not model.is_view]
        # Planning takes longer than running on a few rows: each is planned once.
        for model in filled:
            # One table is not empty on an empty landing: it says when it was built.
            connection.execute(f"truncate {model.relation}")  # type: ignore[arg-type]
            connection.execute(f"prepare fill_{model.name} as {model.filling}")  # type: ignore[arg-type]
        connection.commit()
        yield StripeBuild(connection, generation, filled, states)
