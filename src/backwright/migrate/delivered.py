"""Every generated file of a build: what is emitted from the model, and the migrations so far."""

from __future__ import annotations

from backwright.emit import emit
from backwright.migrate.naming import migration_folders
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.project import Project

SNAPSHOT = "migrations/model.json"


def delivered(project: Project, model: Model) -> dict[str, str]:
    """Path to text. Migrations are history: they are taken from the disk as they were once written."""
    earlier = {
        path.relative_to(project.root).as_posix(): path.read_text("utf-8")
        for folder in migration_folders(project.migrations)
        for path in sorted((project.migrations / folder).iterdir())
        if path.is_file()
    }
    return {**emit(model), **earlier, SNAPSHOT: snapshot.encode(model).decode()}
