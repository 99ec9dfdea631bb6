"""The manifest of the project with every billing source on, parsed once."""

from __future__ import annotations

import pytest

from project import ROOT, Project

from .project_model import Manifest

# Parsing needs a profile, and no database.
NOWHERE = "host=localhost user=nobody dbname=nowhere"
ENGINES = sorted(folder.name for folder in (ROOT / "models" / "sources").iterdir())


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    project = Project(NOWHERE, tmp_path_factory.mktemp("parsed"))
    done = project.dbt("parse", variables={"tidemill_billing_sources": ENGINES})
    assert done.returncode == 0, done.stdout
    return Manifest(project.manifest())
