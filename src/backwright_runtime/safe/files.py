"""Files below one folder: no name leads out of it (CWE-22), through links neither (CWE-59)."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backwright_runtime.safe import Refused

LARGEST = 10 * 1024 * 1024
"""Bytes of a file, unless a folder says otherwise."""
LONGEST_NAME = 255


class Folder:
    """A folder that is made when it is not there. Names are relative, with `/` between their parts.

    Every method raises Refused for a name that leads elsewhere, and for more than `largest` bytes.
    """

    def __init__(self, root: Path | str, *, largest: int = LARGEST) -> None:
        self.root = Path(root).resolve()
        self.largest = largest
        self.root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where a file of that name is, or would be."""
        parts = name.split("/")
        if "\\" in name or any(not _is_plain(part) for part in parts):
            raise Refused("not a name of a file")
        found = self.root.joinpath(*parts)
        for each in (found, *found.parents):
            if each == self.root:
                break
            if each.is_symlink():
                raise Refused("a link is in the way")
        if not found.resolve().is_relative_to(self.root):
            raise Refused("the name leads out of the folder")
        return found

    def read(self, name: str) -> bytes:
        """The content. Raises FileNotFoundError."""
        with self.path(name).open("rb") as file:
            content = file.read(self.largest + 1)
        if len(content) > self.largest:
            raise Refused("the file is too large")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Replace the content as a whole: whoever reads meanwhile sees the old or the new one."""
        if len(content) > self.largest:
            raise Refused("the file is too large")
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, waiting = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(waiting).replace(path)
        except BaseException:
            Path(waiting).unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""
        self.path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """The names of all files, sorted."""
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file() and not path.is_symlink())
        return (path.relative_to(self.root).as_posix() for path in found)


def _is_plain(part: str) -> bool:
    return (
        bool(part) and part not in (".", "..") and len(part.encode()) <= LONGEST_NAME and part.isprintable()
    )
