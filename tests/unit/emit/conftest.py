"""Emitted projects on disk, each made once for a whole run."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import models
import pytest
import relations_models

from backwright.emit import emit
from backwright.migrate.write import write as write_migration
from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read


def _load(name: str) -> ModuleType:
    path = Path(__file__).parent / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


SPECIFIED = sorted(path.stem for path in (Path(__file__).parent / "specifications").glob("*.yaml"))


def _specified(name: str) -> Model:
    """The model of `specifications/<name>.yaml`."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(__file__).parent / "specifications" / f"{name}.yaml", f"{folder}/backwright.yaml")
        return build(read(Project(Path(folder))))


MODELS: dict[str, Callable[[], Model]] = {
    "todos": models.todos,
    "library": models.library,
    "board": _load("emit_models").board,
    "read_only_board": _load("emit_models").read_only_board,
    "hostile": _load("emit_models").hostile,
    "workspace": relations_models.workspace,
    "chain": relations_models.chain,
    **{name: partial(_specified, name) for name in SPECIFIED},
}


@pytest.fixture(scope="session", params=MODELS)
def emitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    """A model and the folder with everything that was emitted for it, migrations included."""
    model = MODELS[request.param]()
    root = tmp_path_factory.mktemp(request.param)
    tree = dict(emit(model))
    for name, text in write_migration(plan(None, model), None, model, "20260101000000").items():
        tree[f"migrations/20260101000000_start/{name}"] = text
    for path, text in tree.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return model, root
