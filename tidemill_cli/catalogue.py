"""The definitions that a project lets people choose, as its own macros name and check them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from tidemill_cli.database.session import Session
from tidemill_cli.errors import TidemillError
from tidemill_cli.project import BILLING_SOURCES, declared_options
from tidemill_cli.suggest import did_you_mean

PREFIX = "tidemill_"
_MACROS = Path("macros") / "options"
# These say what is read, and when: no definitions, so none of them is checked with them.
_ASIDE: dict[str, Any] = {
    BILLING_SOURCES: ["any"],
    "tidemill_as_of": None,
    "tidemill_max_row_loss": 1,
}


@dataclass(frozen=True)
class Catalogue:
    """What can be chosen in a project."""

    project: Path
    choices: list[dict[str, Any]]
    declared: Mapping[str, Any]  # the vars of dbt_project.yml

    @property
    def names(self) -> list[str]:
        """The options, without their prefix."""
        return [choice["name"] for choice in self.choices]

    def option(self, word: str) -> str:
        """The option that is named, with or without the prefix."""
        name = word.strip().removeprefix(PREFIX)
        if name not in self.names:
            raise TidemillError(
                f"there is no definition {word.strip()!r}; {did_you_mean(name, self.names)}"
            )
        return name

    def check(self, session: Session, chosen: Mapping[str, Any]) -> None:
        """Refuse wrong values, and sets that contradict themselves, as a run would."""
        settings = {**self.declared, **chosen, **_ASIDE}
        _render(
            self.project,
            "check_config",
            ("check_config.sql", "option.sql"),
            var=settings.__getitem__,
            option_catalogue=lambda: self.choices,
            option_contradictions=lambda: _returned(self.project, "option_contradictions"),
            exceptions=SimpleNamespace(raise_compiler_error=_refuse),
            modules=SimpleNamespace(re=re),
            run_query=lambda query: _agate(session, query),
            execute=True,
        )


def read_catalogue(project: Path) -> Catalogue:
    """The definitions of a project."""
    if not (project / _MACROS / "option_catalogue.sql").is_file():
        raise TidemillError(
            f"there is no {_MACROS / 'option_catalogue.sql'} in {project}: this project has no "
            "definitions to choose from."
        )
    choices = _returned(project, "option_catalogue")
    declared = declared_options(project)
    return Catalogue(
        project, [one for one in choices if PREFIX + one["name"] in declared], declared
    )


def _returned(project: Path, macro: str) -> Any:  # noqa: ANN401 - what the macro returns
    """What a macro of the catalogue returns."""
    found: list[Any] = []
    for name in ("_instant_pattern", macro):
        file = "check_config.sql" if name == "_instant_pattern" else "option_catalogue.sql"
        pattern = found[-1] if found else None
        _render(
            project,
            name,
            (file,),
            _instant_pattern=lambda pattern=pattern: pattern,
            **{"return": found.append},
        )
    return found[-1]


def _render(project: Path, macro: str, files: tuple[str, ...], **context: Any) -> None:  # noqa: ANN401
    """Call a macro with what it needs of dbt's."""
    import jinja2

    text = "".join((project / _MACROS / file).read_text(encoding="utf-8") for file in files)
    # dbt's undefined is as forgiving as jinja's own.
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.from_string(f"{text}{{%- do {macro}() -%}}").render(context)


def _agate(session: Session, query: str) -> SimpleNamespace:
    """The one column that a query returns, as dbt's run_query has it."""
    values = [value for (value,) in session.execute(query.encode())]
    return SimpleNamespace(columns=[SimpleNamespace(values=lambda: values)])


def _refuse(sentence: str) -> NoReturn:
    raise TidemillError(sentence)
