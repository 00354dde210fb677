"""Gives an expression a value by changing what it is computed from: a field, a parameter, a member of the body."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from backwright.emit.testing.frames import Candidate, Frame, Item, Spot, inside, locate, value
from backwright.emit.testing.trial import Scene
from backwright.emit.testing.values import NOW, Unfit, accepts, held, other
from backwright.expr.typed import (
    Arithmetic,
    Compare,
    Comparison,
    Conditional,
    Constant,
    Convert,
    Expression,
    Input,
    Member,
    Name,
    Part,
    Text,
    Type,
)
from backwright.model.types import Entity, Field, InputField, ListType, ManyType, ReferenceType, ScalarType
from backwright.reference.evaluate import compare
from backwright.reference.texts import convert

NEGATED: dict[Comparison, Comparison] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def assign(expression: Expression, wanted: Any, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Scenes in which the expression should have the value."""
    match expression:
        case Input(source="params", name=name):
            if wanted is not None:
                made = scene.copy()
                made.params[name] = wanted
                yield made
        case Input(source="body", name=name):
            if scene.body is not None and _may_send(scene, name, wanted):
                made = scene.copy()
                assert made.body is not None
                made.body[name] = wanted
                yield made
        case Part(of=Name(root="variable", binding=variable), name=name):
            item = frame.variables.get(variable or "")
            if isinstance(item, Item):
                made = scene.copy()
                assert made.body is not None
                made.body[item.name][item.position][name] = wanted
                yield made
        case Member(of=of, field=field):
            yield from _member(of, field, expression, wanted, scene, frame)
        case Name(root="caller"):
            yield from _caller(wanted, scene)
        case Convert(to=to, of=of):
            for found in _before(to, of.type, wanted):
                yield from assign(of, found, scene, frame)
        case Text(function="lowerAscii" | "upperAscii" | "trim", arguments=(of,)):
            yield from assign(of, wanted, scene, frame)
        case Conditional(when=_, then=then, otherwise=otherwise):
            yield from assign(then, wanted, scene, frame)
            yield from assign(otherwise, wanted, scene, frame)
        case Arithmetic(op="+" | "-"):
            yield from _arithmetic(expression, wanted, scene, frame)
        case _:
            return


def _member(
    of: Expression, name: str, expression: Member, wanted: Any, scene: Scene, frame: Frame
) -> Iterator[Scene]:
    holder = locate(of, scene, frame)
    match holder:
        case Candidate():
            yield from _candidate(holder, name, wanted, scene, frame)
        case Spot(index=index):
            entity = scene.world.setting.model.entity(scene.world.rows[index].entity)
            if _may_hold(entity, entity.field(name), wanted) and not _is_itself(scene, index, name, wanted):
                made = scene.copy()
                made.world.rows[index].values[name] = held(entity.field(name).type, wanted)
                yield made
        case None:
            if value(of, scene, frame) is None and not isinstance(of, Name):
                for made, found in others(of, None, scene, frame):
                    for after in assign(of, found, made, frame):
                        if isinstance(locate(of, after, frame), Spot):
                            yield from assign(expression, wanted, after, frame)


def _is_itself(scene: Scene, index: int, name: str, wanted: Any) -> bool:
    """Whether a row would refer to itself, which no test could store in one statement."""
    row = scene.world.rows[index]
    entity = scene.world.setting.model.entity(row.entity)
    kind = entity.field(name).type
    refers = isinstance(kind, ReferenceType) and kind.entity == entity.name
    return refers and not entity.composite and wanted == row.values[entity.key]


