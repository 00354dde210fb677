"""Tests of what a request may hold: bad values, missing and unknown members, references to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from backwright.emit.testing.cases import BadValue, Case, Table, Test, outcome
from backwright.emit.testing.frames import Frame, Spot
from backwright.emit.testing.reach import sent
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import File, Scene, Stage, Trial, tried
from backwright.emit.testing.values import NOBODY, Unfit, Wrong, at_limits, refused, repeated
from backwright.expr.typed import FALSE
from backwright.model.types import (
    Body,
    Entity,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Operation,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.reference.http import is_line
from backwright.reference.read import query_fields

LONGEST_QUERY = 2000
"""What fits into an address."""


def input_tests(trial: Trial) -> Iterator[Test]:
    """The tests of body and query of one operation."""
    body = trial.scene.operation.body
    if body is not None and trial.scene.body is not None:
        yield from _bodies(trial, body)
        yield from _files(trial, body)
        yield from _forbidden_members(trial, body)
        yield from _references(trial, body)
    yield from _queries(trial)
    yield from _twice(trial)


def _bodies(trial: Trial, body: Body) -> Iterator[Test]:
    scene = trial.scene
    bad: list[BadValue] = []
    limits: list[BadValue] = []
    for field in body.fields:
        bad += [each for wrong in _wrong(field, body) if (each := _refused(scene, field, wrong)) is not None]
        limits += [
            each for value in _limits(field, body) if (each := _accepted(trial, field, value)) is not None
        ]
    if bad:
        yield Table("refuses_bad_values", scene, bad, "body")
    if limits:
        yield Table("accepts_values_at_their_limits", scene, limits, "body", accepted=True)
    if any(field.required for field in body.fields) and body.bare is None:
        empty = scene.copy()
        empty.body = {}
        asked = tried(empty)
        if asked.failure is not None:
            yield Case("names_every_missing_member", [asked])
    rejects = scene.world.setting.model.service.unknown_fields == "reject"
    if rejects and body.media == "json" and body.bare is None:
        asked = _with_raw(scene, body, "unheard_of", Wrong(1))
        if asked.failure is not None:
            yield Case("refuses_unknown_members", [asked])


def _with_raw(scene: Scene, body: Body, member: str, wrong: Wrong) -> Trial:
    """The answer to the scene's request with one member of the body replaced."""
    ask = scene.ask()
    ask.body = {**(ask.body or {}), member: wrong}
    return Stage(scene.world).send(scene, ask)


def _refused(scene: Scene, field: InputField, wrong: Wrong) -> BadValue | None:
    body = scene.operation.body
    assert body is not None
    asked = _with_raw(scene, body, field.wire, wrong)
    failure = asked.failure
    if failure is None or failure.category != "invalid" or not failure.fields:
        return None
    place = failure.fields[0][0]
    if place.partition("[")[0].partition(".")[0] != field.wire:
        return None
    return BadValue(field.wire, wrong, asked)


def _accepted(trial: Trial, field: InputField, value: Any) -> BadValue | None:
    scene = trial.scene.copy()
    assert scene.body is not None
    scene.body[field.name] = value
    asked = tried(scene)
    if not asked.succeeded:
        return None
    written = (asked.ask.body or {}).get(field.wire)
    if isinstance(written, str) and len(written) >= 10 and len(set(written)) == 1:
        return BadValue(field.wire, repeated(written[0], len(written)), asked)
    return BadValue(field.wire, Wrong(written), asked)


def _limits(field: InputField, body: Body) -> list[Any]:
    if not isinstance(field.type, ScalarType) or body.media != "json" or field.matches is not None:
        return []
    largest = field.type.max or 0
    return (
        at_limits(field.type, matches=field.matches)
        if largest <= 70_000 or field.type.scalar == "integer"
        else []
    )


