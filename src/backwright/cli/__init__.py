"""The command line: arguments and printing, nothing else. `pipeline/` does the work.

Exit codes are the same for all commands: 0 done, 1 the specification has errors or a gate failed, 2 the
command line is wrong, 3 somebody has to answer or approve, 4 generated files were edited by hand, 5 a gate that was
named could not run, 70 a defect of ours.
"""

from __future__ import annotations

import gc

from backwright.cli import (  # noqa: F401  each adds its commands
    agents,
    delivering,
    handing_over,
    implementing,
    mutating,
    reviewing,
    specifying,
    tasks,
)
from backwright.cli.application import app

__all__ = ["COLLECTIONS", "app", "main"]
COLLECTIONS = (50_000, 20, 100)
"""How seldom garbage is collected: objects that were made, and collections, until the next one."""


def main() -> None:
    """The entry point of the `backwright` command."""
    # What a command makes it keeps until it ends: looking for circles in it again and again finds none.
    gc.set_threshold(*COLLECTIONS)
    app()
