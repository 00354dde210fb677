"""Disagreements that were found once, kept in the project as files, and played first by every later run.

`tests/regressions/<operation>-<hash>.json` is what happens on both sides; the script beside it is for people. Both
belong to the project's owner: no build writes or removes them, and a case ends when somebody deletes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.project import confined
from backwright.emit.testing.world import Stored
from backwright.model.types import Entity, FieldType, ListType, ManyType, Model, RecordType, ScalarType
from backwright.project import Project
from backwright.reference.routing import match_path
from backwright.verify.backends import Backend
from backwright.verify.conversation import Conversation, Disagreement, Inspect, played, requests_of
from backwright.verify.rows import column_type
from backwright.verify.staged import Played, SignIn, signed_in, store
from backwright.verify.traffic import Assigned, Event, Put, Sent

FOLDER = "tests/regressions"
MOST, LARGEST = 200, 4 << 20
"""How many cases there may be, and how large one is, in bytes."""


class Unusable(Exception):
    """A case that the specification has left behind. The message says why."""


class Unreadable(Exception):
    """A file that is no case. The message says why."""


class KeptRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row that is stored before anything is sent, in JSON values. `gone`: it was deleted softly."""

    entity: str
    values: dict[str, Any]
    gone: bool = False


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One disagreement: what is stored, who is signed in past the service, what happens then, and what differed.

    `answered` are the statuses that the reference gave to the requests before the last event: where a later
    specification gives others, the case does not come to its point any more. `version` is that of this form.
    """

    version: int = 1
    operation: str
    what: str
    rows: tuple[KeptRow, ...] = ()
    signed_in: tuple[Any, ...] = ()
    events: tuple[Event, ...]
    answered: tuple[int, ...] = ()


# Kept -----------------------------------------------------------------------------------------------


def of_sequence(found: Disagreement) -> Case:
    """The case of random requests."""
    return Case(
        operation=found.requests()[-1].operation,
        what="; ".join(found.differences),
        events=found.events,
    )


def of_scene(scene: Played) -> Case:
    """The case of a scene that was made on purpose."""
    assert scene.again is not None
    rows = tuple(
        KeptRow(entity=row.entity, values=msgspec.to_builtins(row.values, enc_hook=str), gone=row.gone)
        for row in scene.again.rows
    )
    return Case(
        operation=scene.sent.operation,
        what="; ".join(scene.differences),
        rows=rows,
        signed_in=tuple(msgspec.to_builtins(scene.again.subjects, enc_hook=str)),
        events=scene.again.requests,
    )


def confirmed(case: Case, again: Replayed) -> Case:
    """The case with the statuses on the way to its point, as they were when it was played once more."""
    on_the_way = sum(len(requests_of(event)) for event in case.events[:-1])
    return msgspec.structs.replace(case, answered=again.answered[:on_the_way])


def encoded(case: Case) -> str:
    """The case as the text of its file."""
    return msgspec.json.format(msgspec.json.encode(case, enc_hook=str), indent=2).decode() + "\n"


def name_of(text: str) -> str:
    """What a case is called, by its text: alike for alike cases."""
    operation = re.sub(r"\W+", "-", _decoded(text.encode()).operation)[:60]
    return f"{operation}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def keep(project: Project, text: str, replay: str) -> str:
    """Write a case and its script into the project; the path of the case. Raises OutsideProject."""
    path = f"{FOLDER}/{name_of(text)}.json"
    file, script = (confined(project.root, each) for each in (path, f"{path.removesuffix('.json')}.sh"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    script.write_text(replay, encoding="utf-8")
    return path


def kept(project: Project) -> Iterator[Path]:
    """The files of all cases, by name."""
    folder = confined(project.root, FOLDER)
    yield from sorted(folder.glob("*.json")) if folder.is_dir() else ()


def read(file: Path) -> Case:
    """A case as it was kept. Raises Unreadable."""
    if file.is_symlink() or not file.is_file():
        raise Unreadable("it is no plain file")
    with file.open("rb") as opened:
        text = opened.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise Unreadable(f"it has more than {LARGEST} bytes")
    return _decoded(text)


def _decoded(text: bytes) -> Case:
    try:
        case = msgspec.json.decode(text, type=Case)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if case.version != 1:
        raise Unreadable(f"it is of version {case.version}, and this Backwright knows version 1")
    if not any(requests_of(event) for event in case.events):
        raise Unreadable("nothing is asked in it")
    return case


# Played once more -------------------------------------------------------------------------------------


class Replayed(msgspec.Struct, frozen=True):
    """What came of a case: how the two sides differ, and what the reference answered to each request."""

    differences: tuple[str, ...]
    answered: tuple[int, ...]


def replay(
    case: Case, model: Model, backend: Backend, sign_in: SignIn, inspect: Inspect | None = None
) -> Replayed:
    """The case on both sides, from empty tables on. Raises Unusable and Unstorable."""
    expect_known(case, model)
    rows = [Stored("", row.entity, _values(row, model), row.gone) for row in case.rows]
    conversation = Conversation(model, backend, inspect)
    store(rows, model, backend, conversation.oracle.reference)
    if case.signed_in:
        _sign_in(case, model, sign_in, conversation)
    answered: list[int] = []
    found = played(
        conversation,
        case.events,
        lambda _, outcome: answered.extend(each.answer.status for each in outcome.answers),
    )
    if found is not None:
        return Replayed(found.differences, tuple(answered))
    expected = case.answered
    for number, (before, now) in enumerate(zip(expected, answered, strict=False)):
        if before != now:
            sent = [sent for event in case.events for sent in requests_of(event)][number]
            raise Unusable(f"{sent.operation} was answered {before} on the way, and is {now} now")
    return Replayed((), tuple(answered))


def _sign_in(case: Case, model: Model, sign_in: SignIn, conversation: Conversation) -> None:
    if model.auth is None:
        raise Unusable("nobody signs in any more")
    entity = model.entity(model.auth.identity)
    kind = _python(entity.field(entity.key).type, model)
    for number, subject in enumerate(case.signed_in, 1):
        signed_in(_converted(subject, kind, entity.key), number, model.auth, sign_in, conversation)


def expect_known(case: Case, model: Model) -> None:
    """Raises Unusable where the model lacks what a case is about."""
    entities = {entity.name: entity for entity in model.entities}
    for row in case.rows:
        _expect_row(row, entities)
    for event in case.events:
        match event:
            case Put(entity=name) | Assigned(entity=name) if name not in entities:
                raise Unusable(f"there is no entity {name} any more")
            case Assigned(entity=name, field=field) if field not in _names(entities[name]):
                raise Unusable(f"{name} has no field {field} any more")
            case _:
                pass
        for sent in requests_of(event):
            _expect_route(sent, case, model)


def _expect_row(row: KeptRow, entities: dict[str, Entity]) -> None:
    if row.entity not in entities:
        raise Unusable(f"there is no entity {row.entity} any more")
    names = _names(entities[row.entity])
    if lost := sorted(row.values.keys() - names):
        raise Unusable(f"{row.entity} has no field {lost[0]} any more")
    if new := sorted(names - row.values.keys()):
        raise Unusable(f"{row.entity} has a field {new[0]} now, which its row lacks")


def _expect_route(sent: Sent, case: Case, model: Model) -> None:
    operations = {operation.name: operation for operation in model.operations}
    operation = operations.get(sent.operation)
    if operation is None:
        if (
            sent.operation == case.operation
            and re.fullmatch(r"\w+", sent.operation)
            and sent.operation != "HEAD"
        ):
            raise Unusable(f"there is no operation {sent.operation} any more")
        return
    if sent.method != operation.method or match_path(operation.path, sent.path) is None:
        raise Unusable(f"{sent.operation} is at {operation.method} {operation.path} now")


def _names(entity: Entity) -> set[str]:
    return {field.name for field in entity.fields}


# Values -----------------------------------------------------------------------------------------------


def _values(row: KeptRow, model: Model) -> dict[str, Any]:
    """The values of a kept row as the reference holds them. Raises Unusable."""
    entity = model.entity(row.entity)
    return {
        name: _converted(value, _python(entity.field(name).type, model), f"{row.entity}.{name}")
        for name, value in row.values.items()
    }


def _converted(value: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind | None, strict=False)
    except msgspec.ValidationError as error:
        raise Unusable(f"its value of {place} has another type: {error}") from error


def _python(kind: FieldType, model: Model) -> Any:
    """The Python type of stored values of a type."""
    match kind:
        case ManyType(entity=name):
            target = model.entity(name)
            return list[_python(target.field(target.key).type, model)]  # type: ignore[misc]
        case ListType(element=element):
            return list[_python(element, model)]  # type: ignore[misc]
        case ScalarType():
            return PYTHON.get(kind.scalar, str)
        case RecordType():
            return dict
        case _:
            return _python(column_type(model, kind), model)


PYTHON: dict[str, Any] = {
    "boolean": bool,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "date": date,
    "timestamp": datetime,
    "uuid": UUID,
    "bytes": bytes,
    "json": Any,
}
