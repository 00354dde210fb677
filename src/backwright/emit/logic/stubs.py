"""Writes the files that are made once: a function that is still to be written, and the beginnings of its tests."""

from __future__ import annotations

import json
from typing import Any

from backwright.emit.logic.boundary import (
    error_class,
    input_class,
    output_class,
    record_class,
    use_class,
    uses,
)
from backwright.emit.logic.calls import about
from backwright.emit.logic.partners import asked, in_python
from backwright.emit.names import Names, attribute
from backwright.emit.source import (
    Identifier,
    Imports,
    Source,
    docstring,
    gathered,
    import_block,
    imports,
    indented,
    literal,
    printable,
    source,
)
from backwright.model.environment import Setting
from backwright.model.types import (
    FieldType,
    InputField,
    ListType,
    Logic,
    LogicExample,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)

YOURS = "Yours: this file was made once, and is never overwritten."


def stub_files(model: Model, names: Names) -> dict[str, str]:
    """The function and the tests of each custom logic, by path in the project."""
    found: dict[str, str] = {}
    for logic in model.logic:
        found[f"{names.package}/logic/{Identifier(logic.name)}.py"] = _stub(logic, model, names)
        found[f"tests/logic/test_{Identifier(logic.name)}.py"] = _tests(logic, model, names)
    if found:
        found["tests/logic/__init__.py"] = '"""Tests of custom logic. Yours."""\n'
    return found


def _file(said: str, pieces: list[Source], package: str) -> str:
    body = "\n\n\n".join(piece.text for piece in pieces)
    apart = "\n\n\n" if body.startswith(("def ", "async def ", "class ", "@")) else "\n\n"  # as ruff has it
    return f"{docstring(said)}\n\n{import_block(gathered(pieces), package)}{apart}{body}\n"


def _stub(logic: Logic, model: Model, names: Names) -> str:
    name = Identifier(logic.name)
    boundary = f"{names.package}.boundary"
    needed = [imports(boundary, input_class(logic), output_class(logic))]
    given = f"given: {input_class(logic)}"
    if uses(logic, model):
        given += f", use: {use_class(logic)}"
        needed.append(imports(boundary, use_class(logic)))
    text = (
        f"async def {name}({given}) -> {output_class(logic)}:\n"
        f"    {docstring(about(logic, model), 4)}\n"
        "    raise NotWritten"
    )
    piece = source(text, imports("backwright_runtime.logic", "NotWritten"), *needed)
    told = f"{printable(logic.name)}. {YOURS} `boundary.py` says what goes in, what comes out, and what it may raise."
    return _file(told, [piece], names.package)


# Tests ------------------------------------------------------------------------------------------------


def _tests(logic: Logic, model: Model, names: Names) -> str:
    mark = source("pytestmark = pytest.mark.anyio", imports("", "pytest"))
    pieces = [
        mark,
        *(_test(example, number, logic, model, names) for number, example in enumerate(logic.examples, 1)),
    ]
    if not logic.examples:
        pieces.append(_no_example(logic))
    return _file(f"Tests of `{printable(logic.name)}`. {YOURS}", pieces, names.package)


def _no_example(logic: Logic) -> Source:
    name = Identifier(logic.name)
    text = (
        f"async def test_{name}() -> None:\n"
        f'    """What `{name}` returns: the specification has no example of it."""\n'
        f'    pytest.fail("write a test of {name}: an input, and what it returns")'
    )
    return source(text, imports("", "pytest"))


