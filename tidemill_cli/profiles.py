"""Read the dbt profile `tidemill`, with its `env_var()` calls resolved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidemill_cli.errors import TidemillError
from tidemill_cli.suggest import did_you_mean

PROFILE = "tidemill"


def find_profile_file(directories: list[tuple[Path, bool]]) -> Path | None:
    """The first profiles.yml that has the profile.

    Each directory comes with whether the user named it: a file that was asked for must be there
    and hold the profile, while one in a usual place may belong to other projects.
    """
    for directory, was_named in directories:
        path = directory / "profiles.yml"
        if not path.is_file():
            if was_named:
                raise TidemillError(
                    f"there is no profiles.yml in {directory}: copy profiles.example.yml there."
                )
            continue
        if PROFILE in _load(path):
            return path
        if was_named:
            raise TidemillError(f"{path} has no profile named {PROFILE}: add one to it.")
    return None


def read_output(
    path: Path, target: str | None, environ: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """The name and the settings of one target of the profile, rendered."""
    profile = _load(path)[PROFILE]
    outputs = profile.get("outputs") if isinstance(profile, dict) else None
    if not isinstance(outputs, dict) or not outputs:
        raise TidemillError(
            f"profile {PROFILE} in {path} has no outputs: see profiles.example.yml."
        )
    name = target or str(_render(profile.get("target", "default"), path, environ))
    if name not in outputs:
        raise TidemillError(
            f"profile {PROFILE} in {path} has no target {name}: {did_you_mean(name, outputs)}"
        )
    output = outputs[name]
    if not isinstance(output, dict) or output.get("type") != "postgres":
        raise TidemillError(
            f"target {name} of profile {PROFILE} in {path} is not of type postgres: "
            "Tidemill runs in PostgreSQL, set type: postgres."
        )
    return name, {key: _render(value, path, environ) for key, value in output.items()}


def _load(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        # The file holds a password: say where the mistake is, never quote the line.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise TidemillError(f"{path} cannot be read as YAML{where}.") from None
    return document if isinstance(document, dict) else {}


def _render(value: Any, path: Path, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - yaml
    if not isinstance(value, str) or "{" not in value:
        return value
    import jinja2

    def env_var(name: str, default: str | None = None) -> str:
        found = environ.get(name, default)
        if found is None:
            raise TidemillError(
                f"{path} asks for the environment variable {name}, which is not set: set it."
            )
        return found

    template_environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    template_environment.globals["env_var"] = env_var
    # dbt's casts; the values read here are converted by whoever uses them.
    for cast in ("as_number", "as_bool", "as_native", "as_text"):
        template_environment.filters[cast] = _unchanged
    try:
        return template_environment.from_string(value).render()
    except jinja2.TemplateError as error:
        raise TidemillError(f"{path} holds an expression that cannot be read: {error}.") from None


def _unchanged(value: object) -> object:
    return value
