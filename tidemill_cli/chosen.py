"""The definitions in force in a database, beside those of what is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidemill_cli.builds import live_build
from tidemill_cli.catalogue import Catalogue
from tidemill_cli.config import Connection
from tidemill_cli.database import definitions as statements
from tidemill_cli.database.definitions import BuiltSet, Stored
from tidemill_cli.database.session import Session
from tidemill_cli.definitions import Texts, defaults, hash_of


@dataclass(frozen=True)
class Chosen:
    """What the next run builds with, when its command line names no definition."""

    defaults: Texts  # of dbt_project.yml
    stored: Mapping[str, Stored]
    live: str | None
    served: BuiltSet | None

    @property
    def in_force(self) -> dict[str, str]:
        """The value of each option."""
        stored = {option: one.value for option, one in self.stored.items()}
        return {option: stored.get(option, text) for option, text in self.defaults.items()}

    @property
    def definitions_hash(self) -> str:
        """The name of the set."""
        return hash_of(self.in_force)

    @property
    def served_otherwise(self) -> dict[str, str]:
        """The values of what is served, where they are others."""
        if self.served is None:
            return {}
        return {
            option: value
            for option, value in self.served.values.items()
            if self.in_force.get(option) != value
        }

    def is_served(self, changes: Mapping[str, str | None]) -> bool:
        """Whether changes would change nothing."""
        for option, text in changes.items():
            wanted = self.defaults[option] if text is None else text
            if text is None and option in self.stored:
                return False
            if self.in_force[option] != wanted:
                return False
            if self.served is None or self.served.values.get(option) != wanted:
                return False
        return True


def look_up(session: Session, connection: Connection, catalogue: Catalogue) -> Chosen:
    """Read what is chosen, and what is served."""
    stored = statements.stored(session, connection.inputs_schema)
    live = live_build(session, connection.schema)
    return Chosen(
        defaults(catalogue.declared, catalogue.names),
        {option: one for option, one in stored.items() if option in catalogue.names},
        live,
        statements.set_of(session, live) if live else None,
    )
