"""Where the dbt project lies, and which options it declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tidemill_cli.errors import OptionError, TidemillError
from tidemill_cli.suggest import did_you_mean

BILLING_SOURCES = "tidemill_billing_sources"
_PROJECT_FILE = "dbt_project.yml"
_PACKAGE = Path(__file__).resolve().parent


def find_project(project_dir: Path | None) -> Path:
    """The project named, else the one in an installed package, else the checkout's."""
    if project_dir is not None:
        if not (project_dir / _PROJECT_FILE).is_file():
            raise TidemillError(
                f"there is no {_PROJECT_FILE} in {project_dir}: pass the folder that holds it."
            )
        return project_dir.resolve()
    for candidate in (_PACKAGE / "dbt_project", _PACKAGE.parent):
        if (candidate / _PROJECT_FILE).is_file():
            return candidate
    raise TidemillError(
        "the dbt project is missing from this installation: install tidemill again, or pass "
        "--project-dir."
    )


def declared_options(project: Path) -> dict[str, Any]:
    """The vars of dbt_project.yml with their defaults."""
    import yaml

    path = project / _PROJECT_FILE
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise TidemillError(f"{path} cannot be read as YAML{where}: correct it.") from None
    options: dict[str, Any] = {}
    for name, value in (document.get("vars") or {}).items():
        # vars may be scoped to a project by name.
        options.update(value if isinstance(value, dict) else {name: value})
    return options


def render_macro(project: Path, file: str, name: str, **context: object) -> str:
    """The text of a macro that needs nothing of dbt's but what is passed here."""
    import jinja2

    macros = (project / "macros" / file).read_text(encoding="utf-8")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(
        f"{macros}{{{{ {name}() }}}}"
    )
    return template.render(context).strip()


def check_sources(project: Path, sources: object) -> None:
    """Refuse a billing source that the project has no folder for; dbt would name a model of it."""
    folders = sorted(path.name for path in (project / "models" / "sources").glob("*/"))
    for source in sources if isinstance(sources, list) else ():
        if folders and source not in folders:
            raise OptionError(
                f"{BILLING_SOURCES} names {source!r}, and there is no models/sources/{source}: "
                f"choose from {', '.join(folders)}."
            )


def parse_options(assignments: Iterable[str], declared: dict[str, Any]) -> dict[str, Any]:
    """Turn KEY=VALUE words into vars; a value is YAML, so lists and numbers can be written."""
    options: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            raise TidemillError(f"--vars {assignment} cannot be read: write it as KEY=VALUE.")
        if name not in declared:
            raise TidemillError(
                f"--vars {name}: there is no such option; {did_you_mean(name, declared)}"
            )
        options[name] = parse_value(text, f"--vars {name}={text}")
    return options


def parse_value(text: str, told: str | None = None) -> Any:  # noqa: ANN401 - whatever it says
    """The value that a text of YAML stands for; instants and decimals as they were written."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise TidemillError(
            f"{told or text}: the value cannot be read as YAML; put quotes around it."
        ) from None
    return text.strip() if isinstance(value, float | dt.date) else value
