"""Publish a build: repoint the views that people read, without ever taking them away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tidemill_cli.console import narrate
from tidemill_cli.database import catalog, publishing
from tidemill_cli.database.catalog import Column, Relation
from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError

DATA_ISSUES = "data_issues"
_METRIC_PREFIX = "metric_"
_TOGETHER_SECONDS = 5.0
_ONE_BY_ONE_SECONDS = 30.0
_ONLY_TOGETHER_SECONDS = 60.0


def _nothing() -> None:
    pass


def public_relations(session: Session, schema: str) -> list[Relation]:
    """What people read of a build or a facade: the metrics, and the issues of the data."""
    return [
        relation
        for relation in catalog.relations(session, schema)
        if relation.name.startswith(_METRIC_PREFIX) or relation.name == DATA_ISSUES
    ]


@dataclass(frozen=True)
class Published:
    """What a publish did."""

    views: list[str]
    together: bool  # in one transaction, so that no reader saw two builds at once


def publish(
    session: Session,
    facade: str,
    build: str,
    together_seconds: float = _TOGETHER_SECONDS,
    also: Callable[[], None] = _nothing,
    *,
    only_together: bool = False,
) -> Published:
    """Make every public relation of the build what readers of the facade find.

    `also` is called in the transaction of the switch, which is repeated while readers are in the
    way. With `only_together` no reader ever finds a part of two builds: who stays in the way for
    long prevents the switch.
    """
    views = {
        relation.name: catalog.columns(session, build, relation.name)
        for relation in public_relations(session, build)
    }
    if not views:
        raise TidemillError(f"build {build} holds no metrics, so there is nothing to publish.")
    publishing.create_schema(session, facade)
    changed = _changed(session, facade, views)
    for stale in _no_longer_built(session, facade, views):
        narrate(f"{facade}.{stale} is no longer built: it keeps its last numbers until dropped.")
    if _until_unblocked(
        lambda: publishing.point_views(session, facade, build, views, changed, also),
        max(together_seconds, _ONLY_TOGETHER_SECONDS if only_together else 0),
    ):
        return Published(list(views), together=True)
    if only_together:
        raise TidemillError(
            f"readers kept the metrics in schema {facade} busy for {_ONLY_TOGETHER_SECONDS:.0f} "
            "seconds, and these numbers were made by other definitions, so all of them are "
            "switched at once or none: end the long queries, and try again."
        )
    narrate(
        "Readers keep the metrics busy: switching them one by one, so for a moment they differ."
    )
    _one_by_one(session, facade, build, views, changed, also)
    return Published(list(views), together=False)


def _changed(session: Session, facade: str, views: dict[str, list[Column]]) -> set[str]:
    """The views whose columns are others than before; one that a user's view reads is refused."""
    differences = {
        name: difference
        for name, columns in views.items()
        if (difference := _difference(catalog.columns(session, facade, name), columns))
    }
    readers = {name: catalog.dependent_views(session, facade, name) for name in differences}
    for name, difference in differences.items():
        if readers[name]:
            to_drop = sorted({view for listed in readers.values() for view in listed})
            raise TidemillError(
                f"{facade}.{name} cannot be switched, because {difference}; it is read by "
                f"{', '.join(readers[name])}: run `drop view {', '.join(to_drop)}`, then "
                "`tidemill run`, and make the view again."
            )
    for name, difference in differences.items():
        narrate(f"{facade}.{name} is made anew, with its grants: {difference}.")
    return set(differences)


def _difference(published: list[Column], built: list[Column]) -> str | None:
    """Why `create or replace view` would not do: it may only append columns."""
    for position, column in enumerate(published):
        if position >= len(built):
            return f"its column {column.name} is no longer built"
        if built[position].name != column.name:
            return f"its column {column.name} became {built[position].name}"
        if built[position].type != column.type:
            return f"its column {column.name} changed from {column.type} to {built[position].type}"
    return None


def _no_longer_built(session: Session, facade: str, views: dict[str, list[Column]]) -> list[str]:
    names = [relation.name for relation in public_relations(session, facade)]
    return [name for name in names if name not in views]


def _one_by_one(
    session: Session,
    facade: str,
    build: str,
    views: dict[str, list[Column]],
    changed: set[str],
    also: Callable[[], None],
) -> None:
    for switched, (name, columns) in enumerate(views.items()):
        then = also if switched == len(views) - 1 else _nothing
        done = _until_unblocked(
            lambda view={name: columns}, then=then: publishing.point_views(  # type: ignore[misc]
                session, facade, build, view, changed, then
            ),
            _ONE_BY_ONE_SECONDS,
        )
        if not done:
            raise TidemillError(
                f"a reader holds {facade}.{name} and did not let go for {_ONE_BY_ONE_SECONDS:.0f} "
                f"seconds, so {switched} of {len(views)} metrics were switched: end the long query "
                "and run `tidemill run` again."
            )


def _until_unblocked(attempt: Callable[[], None], seconds: float) -> bool:
    """Try until no reader is in the way; false when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except publishing.IN_THE_WAY:
            if time.monotonic() >= deadline:
                return False
            # Readers with a rhythm would be met again and again by a retry with one.
            time.sleep(random.uniform(0.05, 0.4))
        else:
            return True
