"""A model of `models.py` as a delivered project in a folder, without the reading of YAML."""

from __future__ import annotations

from pathlib import Path

from backwright.emit import emit
from backwright.emit import project as emitted
from backwright.migrate import write as write_migration
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project

STAMP = "20260101000000"


def built(model: Model, root: Path) -> Project:
    """Emit the model into `root`, with its first migration."""
    project = Project(root)
    (root / "backwright.yaml").write_text("# built from a model\n", encoding="utf-8")
    migration = write_migration(plan(None, model), None, model, STAMP)
    files = {f"migrations/{STAMP}_first/{name}": text for name, text in migration.items()}
    last = {"migrations/model.json": snapshot.encode(model).decode()}
    emitted.write(project, {**emit(model), **files, **last})
    return project
