"""The project that `backwright new` lays down: a small service that serves at once."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.resources import as_file, files
from pathlib import Path

from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register

BAD_NAME = register(
    "BW701",
    "Service name cannot be used",
    "It becomes a package, a database and a container: lower-case letters, digits, hyphens; no word of Python.",
    "backwright new 'My Service!'",
)
EXISTS = register(
    "BW702",
    "Directory is not empty",
    "`backwright new` writes only into a new or empty directory, so that nothing of yours is overwritten.",
    "backwright new notes  # where ./notes has files",
)
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def lay_down(name: str, parent: Path) -> Path:
    """Write the starting project into `parent/name` and return that directory.

    Raises SpecificationError when the name cannot be used or the directory has files.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name in sys.stdlib_module_names:
        mend = "use a name such as `orders` or `order-desk`"
        raise SpecificationError([diagnose(BAD_NAME, NOWHERE, f"{name!r} cannot name a service", mend)])
    root = parent / name
    if root.exists() and any(root.iterdir()):
        mend = "choose another name or empty the directory"
        raise SpecificationError([diagnose(EXISTS, NOWHERE, f"{root} is not empty", mend)])
    with as_file(files(__package__) / "files") as source:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                target = root / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(path.read_text("utf-8").replace("{{name}}", name), "utf-8")
    return root
