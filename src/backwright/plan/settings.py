"""What changes of the whole service: its name and version, who callers are, how failures look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.model.types import KEPT_DAYS, ErrorAnswer, HandedOver, Integration, Logic, Model, Setting
from backwright.plan.changes import ChangeSetting, Hazard, ranked
from backwright.plan.meaning import Renames, carried_over, plain


def setting_changes(before: Model, after: Model, renames: Renames) -> Iterator[ChangeSetting]:
    """Every setting that differs, by name."""
    former = _flat(carried_over(_parts(before), renames))
    later = _flat(plain(_parts(after)))
    former |= answers(before.service.answers)
    later |= answers(after.service.answers)
    for name in sorted(former.keys() | later.keys()):
        old, new = former.get(name, _usual(name)), later.get(name, _usual(name))
        if old != new:
            yield ChangeSetting(
                name=name,
                before=old,
                after=new,
                place=after.service.place,
                reason=f"{name}: {old} becomes {new}",
                hazards=ranked(_hazard(name, old, new)),
            )


def _parts(model: Model) -> dict[str, object]:
    return {
        "service": model.service,
        "auth": model.auth,
        "security": model.security,
        "performance": model.performance,
        "contract": None if model.contract is None else _contract(model.contract),
        "settings": {each.name: _variable(each) for each in model.settings},
        "integrations": {each.name: _partner(each) for each in model.integrations},
    }


def _variable(setting: Setting) -> str:
    kind = f"secret {setting.type}" if setting.secret else setting.type
    return f"{kind}, required" if setting.default is None else f"{kind}, {setting.default} if it is not set"


def _partner(partner: Integration) -> str:
    place = "in one's own network" if partner.private else "public"
    header = "no secret" if partner.header is None else f"a secret in {partner.header}"
    return f"{place}, {header}, {partner.attempts} attempts of {partner.seconds} s"


def _contract(found: HandedOver) -> dict[str, object]:
    settings: dict[str, object] = {"file": found.file, "sha256": found.sha256[:12]}
    if found.deviations:
        settings["deviations"] = [
            " ".join(filter(None, (each.rule, each.operation or "everywhere", each.at)))
            for each in found.deviations
        ]
    return settings


def logic_changes(before: Model, after: Model) -> Iterator[ChangeSetting]:
    """Custom logic that comes, goes, or takes and returns something else. Its files are the user's and stay."""
    former = {each.name: each for each in before.logic}
    later = {each.name: each for each in after.logic}
    for name in sorted(former.keys() | later.keys()):
        old, new = former.get(name), later.get(name)
        if plain(old) == plain(new):
            continue
        trusted = new is not None and new.trusted is not None and (old is None or old.trusted is None)
        yield ChangeSetting(
            name=f"logic.{name}",
            before="none" if old is None else logic_text(old),
            after="none" if new is None else logic_text(new),
            place=after.service.place if new is None else new.place,
            reason=f"custom logic `{name}` {_how(old, new)}",
            hazards=ranked("widens_access" if trusted else "safe"),
        )


def _how(old: Logic | None, new: Logic | None) -> str:
    if old is None:
        return "is to be written"
    if new is None:
        return "is no longer called; its file stays, and is yours to delete"
    if new.trusted is not None and old.trusted is None:
        return f"goes past the access rules: {new.trusted}"
    return "is declared differently; its file stays, and has to follow"


def logic_text(logic: Logic) -> str:
    """`(quantity, unit_price) -> (total), raises too_many`."""
    taken, given = (", ".join(each.name for each in members) for members in (logic.input, logic.output))
    raised = ", ".join(each.code for each in logic.errors)
    read = ", ".join(logic.reads)
    return (
        f"({taken}) -> ({given})"
        + (f", raises {raised}" if raised else "")
        + (f", reads {read}" if read else "")
        + (f", uses {', '.join(logic.uses)}" if logic.uses else "")
    )


def answers(found: tuple[ErrorAnswer, ...]) -> dict[str, str]:
    """How each category of failures is answered, in words, by the name of the setting."""
    return {f"service.errors.{answer.category}": answer_text(answer) for answer in found}


def answer_text(answer: ErrorAnswer) -> str:
    """`status 400, body {"message": message}`."""
    said = [] if answer.status is None else [f"status {answer.status}"]
    said += ["no body"] if answer.empty else []
    said += [] if answer.body is None else [f"body {_shape(plain(answer.body))}"]
    return ", ".join(said) or "as usual"


def _shape(shape: dict[str, Any]) -> str:
    match shape:
        case {"type": "members", "members": members}:
            inside = ", ".join(f"{member['wire']}: {_shape(member['shape'])}" for member in members)
            return f"{{{inside}}}"
        case {"type": "array", "items": items}:
            return f"[{', '.join(_shape(item) for item in items)}]"
        case {"type": "word", "word": word}:
            return str(word)
        case {"type": "constant", "text": text}:
            return repr(text)
        case _:
            return msgspec.json.encode(shape, order="sorted").decode()


_DEFAULTS = {  # what the model's values are without being said
    "service.unknown_fields": "ignore",
    "service.envelope": "True",
    "service.nulls": "show",
    "service.failures": "json",
    "service.max_body": "1048576",
    "service.changes": "at_once",
    "service.kept_days": str(KEPT_DAYS),
    "auth.token_seconds": "3600",
    "security.row_level": "False",
    "auth.scheme": "Bearer",
    "performance.p95_ms": "500",
    "performance.count": "20",
    "performance.seconds": "1",
}


def _usual(name: str) -> str:
    return "as usual" if name.startswith("service.errors.") else _DEFAULTS.get(name, "none")


_BREAKING = frozenset(
    {
        "auth.identity",
        "auth.by",
        "auth.password",
        "auth.scheme",
        "auth.cookie",
        "service.name",
        "service.envelope",
        "service.nulls",
        "service.failures",
    }
)


def _hazard(name: str, before: str, after: str) -> Hazard:
    match name:
        case "service.unknown_fields":
            return "breaking" if after == "reject" else "safe"
        case (
            "security.row_level"
        ):  # whatever else reads the tables as their owner sees other rows than before
            return "widens_access" if after == "False" else "breaking"
        case "service.max_body" if before.isdigit() and after.isdigit():
            return "breaking" if int(after) < int(before) else "safe"
        case "service.kept_days":  # what was dropped already goes sooner than its approval said
            return "destructive" if int(after) < int(before) else "safe"
        case _:
            return "breaking" if name in _BREAKING or name.startswith("service.errors.") else "safe"


def _flat(settings: dict[str, dict[str, object] | None]) -> dict[str, str]:
    return {
        f"{part}.{key}": ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for part, members in settings.items()
        for key, value in (members or {}).items()
        if (part, key) != ("service", "answers")
    }
