"""A small mistake in the compiled SQL of a model."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from project import Model


@dataclass(frozen=True)
class Mutant:
    """One mistake: a text of one model's compiled SQL, and what stands there instead."""

    mistake: str
    model: str
    old: str
    new: str
    # How often the text stands there; all of them are replaced.
    times: int = 1
    # The relation that shows it, and the options under which it does.
    noticed_in: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The mistake, fit for a test's name."""
        return self.mistake.replace(" ", "-")

    @contextmanager
    def made(
        self, connection: psycopg.Connection[Any], models: Sequence[Model]
    ) -> Iterator[list[Model]]:
        """The models with the mistake, for as long as it lasts; a view is one in the database."""
        right = next((model for model in models if model.name == self.model), None)
        assert right, f"no model {self.model}"
        assert right.code.count(self.old) == self.times, f"{self.model} has changed: {self.old}"
        wrong = replace(right, code=right.code.replace(self.old, self.new))
        with connection.transaction(force_rollback=True):
            if wrong.is_view:
                connection.execute(wrong.creation)
            yield [wrong if model is right else model for model in models]


def noticed_in(relation: str, options: Mapping[str, Any], *mutants: Mutant) -> list[Mutant]:
    """Mistakes that one relation shows under the same options."""
    return [replace(mutant, noticed_in=relation, options=options) for mutant in mutants]