def _wrong(field: InputField, body: Body) -> list[Wrong]:
    """Values that a member may not have."""
    if body.media != "json":
        return [each for each in _wrong_texts(field.type, field) if isinstance(each.value, str)]
    found = [] if field.nullable else [Wrong(None)]
    return found + _wrong_of(field.type, field)


def _wrong_of(kind: FieldType, field: InputField) -> list[Wrong]:
    match kind:
        case ScalarType():
            return refused(field, kind)
        case ReferenceType():
            return [Wrong(True)]
        case ManyType():
            return [Wrong("none"), Wrong([None])]
        case ListType(element=element):
            inner = [Wrong([each.value]) for each in _wrong_of(element, field)[:2] if each.source is None]
            short = [Wrong([])] if kind.min else []
            return [Wrong("none"), *short, *inner]
        case RecordType(members=members):
            return [Wrong("none"), *([Wrong({})] if any(each.required for each in members) else [])]


def _wrong_texts(kind: FieldType, field: InputField) -> list[Wrong]:
    """What forms and queries can hold is text."""
    if isinstance(kind, ListType) and isinstance(kind.element, ScalarType):
        return [each for each in refused(field, kind.element) if isinstance(each.value, str)]
    if not isinstance(kind, ScalarType):
        return []
    match kind.scalar:
        case "boolean":
            return [Wrong("yes")]
        case "integer":
            low = [] if kind.min is None else [Wrong(str(kind.min - 1))]
            high = [] if kind.max is None else [Wrong(str(kind.max + 1))]
            return [Wrong("many"), Wrong("1.5"), *low, *high]
        case "double":
            return [Wrong("many")]
        case "bytes" | "json":
            return []
        case _:
            return [each for each in refused(field, kind) if isinstance(each.value, str)]


def _files(trial: Trial, body: Body) -> Iterator[Test]:
    """A file that is none of the kinds that are taken."""
    for field in body.fields:
        kind = field.type
        if body.media != "multipart" or not isinstance(kind, ScalarType) or not kind.media:
            continue
        made = trial.scene.copy()
        assert made.body is not None
        made.body[field.name] = File(f"{field.wire}.txt", b"some text", "text/plain")
        asked = tried(made)
        if asked.failure is not None and asked.failure.category == "invalid":
            yield Case(f"refuses_a_{field.name}_of_another_kind", [asked])


def _forbidden_members(trial: Trial, body: Body) -> Iterator[Test]:
    """Members that the caller may not send, where the success is without them."""
    scene = trial.scene
    for field in body.fields:
        if field.write is None or field.name in (scene.body or {}):
            continue
        made = scene.copy()
        assert made.body is not None
        try:
            made.body[field.name] = sent(field, field.type, made.world, 1)
        except Unfit:
            continue
        asked = tried(made)
        if asked.failure is not None:
            yield Case(f"with_{field.name}_{outcome(asked)}", [asked], f"Needs {field.write.source}")


def _references(trial: Trial, body: Body) -> Iterator[Test]:
    """References to rows that are not there, or that the caller may not read."""
    scene = trial.scene
    for field in body.fields:
        if isinstance(field.type, ListType) and isinstance(field.type.element, RecordType):
            yield from _later_references(scene, field.name, field.type.element)
        if not isinstance(field.type, ReferenceType | ManyType):
            continue
        model = scene.world.setting.model
        target = model.entity(field.type.entity)
        many = isinstance(field.type, ManyType)
        made = scene.copy()
        assert made.body is not None
        made.body[field.name] = [_nobody(target)] if many else _nobody(target)
        asked = tried(made)
        if asked.failure is not None:
            yield Case(f"refuses_a_missing_{field.name}", [asked])
        rule = target.access["read"]
        if rule.condition == FALSE:
            continue
        yield from islice(_unreadable(scene, field, many), 1)


def _nobody(target: Entity) -> Any:
    """A key that no row of an entity has."""
    kind = target.field(target.key).type
    scalar = kind.scalar if isinstance(kind, ScalarType) else "string"
    return NOBODY if scalar == "uuid" else 999_999 if scalar == "integer" else "nothing-there"


