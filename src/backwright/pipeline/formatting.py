"""The files of a specification, formatted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, SpecificationError, relative_to_project
from backwright.spec.formatting import formatted
from backwright.spec.pieces import files_of, text_of


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """Which files were changed (or would be), how many were looked at, and what is wrong with those left alone."""

    changed: tuple[str, ...]
    files: int
    diagnostics: tuple[Diagnostic, ...]


def rewrite(project: Project, paths: Sequence[Path] = (), *, write: bool = True) -> Rewritten:
    """Format files of a specification: those that are named, else all. Nothing else of the project is touched."""
    changed: list[str] = []
    found: list[Diagnostic] = []
    wanted = [path.resolve() for path in paths] or files_of(project)
    for path in wanted:
        name = relative_to_project(path, project.root)
        try:
            text = text_of(path, name)
        except SpecificationError as error:
            found += error.diagnostics
            continue
        result = formatted(text, name)
        found += result.found
        if result.text != text:
            changed.append(name)
            if write:
                _replace(path, result.text)
    return Rewritten(changed=tuple(changed), files=len(wanted), diagnostics=tuple(found))


def _replace(path: Path, text: str) -> None:
    """Put the text in the file's place at once: an interruption leaves the old one."""
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text.encode("utf-8"))
    new = Path(file.name)
    new.chmod(path.stat().st_mode)
    new.replace(path)
