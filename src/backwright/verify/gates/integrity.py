"""The files are what the specification says."""

from __future__ import annotations

import hashlib

from backwright.emit import project as emitted
from backwright.migrate.delivered import delivered, written_migrations
from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.results import Finding

NAME = "integrity"
TITLE = "Generated files are as the specification says"
WHY = "A generated file that somebody edited no longer follows from the specification, and every other proof is of it."
EXAMPLE = "A line of services/orders.py was changed by hand: failed, with the file's name."
DATABASE = False

KINDS = {
    "missing": "is missing",
    "edited": "was edited by hand",
    "outdated": "is not what the specification says now; build again",
    "extra": "is not generated any more",
}


def judge(given: GateInput) -> Verdict:
    """Emit again and compare; migrations, which are history, are compared with the lock."""
    lock = emitted.read_lock(given.project).files
    if not lock:
        raise NotRun("nothing was built yet")
    history = written_migrations(given.project)
    tree = delivered(given.project, given.model)
    findings = [
        Finding(what=KINDS[drift.kind], where=drift.path) for drift in emitted.drift(given.project, tree)
    ]
    for path, text in history.items():
        if lock.get(path) != hashlib.sha256(text.encode()).hexdigest():
            what = KINDS["edited"] if path in lock else "is not a migration that a build wrote"
            findings.append(Finding(what=what, where=path))
    figures: dict[str, int | float | str] = {"files": len(lock)}
    return found(findings, f"{len(lock)} files are as they were generated", figures)
