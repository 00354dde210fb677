"""A model as a delivered project in a folder, without the reading of YAML; and how such a project compares."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import msgspec

from backwright.emit import emit
from backwright.emit import project as emitted
from backwright.migrate import write as write_migration
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.reference.calling import scripts
from backwright.verify.backends import RunningBackend
from backwright.verify.behaviour import Comparison, compare_backends
from backwright.verify.schemas import Schemas
from backwright.verify.server import running
from backwright.verify.staged import TOKEN_KEYS, signing

STAMP = "20260101000000"
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
"""Runs the tests of a delivered project, which does not have the plugins of ours; they take seconds to import."""


class Broken(msgspec.Struct, frozen=True):
    """One thing that is made wrong in a delivered backend: a text that a file has so many times."""

    name: str
    file: str
    right: str
    wrong: str
    times: int = 1


def built(model: Model, root: Path) -> Project:
    """Emit the model into `root`, with its first migration."""
    project = Project(root)
    (root / "backwright.yaml").write_text("# built from a model\n", encoding="utf-8")
    migration = write_migration(plan(None, model), None, model, STAMP)
    files = {f"migrations/{STAMP}_first/{name}": text for name, text in migration.items()}
    last = {"migrations/model.json": snapshot.encode(model).decode()}
    emitted.write(project, {**emit(model), **files, **last})
    return project


def broken_copy(delivered: Project, package: str, root: Path, broken: Broken) -> Project:
    """The delivered project in another folder, with one thing wrong."""
    shutil.copytree(delivered.root, root, dirs_exist_ok=True)
    file = root / package / broken.file
    text = file.read_text(encoding="utf-8")
    assert text.count(broken.right) == broken.times, f"{broken.name}: the emitted code has changed"
    file.write_text(text.replace(broken.right, broken.wrong), encoding="utf-8")
    return Project(root)


def compared(
    project: Project, model: Model, url: str, *, requests: int, seconds: float, with_scenes: bool = True
) -> Comparison:
    """The project's running server beside the reference: seed 1, scenes made on purpose and schemas included."""
    schemas = Schemas(project, model)
    with (
        running(
            project.root, model.service.package, url, token_keys=TOKEN_KEYS, scripts=scripts(model)
        ) as server,
        closing(RunningBackend(model, server)) as backend,
    ):
        return compare_backends(
            model,
            backend,
            seed=1,
            requests=requests,
            seconds=seconds,
            inspect=schemas.differences,
            sign_in=signing(model) if with_scenes else None,
        )


def agrees(project: Project, model: Model, url: str, *, requests: int, seconds: float) -> None:
    """The server answers all requests as the reference, a third accepted, every operation among them."""
    found = compared(project, model, url, requests=requests, seconds=seconds)
    assert found.agrees, found.scene
    assert found.figures["requests"] == requests
    assert float(found.figures["accepted %"]) > 33
    answered = dict(each.split(" ", 1) for each in str(found.figures["statuses"]).split("; "))
    for operation in model.operations:
        assert "20" in answered[operation.name]
