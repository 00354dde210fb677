"""The files of a feature folder, read as what they are: input that nobody has checked.

A file is read when it is a regular file of limited size inside its folder, and is UTF-8. Whatever else it is, it is not
read, and a diagnostic says why and where.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Code, Diagnostic, Place, diagnose, register

UNREADABLE = register(
    "BW905",
    "A file of a feature folder cannot be read",
    "What it asks for, and what it leaves open, would be missing without anybody noticing.",
    "spec.md in another encoding than UTF-8",
)
LEADS_OUT = register(
    "BW906",
    "A link leads out of a feature folder",
    "Whoever can add a link to a folder could have files shown that are none of its business.",
    "specs/001-orders/plan.md -> /etc/passwd",
)
LIMIT = register(
    "BW907",
    "A feature folder is larger than people write them",
    "Reading it would cost more than it can say; what is left out must not be left out in silence.",
)

LARGEST = 512 * 1024
"""Bytes of one file."""
MOST_LINES = 20_000


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a feature folder. `text` is what its bytes say; empty where it is not there or cannot be read."""

    file: str
    there: bool = False
    text: str = ""
    data: bytes = b""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def start(self) -> Place:
        return Place(self.file, 1, 1)


def read(project: Project, folder: Path, name: str) -> Document:
    """A file of a feature folder; raises nothing."""
    path = folder / name
    file = path.relative_to(project.root).as_posix()
    if not os.path.lexists(path):
        return Document(file=file)
    try:
        within = inside(project, folder)
        real = path.resolve()
        if not within or not real.is_relative_to(folder.resolve()):
            return _refused(file, LEADS_OUT, "the link leads out of the folder", "Put the file itself there.")
        data = _bytes(real)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it leads to itself"
        return _refused(file, UNREADABLE, reason, "Make it a file that can be read.")
    if data is None:
        return _refused(file, UNREADABLE, "it is no regular file", "Make it a file with text.")
    if len(data) > LARGEST or data.count(b"\n") > MOST_LINES:
        message = f"the file has more than {LARGEST} bytes or {MOST_LINES} lines"
        return _refused(file, LIMIT, message, "Split the feature, or move what is long to another file.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start + 1} is not UTF-8"
        return _refused(file, UNREADABLE, message, "Store the file as UTF-8.", line)
    return Document(file=file, there=True, text=text, data=data)


def inside(project: Project, folder: Path) -> bool:
    """Whether a folder is one of the project's, wherever links lead. Raises OSError or RuntimeError."""
    return folder.resolve().is_relative_to(project.root.resolve())


def _bytes(path: Path) -> bytes | None:
    """The content up to the limit and one byte more; None where this is no regular file (which could block)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return stream.read(LARGEST + 1)


def _refused(file: str, code: Code, message: str, mend: str, line: int = 1) -> Document:
    return Document(file=file, there=True, diagnostics=(diagnose(code, Place(file, line, 1), message, mend),))
