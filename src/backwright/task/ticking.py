"""Writing the boxes of `tasks.md`: the only thing in a feature folder that is ever written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from backwright.emit.project import Changed, write_owned
from backwright.project import Project
from backwright.task import boxes, documents
from backwright.task.asked import Feature


def tick(project: Project, feature: Feature, wanted: Mapping[int, bool]) -> None:
    """Set the boxes of a feature's `tasks.md` at some offsets, and touch nothing else.

    Raises Changed where the file is not as it was read, OutsideProject where it is a link; then nothing has changed.
    """
    path = f"{feature.folder}/tasks.md"
    file = documents.read(project, project.features / feature.name, "tasks.md")
    if hashlib.sha256(file.data).hexdigest() != feature.tasks_sha256:
        raise Changed([path])
    write_owned(project, {path: boxes.ticked(file.text, wanted)}, {path: feature.tasks_sha256})
