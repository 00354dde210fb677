"""Approvals: one reviewed file per plan, `approvals/<plan hash>.yaml`, a list that is good for exactly that plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from backwright.plan import codes
from backwright.plan.changes import Change, Hazard, identity
from backwright.plan.plan import NEEDS_APPROVAL, Plan
from backwright.spec.diagnostics import NOWHERE, Code, Diagnostic, Place, SpecificationError, diagnose

SHORTEST_HASH = 12
WORDS = ("by", "reason", "rollback")


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who lets which changes of which plan happen, why, and how to go back.

    `signature` is an SSH signature by `by`, where signatures are demanded.
    """

    plan: str
    changes: tuple[str, ...]
    by: str
    reason: str
    rollback: str
    at: datetime
    signature: str | None = None


def approve(
    plan: Plan, plan_hash: str, changes: Sequence[str], *, by: str, reason: str, rollback: str, at: datetime
) -> Approval:
    """An approval of the named changes of exactly this plan.

    `plan_hash` is the whole hash or its beginning (at least 12 characters). Raises SpecificationError when it is
    another plan's, when a change is not one that needs an approval, or when by, reason or rollback say nothing.
    """
    hazardous = {identity(change) for change in plan.hazardous}
    problems = []
    if len(plan_hash) < SHORTEST_HASH or not plan.hash.startswith(plan_hash):
        problems.append(f"{plan_hash!r} is not the plan at hand, which is {plan.short}.")
    problems += [
        f"{name!r} is not a change of this plan that needs one." for name in changes if name not in hazardous
    ]
    problems += [
        f"{name} must say something."
        for name, words in zip(WORDS, (by, reason, rollback), strict=True)
        if not words.strip()
    ]
    if problems:
        listed = ", ".join(f"`{name}`" for name in sorted(hazardous)) or "none"
        mend = f"Look at `backwright plan`. Changes that need an approval: {listed}."
        raise SpecificationError(
            [diagnose(codes.APPROVAL_MISTAKEN, NOWHERE, each, mend) for each in problems]
        )
    return Approval(
        plan=plan.hash, changes=tuple(sorted(set(changes))), by=by, reason=reason, rollback=rollback, at=at
    )


def write(approval: Approval, folder: Path) -> Path:
    """Add the approval to its plan's file, behind the earlier ones: who approved what, and why, stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{approval.plan}.yaml"
    earlier = _parsed(path) if path.is_file() else []
    path.write_text(text([*earlier, approval]), encoding="utf-8")
    return path


def text(approvals: Sequence[Approval]) -> str:
    """The approvals as YAML, in the order in which they were given and people read them."""
    stream = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.dump(msgspec.to_builtins(approvals), stream)
    return stream.getvalue()


def read(folder: Path, project: Path) -> list[Approval]:
    """Every approval in the folder. Raises SpecificationError when one cannot be used."""
    found: list[Approval] = []
    wrong: list[Diagnostic] = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        place = Place(path.relative_to(project).as_posix(), 1, 1)
        try:
            approvals = _parsed(path)
        except (YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
            message = f"The approval cannot be used: {str(error).splitlines()[0]}"
            wrong.append(
                diagnose(codes.APPROVAL_UNREADABLE, place, message, "Write it with `backwright approve`.")
            )
            continue
        for approval in approvals:
            if any(not words.strip() for words in (approval.by, approval.reason, approval.rollback)):
                message = "`by`, `reason` and `rollback` must say something."
                wrong.append(diagnose(codes.APPROVAL_UNREADABLE, place, message, "Fill them in."))
        found += approvals
    if wrong:
        raise SpecificationError(wrong)
    return found


def _parsed(path: Path) -> list[Approval]:
    content: Any = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return msgspec.convert(content, list[Approval])


_CODES: dict[Hazard, tuple[Code, str]] = {
    "destructive": (codes.DESTRUCTIVE, "loses data"),
    "widens_access": (codes.WIDENS_ACCESS, "may let callers reach more than before"),
    "breaking": (codes.BREAKING, "breaks clients"),
    "needs_index": (codes.SLOW, "is slow with as many rows as are declared"),
}


def blocked(plan: Plan, approvals: Sequence[Approval]) -> list[Diagnostic]:
    """What nobody has approved for exactly this plan, the worst of each change first.

    What the plan refuses cannot be approved at all.
    """
    elsewhere = {
        name: approval.plan
        for approval in approvals
        if approval.plan != plan.hash
        for name in approval.changes
    }
    return [
        _unapproved(plan, change, hazard, elsewhere)
        for change in unapproved(plan, approvals)
        for hazard in reversed(change.hazards)
        if hazard in NEEDS_APPROVAL
    ]


def unapproved(plan: Plan, approvals: Sequence[Approval]) -> tuple[Change, ...]:
    """The changes that need an approval of exactly this plan, and have none."""
    here = {name for approval in approvals if approval.plan == plan.hash for name in approval.changes}
    return tuple(change for change in plan.hazardous if identity(change) not in here)


_BESIDE = (
    "; or keep what was there, `deprecated` and under a view that says what it said, and give the new one a route "
    "of its own"
)


def _unapproved(plan: Plan, change: Change, hazard: Hazard, elsewhere: dict[str, str]) -> Diagnostic:
    code, effect = _CODES[hazard]
    name = identity(change)
    message = f"{name} {effect} ({change.reason}), and plan {plan.short} does not have an approval of it."
    if name in elsewhere:
        message += (
            f" The approval for plan {elsewhere[name][:12]} is void: the specification has changed since."
        )
    approve = f"`backwright approve {plan.short} --change '{name}' --by … --reason … --rollback …`"
    if hazard == "needs_index":
        return diagnose(code, change.place, message, f"{change.instead} Or have it approved: {approve}.")
    mend = f"Have it approved: {approve}"
    beside = _BESIDE if hazard == "breaking" else ""
    mend += f". {change.note}" if change.note else f"{beside}; or take the change back."
    return diagnose(code, change.place, message, mend)
