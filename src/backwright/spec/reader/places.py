"""Files of the project that a specification names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from backwright.spec.diagnostics import Code, Diagnostic, diagnose
from backwright.spec.nodes import At


def inside(root: Path, written: At[str], missing: Code, example: str) -> Path | Diagnostic:
    """The file of that path in the project; what is wrong where there is none, or it leads out of the project."""
    path = PurePosixPath(written.value)
    if path.is_absolute() or ".." in path.parts or "\\" in written.value or "\0" in written.value:
        mend = f"write a path relative to the project, such as {example}"
        return diagnose(missing, written.place, f"`{written.value}` is not inside the project", mend)
    try:
        file = (root / path).resolve()
        # A link could lead anywhere; what is read must lie where the project's authors and reviewers see it.
        if not file.is_relative_to(root):
            mend = f"write a path relative to the project, such as {example}"
            return diagnose(missing, written.place, f"`{written.value}` leads out of the project", mend)
        if file.is_file():
            return file
    except (OSError, ValueError, RuntimeError):
        pass  # a name that no file can have, or links in a circle
    message = f"there is no `{written.value}` in the project"
    return diagnose(missing, written.place, message, "add the file")
