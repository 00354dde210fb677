"""The stages of the tool. `whole.run` is all of them as consecutive calls; each can also be run alone.

Every stage reads the project as it is on disk and records what it did in the event log. Nothing here prints:
progress goes to the `Progress` that the caller hands in. The names of this package come from its modules when
they are first asked for, so that a command loads what it needs: `check` starts without gates and servers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backwright.pipeline.building import Built, build, build_digest
    from backwright.pipeline.checking import Blocked, Checked, check, explain
    from backwright.pipeline.development import Serving, serving
    from backwright.pipeline.formatting import Rewritten, rewrite
    from backwright.pipeline.handing_over import HandedOver, hand_over
    from backwright.pipeline.migrating import (
        Way,
        database_url,
        migrate,
        migration_status,
        schema_drift,
        uncontracted,
    )
    from backwright.pipeline.mutating import mutate
    from backwright.pipeline.outside import verify_target
    from backwright.pipeline.planning import Planned, approve, changed_tests, examples, plan
    from backwright.pipeline.progressing import BoxesOf, Standing, set_boxes, standing
    from backwright.pipeline.rehearsing import rehearse
    from backwright.pipeline.reporting import link, report
    from backwright.pipeline.tasks import EXPECTED, Received, answer, current_questions, receive
    from backwright.pipeline.tracing import Trace, trace
    from backwright.pipeline.verifying import Progress, verify
    from backwright.pipeline.whole import STAGES, Outcome, run

__all__ = [
    "EXPECTED",
    "STAGES",
    "Blocked",
    "BoxesOf",
    "Built",
    "Checked",
    "HandedOver",
    "Outcome",
    "Planned",
    "Progress",
    "Received",
    "Rewritten",
    "Serving",
    "Standing",
    "Trace",
    "Way",
    "answer",
    "approve",
    "build",
    "build_digest",
    "changed_tests",
    "check",
    "current_questions",
    "database_url",
    "examples",
    "explain",
    "hand_over",
    "link",
    "migrate",
    "migration_status",
    "mutate",
    "plan",
    "receive",
    "rehearse",
    "report",
    "rewrite",
    "run",
    "schema_drift",
    "serving",
    "set_boxes",
    "standing",
    "trace",
    "uncontracted",
    "verify",
    "verify_target",
]

_NAMES = {
    "building": ("Built", "build", "build_digest"),
    "checking": ("Blocked", "Checked", "check", "explain"),
    "development": ("Serving", "serving"),
    "formatting": ("Rewritten", "rewrite"),
    "handing_over": ("HandedOver", "hand_over"),
    "migrating": ("Way", "database_url", "migrate", "migration_status", "schema_drift", "uncontracted"),
    "mutating": ("mutate",),
    "outside": ("verify_target",),
    "planning": ("Planned", "approve", "changed_tests", "examples", "plan"),
    "rehearsing": ("rehearse",),
    "reporting": ("link", "report"),
    "progressing": ("BoxesOf", "Standing", "set_boxes", "standing"),
    "tasks": ("EXPECTED", "Received", "answer", "current_questions", "receive"),
    "tracing": ("Trace", "trace"),
    "verifying": ("Progress", "verify"),
    "whole": ("STAGES", "Outcome", "run"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
