"""A plan as people read it, in the manner of `terraform plan`, and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from backwright.plan.changes import AddEntity, AddField, Change, RemoveEntity, identity, reverse, symbol
from backwright.plan.fields import described
from backwright.plan.plan import Plan
from backwright.spec.diagnostics import NOWHERE

_HAZARDS = {
    "safe": "safe",
    "needs_backfill": "safe, rows that exist are filled",
    "limit": "stops where stored rows stand in the way",
    "needs_index": "SLOW with as many rows as are declared, needs an index, a narrower list or an approval",
    "destructive": "DESTRUCTIVE, needs an approval",
    "breaking": "BREAKING, needs an approval",
    "widens_access": "WIDENS ACCESS, needs an approval",
}
_WORDS = {"+": "to add", "~": "to change", "-> ": "to rename", "->": "to rename", "-": "to remove"}


def text(plan: Plan) -> str:
    """The plan as text, ending with a newline; what it refuses and asks is told beside it."""
    if not plan.changes and not plan.refused:
        return "No changes: the specification means what is deployed.\n"
    lines = [f"Plan {plan.short}", ""]
    for change in plan.changes:
        lines += _lines(change)
    lines.append(_summary(plan))
    return "\n".join(lines) + "\n"


def _lines(change: Change) -> list[str]:
    lines = [f"{symbol(change):>2} {identity(change)}", f"      why: {change.reason}"]
    lines += [f"      {detail}" for detail in _details(change)]
    lines += [f"      hazard: {_HAZARDS[each]}" for each in change.hazards or ("safe",)]
    if change.place != NOWHERE:
        lines.append(f"      place: {change.place.file}:{change.place.line}")
    lines.append(f"      reverse: {_back(change)}")
    if change.instead:
        lines.append(f"      instead: {change.instead}")
    if change.note:
        lines.append(f"      question: {change.note}")
    return [*lines, ""]


def _details(change: Change) -> list[str]:
    match change:
        case AddEntity(entity=entity):
            return [
                f"field: {field.name} {described(field.type)}{'?' if field.nullable else ''}"
                for field in entity.fields
            ]
        case AddField(field=field):
            return [f"type: {described(field.type)}{'?' if field.nullable else ''}"]
        case _:
            return []


def _back(change: Change) -> str:
    back = identity(reverse(change))
    if isinstance(change, RemoveEntity) or identity(change).startswith("drop-field"):
        return f"{back}, from the values that the migration keeps"
    return back


def _summary(plan: Plan) -> str:
    counts = Counter(symbol(change) for change in plan.changes)
    parts = [f"{counts[sign]} {_WORDS[sign]}" for sign in ("+", "~", "->", "-") if counts[sign]]
    approvals = len(plan.hazardous)
    line = f"Plan: {', '.join(parts)}."
    if approvals:
        line += f" {approvals} need{'s' if approvals == 1 else ''} an approval of plan {plan.short}."
    if plan.refused:
        line += f" {len(plan.refused)} cannot be carried out."
    return line


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan for `--json`: all of it, and of each change the name that approves it and the worst of its hazards."""
    data: dict[str, Any] = msgspec.to_builtins(plan)
    for written, change in zip(data["changes"], plan.changes, strict=True):
        written |= {"id": identity(change), "hazard": change.hazard}
    return data


def as_json(plan: Plan) -> str:
    """The plan as indented JSON: what `plan.json` beside a migration holds."""
    document = {
        "plan": plan.hash,
        "before": plan.before,
        "after": plan.after,
        "verdict": plan.verdict,
        "changes": [
            {
                "id": identity(change),
                "symbol": symbol(change),
                "reason": change.reason,
                "hazard": change.hazard,
                "hazards": change.hazards,
                "note": change.note,
                "place": msgspec.to_builtins(change.place),
                "reverse": identity(reverse(change)),
                "detail": msgspec.to_builtins(change),
            }
            for change in plan.changes
        ],
        "refused": msgspec.to_builtins(plan.refused),
        "warnings": msgspec.to_builtins(plan.warnings),
    }
    return msgspec.json.format(msgspec.json.encode(document).decode(), indent=2) + "\n"
