"""Each example, built and running on both databases, answers random requests as the reference does."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from built_project import built

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.reference.calling import scripts
from backwright.spec.reader import read
from backwright.verify.acceptance import execute_over_http, parse_scenarios
from backwright.verify.backends import RunningBackend
from backwright.verify.behaviour import compare_backends
from backwright.verify.schemas import Schemas
from backwright.verify.script import script
from backwright.verify.server import Server, running

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[2] / "examples").glob("*/backwright.yaml"))


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_agrees_with_its_meaning(folder: Path, database_url: str, tmp_path: Path) -> None:
    """Requests at random, then the scenarios that people wrote."""
    model = build(read(Project(folder)))
    project = built(model, tmp_path)
    schemas = Schemas(project, model)
    with running(project.root, model.service.package, database_url, scripts=scripts(model)) as server:
        with closing(RunningBackend(model, server)) as backend:
            found = compare_backends(
                model, backend, seed=1, requests=900, seconds=120, inspect=schemas.differences
            )
        assert found.disagreement is None, script(found.disagreement)[-3000:]
        assert found.figures["requests"] == 900
        assert float(found.figures["accepted %"]) > 45
        if not model.logic:
            holds(folder, model, server)
    if model.logic:  # nothing stands in for it where people say what comes of it
        package = model.service.package
        shutil.copytree(folder / package / "logic", project.root / package / "logic", dirs_exist_ok=True)
        with running(project.root, package, database_url) as server:
            holds(folder, model, server)


def holds(folder: Path, model: Model, server: Server) -> None:
    """Every scenario of the example holds."""
    files = folder.glob("specs/*/acceptance.yaml")
    scenarios = [each for file in files for each in parse_scenarios(file.read_text("utf-8"), file.name)[0]]
    results = execute_over_http(scenarios, model, server)
    assert [(each.id, each.detail) for each in results if each.status != "passed"] == []
