"""Every generated file of a build: what is emitted from the model, and the migrations so far."""

from __future__ import annotations

from backwright.emit import emit
from backwright.emit.project import read_lock
from backwright.emit.vendored import has_runtime
from backwright.migrate.naming import migration_folders
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.project import Project

SNAPSHOT = "migrations/model.json"


def delivered(project: Project, model: Model, *, ejected: bool | None = None) -> dict[str, str]:
    """Path to text. `ejected`: with the runtime inside; None: as the last build was."""
    if ejected is None:
        ejected = has_runtime(read_lock(project).files)
    files = emit(model, ejected=ejected)
    return {**files, **written_migrations(project), SNAPSHOT: snapshot.encode(model).decode()}


def written_migrations(project: Project) -> dict[str, str]:
    """The files of the migrations so far. They are history: nothing emits them again."""
    return {
        path.relative_to(project.root).as_posix(): path.read_text("utf-8")
        for folder in migration_folders(project.migrations)
        for path in sorted((project.migrations / folder).iterdir())
        if path.is_file()
    }
