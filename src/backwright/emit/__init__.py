"""A model as the files of a project. Nothing here reads or writes a file but `project`."""

from __future__ import annotations

from backwright.emit.tree import FileTree, emit

__all__ = ["FileTree", "emit"]
