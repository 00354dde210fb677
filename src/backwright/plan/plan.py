"""A plan: what changes from one model to the next, under a hash that an approval is bound to."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.model.types import Model
from backwright.plan import codes
from backwright.plan.changes import Change, RemoveEntity, RemoveField
from backwright.plan.diff import diff
from backwright.plan.meaning import digest, model_digest
from backwright.plan.refuse import refusals
from backwright.spec.diagnostics import Diagnostic, diagnose

Verdict = OneOf["empty", "safe", "blocked"]
NEEDS_APPROVAL = frozenset({"needs_index", "breaking", "widens_access", "destructive"})


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Typed changes in a safe order. `hash` covers both models and the changes.

    Any edit that changes what the specification means changes the hash. `refused` changes cannot be carried
    out at all; `warnings` are questions to the author.
    """

    before: str
    after: str
    hash: str
    changes: tuple[Change, ...]
    refused: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def short(self) -> str:
        """The first characters of the hash, for people."""
        return self.hash[:12]

    @property
    def verdict(self) -> Verdict:
        """`blocked` needs approvals or cannot be carried out; `safe` can be; `empty` has nothing to do."""
        if self.refused or self.hazardous:
            return "blocked"
        return "safe" if self.changes else "empty"

    @property
    def hazardous(self) -> tuple[Change, ...]:
        """The changes that someone has to approve."""
        return tuple(change for change in self.changes if not NEEDS_APPROVAL.isdisjoint(change.hazards))


def plan(before: Model | None, after: Model) -> Plan:
    """The plan that leads from `before` (None: nothing is there yet) to `after`."""
    changes = diff(before, after)
    former, later = model_digest(before), model_digest(after)
    return Plan(
        before=former,
        after=later,
        hash=digest([former, later, changes]),
        changes=changes,
        refused=refusals(before, after, changes),
        warnings=tuple(_questions(changes)),
    )


def _questions(changes: tuple[Change, ...]) -> list[Diagnostic]:
    found = []
    for change in changes:
        if isinstance(change, RemoveField | RemoveEntity) and change.note:
            mend = change.note
            message = f"{change.reason}, and something alike is new."
            found.append(diagnose(codes.LOOKS_LIKE_RENAME, change.place, message, mend, "warning"))
    return found