def _test(example: LogicExample, number: int, logic: Logic, model: Model, names: Names) -> Source:
    name, boundary = Identifier(logic.name), f"{names.package}.boundary"
    given = _struct(json.loads(example.input), logic.input, input_class(logic), boundary, model)
    arguments = ["given"]
    needed: list[Imports | Source] = [given, imports(f"{names.package}.logic.{name}", name)]
    lines = [f"given = {given}"]
    if uses(logic, model):
        lines.append(f"use = {use_class(logic)}({_handed(logic, model)})")
        arguments.append("use")
        needed.append(imports(boundary, use_class(logic)))
        needed.append(_testing(logic, model))
    call = f"await {name}({', '.join(arguments)})"
    if example.error is not None:
        error = error_class(logic.error(example.error), logic, model)
        lines.append(f"with pytest.raises({error}):\n    {call}")
        needed += [imports(boundary, error), imports("", "pytest")]
        says = f"raises_{example.error}"
    else:
        output = _struct(
            json.loads(example.output or "{}"), logic.output, output_class(logic), boundary, model
        )
        lines.append(f"assert {call} == {output}")
        needed.append(output)
        says = "returns"
    text = (
        f"async def test_{name}_{Identifier(says)}_{number}() -> None:\n"
        f'    """Example {number} of the specification."""\n{indented(chr(10).join(lines))}'
    )
    return source(text, *needed)


def _handed(logic: Logic, model: Model) -> str:
    values = {"now": "now=datetime(2030, 1, 1, tzinfo=UTC)", "db": "db=None  # type: ignore[arg-type]"}
    values |= {each.name: f"{each.name}={_set_to(each)}" for each in model.settings}
    values |= {each.name: f"{each.name}=Answering({{}})" for each in model.integrations}
    return ", ".join(values.get(each, f"{each}=Rows()") for each in uses(logic, model))


def _set_to(setting: Setting) -> str:
    """Its default, or a value that says nothing."""
    nothing = "something" if setting.type == "string" else "0"
    return in_python(setting, setting.default or nothing)


def _testing(logic: Logic, model: Model) -> Imports:
    """What the tests need for what the function uses."""
    found: Imports = imports("datetime", "UTC", "datetime") if "clock" in logic.uses else frozenset()
    found |= imports("backwright_runtime.testing", "Rows") if logic.reads else frozenset()
    found |= imports("backwright_runtime.testing", "Answering") if asked(logic, model) else frozenset()
    decimals = [each for each in model.settings if each.name in logic.uses and each.type == "decimal"]
    return found | (imports("decimal", "Decimal") if decimals else frozenset())


def _struct(
    given: dict[str, Any], members: tuple[InputField, ...], name: Identifier, boundary: str, model: Model
) -> Source:
    written = []
    for member in members:
        if member.name in given and not (given[member.name] is None and member.nullable):
            value = _value(given[member.name], member.type, record_class(name, member), boundary, model)
            written.append((attribute(member.name), value))
    listed = ", ".join(f"{attribute_}={value}" for attribute_, value in written)
    return source(f"{name}({listed})", imports(boundary, name), *(value for _, value in written))


def _value(given: Any, kind: FieldType, record: Identifier, boundary: str, model: Model) -> Source:
    match kind:
        case RecordType(members=members):
            return _struct(given, members, record, boundary, model)
        case ListType(element=element):
            items = [_value(each, element, record, boundary, model) for each in given]
            return source(f"[{', '.join(map(str, items))}]", *items)
        case ReferenceType(entity=name):
            entity = model.entity(name)
            return _value(given, entity.field(entity.key).type, record, boundary, model)
        case ScalarType(scalar=scalar):
            return _scalar(given, scalar)
        case _:
            return source(repr(given))


def _scalar(given: Any, scalar: str) -> Source:
    match scalar:
        case "decimal":
            return source(f"Decimal({literal(given)})", imports("decimal", "Decimal"))
        case "date":
            return source(f"date.fromisoformat({literal(given)})", imports("datetime", "date"))
        case "timestamp":
            return source(f"datetime.fromisoformat({literal(given)})", imports("datetime", "datetime"))
        case "uuid":
            return source(f"UUID({literal(given)})", imports("uuid", "UUID"))
        case "double":
            return source(literal(float(given)))
        case _:
            return source(literal(given))