def _later_references(scene: Scene, name: str, kind: RecordType) -> Iterator[Test]:
    """The second of several objects refers to nothing: all of them are looked at."""
    for member in kind.members:
        items = (scene.body or {}).get(name)
        if isinstance(member.type, ReferenceType) and items:
            made = scene.copy()
            assert made.body is not None
            nobody = _nobody(scene.world.setting.model.entity(member.type.entity))
            made.body[name] = [items[0], {**items[0], member.name: nobody}]
            asked = tried(made)
            if asked.failure is not None:
                yield Case(f"refuses_a_missing_{member.name}_in_a_later_one_of_{name}", [asked])


def _unreadable(scene: Scene, field: InputField, many: bool) -> Iterator[Test]:
    assert isinstance(field.type, ReferenceType | ManyType)
    rule = scene.world.setting.model.entity(field.type.entity).access["read"]
    made = scene.copy()
    try:
        at = made.world.add(field.type.entity)
    except Unfit:
        return
    for hidden in islice(satisfied(rule.condition, False, made, Frame(this=Spot(at))), 4):
        assert hidden.body is not None
        key = hidden.world.key(at)
        asking = hidden.copy()
        assert asking.body is not None
        asking.body[field.name] = [key] if many else key
        asked = tried(asking)
        if asked.failure is not None and asked.failure.category == "invalid":
            yield Case(f"refuses_an_unreadable_{field.name}", [asked], f"Needs {rule.source}")


def _queries(trial: Trial) -> Iterator[Test]:
    """Values that a parameter of the query may not have, or one of a header."""
    scene = trial.scene
    bad: list[BadValue] = []
    told: list[BadValue] = []
    for field in query_fields(scene.operation):
        wrongs = _wrong_texts(field.type, field)
        for wrong in wrongs if field.wire != "after" else [Wrong("bm9uZQ")]:
            if not str(wrong.value).isprintable() or len(str(wrong.value)) > LONGEST_QUERY:
                continue
            ask = scene.ask()
            if field.header and not is_line(str(wrong.value)):
                continue
            if field.header:
                ask.headers[field.wire] = str(wrong.value)
            else:
                ask.query = [pair for pair in ask.query if pair[0] != field.wire] + [
                    (field.wire, wrong.value)
                ]
            asked = Stage(scene.world).send(scene, ask)
            if asked.failure is not None and asked.failure.category == "invalid":
                (told if field.header else bad).append(BadValue(field.wire, wrong, asked))
    if bad:
        yield Table("refuses_bad_parameters", scene, bad, "query")
    if told:
        yield Table("refuses_bad_headers", scene, told, "headers")
    if any(field.required for field in scene.operation.query):
        ask = scene.ask()
        ask.query = []
        for field in scene.operation.query:
            ask.headers.pop(field.wire, None)
        asked = Stage(scene.world).send(scene, ask)
        if asked.failure is not None:
            yield Case("names_every_missing_parameter", [asked])


def _in_query(operation: Operation) -> list[InputField]:
    return [field for field in query_fields(operation) if not field.header]


def _twice(trial: Trial) -> Iterator[Test]:
    """A parameter that comes twice: for the first operation that has one, since all are read in the same way."""
    operations = trial.scene.world.setting.model.operations
    first = next((each for each in operations if _in_query(each)), None)
    if first is None or first.name != trial.scene.operation.name:
        return
    for field in _in_query(first):
        if not isinstance(field.type, ScalarType):
            continue
        ask = trial.scene.ask()
        ask.query = [
            *(pair for pair in ask.query if pair[0] != field.wire),
            (field.wire, "1"),
            (field.wire, "2"),
        ]
        asked = Stage(trial.scene.world).send(trial.scene, ask)
        failure = asked.failure
        if failure is not None and failure.fields and failure.fields[0][1] == "repeated":
            yield Case("refuses_a_parameter_that_comes_twice", [asked])
            return
