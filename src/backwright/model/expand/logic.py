"""Custom logic: what is declared of it, and what a call gives to it."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

import msgspec

from backwright.expr.typed import Type
from backwright.model.expand.building import Building
from backwright.model.expand.codes import LOGIC_FORM, LOGIC_INPUT, LOGIC_READS
from backwright.model.expand.draft import Draft, input_type
from backwright.model.expand.inputs import declared
from backwright.model.formulas import type_of
from backwright.model.logic import SECONDS
from backwright.model.operations import referred
from backwright.model.rules import never
from backwright.model.types import (
    Failing,
    Field,
    FieldType,
    Formula,
    InputField,
    ListType,
    Logic,
    LogicExample,
    ManyType,
    Named,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import At, FieldNode, LogicExampleNode, LogicNode, StepNode

WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
UNFIT = ("password", "bytes", "json")
LARGEST = 2**63 - 1


def logic_of(node: LogicNode, building: Building) -> Logic:
    """The custom logic that a node declares; what is wrong is recorded."""
    _check_names(node, building)
    built = Logic(
        name=node.name.value,
        description="" if node.description is None else node.description.value,
        input=tuple(_members(node.input, building)),
        output=tuple(_outputs(node, building)),
        errors=tuple(
            Failing(
                category=each.category.value,
                code=each.code.value,
                message=None if each.message is None else each.message.value,
                field=None if each.field is None else building.wire(each.field.value),
            )
            for each in node.errors
        ),
        uses=tuple(each.value for each in node.uses),
        reads=tuple(_reads(node, building)),
        seconds=SECONDS if node.seconds is None else node.seconds.value,
        trusted=None if node.trusted is None else node.trusted.value,
        place=node.place,
    )
    examples = tuple(_example(each, built, building) for each in node.examples)
    return msgspec.structs.replace(built, examples=examples)


def _check_names(node: LogicNode, building: Building) -> None:
    names = [node.name, *(each.name for each in (*node.input, *node.output))]
    for name in (*names, *(each.code for each in node.errors)):
        if not WORD.fullmatch(name.value) or keyword.iskeyword(name.value):
            message = f"`{name.value}` cannot be a name in custom logic"
            building.refuse(LOGIC_FORM, name.place, message, "use small letters, digits and _")
    if not node.output:
        message = f"`{node.name.value}` returns nothing"
        building.refuse(LOGIC_FORM, node.place, message, "declare what comes out in `output`")


def _members(nodes: Iterable[FieldNode], building: Building) -> Iterator[InputField]:
    for node in nodes:
        found = declared(node, building)
        if found is None:
            continue
        kinds = {each.scalar for each in _scalars(found.type)}
        if kinds & set(UNFIT):
            kind = next(each for each in UNFIT if each in kinds)
            message = f"`{node.name.value}` is of type {kind}, which custom logic neither takes nor returns"
            building.refuse(LOGIC_FORM, node.place, message, "use text, numbers, times, lists and objects")
        yield found


def _outputs(node: LogicNode, building: Building) -> Iterator[InputField]:
    for member in _members(node.output, building):
        if any(True for _ in referred(member.type)):
            message = f"`{member.name}` refers to a row, which custom logic does not return"
            mend = "return what identifies it (`uuid`, `string`), and find the row in a step that follows"
            building.refuse(LOGIC_FORM, member.place, message, mend)
        yield member


def _reads(node: LogicNode, building: Building) -> Iterator[str]:
    """The entities whose rows it may look at; each once."""
    seen: set[str] = set()
    used = {each.value for each in node.uses}
    for name in node.reads:
        entity = building.entity(name)
        if entity is None or name.value in seen:
            continue
        seen.add(name.value)
        unanswered = building.nodes[name.value].access is None  # a question of its own
        if never(entity.access["read"]) and not unanswered:
            message = f"`{node.name.value}` reads {name.value}, whose rows nobody may read"
            mend = (
                "say who may in its `access`, or let the function have the database instead: `trusted: why`"
            )
            building.refuse(LOGIC_READS, name.place, message, mend)
        if entity.plural in used:
            message = f"`{entity.plural}` would be the rows of {name.value} and something that it uses"
            building.refuse(
                LOGIC_FORM, name.place, message, "give the setting or the integration another name"
            )
        yield name.value


def _scalars(kind: FieldType) -> Iterator[ScalarType]:
    match kind:
        case ScalarType():
            yield kind
        case ListType(element=element):
            yield from _scalars(element)
        case RecordType(members=members):
            for member in members:
                yield from _scalars(member.type)
        case _:
            return


# Calls ------------------------------------------------------------------------------------------------


def result_type(logic: Logic) -> Type:
    """What a call binds: a record of the outputs."""
    return Type("record", members=tuple((each.name, input_type(each)) for each in logic.output))


def given_to(logic: Logic, node: StepNode, draft: Draft) -> tuple[Named, ...]:
    """A value for every input: what `set` says, the member of the body, the default, null."""
    inputs = {each.name: each for each in logic.input}
    said = {}
    for each in node.set:
        member = inputs.get(each.name.value)
        if member is None:
            draft.building.unknown(LOGIC_INPUT, each.name, f"input of {logic.name} called", inputs)
            continue
        said[member.name] = draft.needed(each.value, draft.scope(), _wanted(member))
    missing = []
    found: list[Named] = []
    for name, member in inputs.items():
        value = said.get(name)
        if name not in said:
            value = _usual(member, node, draft)
            if value is None:
                missing.append(name)
        if value is not None:
            found.append(Named(name=name, value=value))
    if missing:
        message = f"nothing gives `{logic.name}` its {' and '.join(f'`{name}`' for name in missing)}"
        draft.refuse(LOGIC_INPUT, node.place, message, "say it in `set`")
    return tuple(found)


def _wanted(member: InputField) -> Type:
    like = Field(name=member.name, column=member.name, type=member.type, nullable=member.nullable)
    if isinstance(member.type, ManyType):
        return Type("list", member.nullable, element=Type("entity", entity=member.type.entity))
    return msgspec.structs.replace(type_of(like), nullable=member.nullable)


def _usual(member: InputField, node: StepNode, draft: Draft) -> Formula | None:
    if node.source is not None and member.name in draft.members:
        at = At(f"{node.source.value.strip()}.{member.name}", node.source.place)
        return draft.formula(at, draft.scope(), _wanted(member))
    if member.default is not None:
        return member.default
    if member.nullable:
        return draft.building.formulas.made("null", node.place, draft.scope())
    return None


# Examples ---------------------------------------------------------------------------------------------


def _example(node: LogicExampleNode, logic: Logic, building: Building) -> LogicExample:
    given = _object(node.input, logic.input, node.place, building)
    output = None if node.output is None else _object(node.output, logic.output, node.place, building)
    if node.error is not None and node.error.value not in {each.code for each in logic.errors}:
        building.unknown(
            LOGIC_FORM, node.error, f"error of {logic.name} called", [e.code for e in logic.errors]
        )
    return LogicExample(
        input=_json(given),
        output=None if output is None else _json(output),
        error=None if node.error is None else node.error.value,
    )


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _object(
    values: tuple[tuple[At[str], object], ...],
    members: tuple[InputField, ...],
    place: Place,
    building: Building,
) -> dict[str, object]:
    known = {each.name: each for each in members}
    found: dict[str, object] = {}
    for name, value in values:
        member = known.get(name.value)
        if member is None:
            building.unknown(LOGIC_FORM, name, "member", known)
            continue
        wrong = "" if value is None and member.nullable else unfit(value, member.type)
        if wrong:
            message = f"`{name.value}` {wrong}"
            building.refuse(LOGIC_FORM, name.place, message, "give a value of the type that is declared")
        found[name.value] = value
    for member in members:
        if member.required and member.name not in found:
            message = f"the example says nothing of `{member.name}`"
            building.refuse(LOGIC_FORM, place, message, "give every value that is required")
    return found


def unfit(value: object, kind: FieldType) -> str:
    """What is wrong with a literal value as one of this type; empty where nothing is."""
    match kind:
        case ListType(element=element):
            if not isinstance(value, list):
                return "has to be a list"
            return next((wrong for each in value if (wrong := unfit(each, element))), "")
        case RecordType(members=members):
            if not isinstance(value, dict):
                return "has to be an object"
            known = {each.name: each for each in members}
            for name in value:
                if name not in known:
                    return f"has no member `{name}`"
            for member in members:
                given = value.get(member.name)
                if given is None and (member.nullable or not member.required):
                    continue
                if wrong := unfit(given, member.type):
                    return f"has a `{member.name}` that {wrong}"
            return ""
        case ReferenceType() | ManyType():
            return "" if isinstance(value, str | int) and not isinstance(value, bool) else "has to be a key"
        case ScalarType(scalar=scalar, values=values):
            return _unfit_scalar(value, scalar, values)


def _unfit_scalar(value: object, scalar: str, values: tuple[str, ...]) -> str:
    if scalar == "boolean":
        return "" if isinstance(value, bool) else "has to be true or false"
    if scalar in ("integer", "double"):
        right = isinstance(value, int if scalar == "integer" else int | float) and not isinstance(value, bool)
        return "" if right and abs(float(str(value))) <= LARGEST else f"has to be a number ({scalar})"
    if scalar == "enum":
        return "" if value in values else f"has to be one of {', '.join(values)}"
    if not isinstance(value, str):
        return "has to be text" if scalar != "decimal" else "has to be a decimal, written as text: '2.50'"
    try:
        match scalar:
            case "decimal":
                if not Decimal(value).is_finite():
                    return "has to be a decimal, written as text: '2.50'"
            case "date":
                date.fromisoformat(value)
            case "timestamp":
                datetime.fromisoformat(value)
            case "uuid":
                UUID(value)
            case _:
                pass
    except (ValueError, InvalidOperation):
        return f"is no {scalar}"
    return ""