def _candidate(row: Candidate, name: str, wanted: Any, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """A field of a row that is to be written: by what it is computed from."""
    if name in row.values:
        yield from assign(row.values[name].meaning, wanted, scene, inside(row, frame))
    elif name in row.changes and scene.body is not None and _may_send(scene, name, wanted):
        made = scene.copy()
        assert made.body is not None
        made.body[name] = wanted
        yield made
    written = name in row.values or (name in row.changes and name in (scene.body or {}))
    if row.base is not None and not written:
        entity = row.entity
        if _may_hold(entity, entity.field(name), wanted):
            made = scene.copy()
            made.world.rows[row.base.index].values[name] = held(entity.field(name).type, wanted)
            yield made


def _may_hold(entity: Entity, field: Field, wanted: Any) -> bool:
    """Whether a stored row may get a value: keys of ours and passwords stay."""
    if wanted is None:
        return field.nullable
    if field.name in entity.keys and not entity.composite and not field.input:
        return False
    if isinstance(field.type, ScalarType):
        return field.type.scalar != "password" and accepts(field, field.type, wanted)
    return isinstance(wanted, list) == isinstance(field.type, ListType | ManyType)


def _may_send(scene: Scene, name: str, wanted: Any) -> bool:
    field = _input(scene, name)
    if field is None:
        return False
    if wanted is None:
        return field.nullable
    return not isinstance(field.type, ScalarType) or accepts(field, field.type, wanted)


def _input(scene: Scene, name: str) -> InputField | None:
    body = scene.operation.body
    return next((each for each in body.fields if each.name == name), None) if body is not None else None


def _caller(wanted: Any, scene: Scene) -> Iterator[Scene]:
    """Another caller: a person whose key is wanted."""
    identity = scene.world.setting.identity
    at = scene.world.at(identity, wanted) if identity is not None and wanted is not None else None
    if at is not None and scene.caller is not None:
        made = scene.copy()
        made.caller = made.world.rows[at].variable
        yield made


def _before(to: str, kind: Type, wanted: Any) -> Iterator[Any]:
    """Values that convert to the one wanted."""
    if wanted is None:
        yield None
        return
    try:
        match to:
            case "date" if isinstance(wanted, date):
                yield datetime.combine(wanted, time(12), NOW.tzinfo)
            case "timestamp" if isinstance(wanted, datetime):
                yield wanted.date()
            case "int":
                yield Decimal(wanted) if kind.kind == "decimal" else float(wanted)
            case "double" | "decimal":
                yield int(wanted)
            case "string":
                match kind.kind:
                    case "integer":
                        yield int(wanted)
                    case "boolean":
                        yield wanted == "true"
                    case "string" | "enum":
                        yield wanted
                    case _:
                        return
            case _:
                return
    except (ValueError, TypeError):
        return


def _arithmetic(expression: Arithmetic, wanted: Any, scene: Scene, frame: Frame) -> Iterator[Scene]:
    left, right = value(expression.left, scene, frame), value(expression.right, scene, frame)
    try:
        if right is not None and wanted is not None:
            found = wanted - right if expression.op == "+" else wanted + right
            yield from assign(expression.left, found, scene, frame)
        if left is not None and wanted is not None:
            found = wanted - left if expression.op == "+" else left - wanted
            yield from assign(expression.right, found, scene, frame)
    except (TypeError, OverflowError):
        return


# Other values -----------------------------------------------------------------------------------------


def others(expression: Expression, taken: Any, scene: Scene, frame: Frame) -> Iterator[tuple[Scene, Any]]:
    """Values that an expression could have instead of one, each with a scene that has the row for it."""
    kind = expression.type
    if kind.kind == "entity" and kind.entity is not None:
        world = scene.world
        yield from ((scene, world.key(at)) for at in world.of(kind.entity) if world.key(at) != taken)
        made = scene.copy()
        try:
            at = made.world.add(kind.entity)
        except Unfit:
            return
        yield made, made.world.key(at)
        if kind.nullable and taken is not None:
            yield scene, None
        return
    found = field_of(expression, scene)
    if found is not None and isinstance(found.type, ScalarType):
        yield from ((scene, each) for each in other(found, found.type, taken))
    elif taken is not None:
        yield from ((scene, each) for each in (_moved(taken, 1), _moved(taken, -1)) if each is not None)
        if kind.kind == "enum":
            yield from ((scene, each) for each in kind.values if each != taken)
    elif (made_up := _some(kind)) is not None:
        yield scene, made_up
    if kind.nullable and taken is not None:
        yield scene, None


def field_of(expression: Expression, scene: Scene) -> Field | InputField | None:
    """The field, parameter or member that an expression is, if it is one."""
    match expression:
        case Member(entity=entity, field=name):
            return scene.world.setting.model.entity(entity).field(name)
        case Input(source="body", name=name):
            return _input(scene, name)
        case Input(source="params", name=name):
            return next((each for each in scene.operation.query if each.name == name), None)
        case Text(function="lowerAscii" | "upperAscii" | "trim", arguments=(of,)) | Convert(of=of):
            return field_of(of, scene) if isinstance(expression, Text) else None
        case _:
            return None


def _some(kind: Type) -> Any:
    match kind.kind:
        case "boolean":
            return True
        case "integer":
            return 3
        case "decimal":
            return Decimal("3.0")
        case "double":
            return 3.5
        case "string":
            return "something"
        case "date":
            return NOW.date()
        case "timestamp":
            return NOW
        case "enum":
            return kind.values[0] if kind.values else None
        case _:
            return None


def relations(condition: Compare, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Scenes in which an ordering is as wanted: one side moves beside the other."""
    op = condition.op if want else NEGATED[condition.op]
    for one, two, way in (
        (condition.left, condition.right, op),
        (condition.right, condition.left, _turned(op)),
    ):
        against = value(two, scene, frame)
        if against is None:
            if isinstance(two, Constant):
                continue
            against = value(one, scene, frame)
            if against is None:
                for made, found in others(one, None, scene, frame):
                    for after in assign(one, found, made, frame):
                        if value(one, after, frame) is not None:
                            yield from relations(condition, want, after, frame)
                continue
            for step in (0, 1, -1, 2, -2):
                beside = _moved(against, step)
                if beside is not None and compare(_turned(way), beside, against):
                    yield from assign(two, beside, scene, frame)
            continue
        for step in (0, 1, -1, 2, -2):
            beside = _moved(against, step)
            if beside is not None and compare(way, beside, against):
                yield from assign(one, beside, scene, frame)


def _turned(op: Comparison) -> Comparison:
    turned: dict[Comparison, Comparison] = {
        "<": ">",
        "<=": ">=",
        ">": "<",
        ">=": "<=",
        "==": "==",
        "!=": "!=",
    }
    return turned[op]


def _moved(value: Any, steps: int) -> Any:
    """A value a little larger or smaller; None where there is none."""
    match value:
        case bool() | None:
            return None
        case datetime():
            return value + timedelta(hours=steps)
        case date():
            return value + timedelta(days=steps)
        case int() | float() | Decimal():
            return value + steps
        case str():
            return value + "x" * steps if steps >= 0 else value[:steps]
        case _:
            return None


__all__ = ["assign", "convert", "field_of", "others", "relations"]
