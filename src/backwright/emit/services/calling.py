"""The call of custom logic in a service function."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.logic.boundary import input_class, needs_database, output_class, record_class
from backwright.emit.names import attribute
from backwright.emit.services.scope import Scope
from backwright.emit.source import Identifier, imports, indented
from backwright.model.types import Call, InputField, ListType, Named, RecordType


def call(step: Call, scope: Scope) -> list[str]:
    """`price = await calls.quote_price(ctx, boundary.QuotePriceInput(…))`."""
    logic = scope.model.function(step.logic)
    inputs = {each.name: each for each in logic.input}
    arguments = list(_arguments(step.values, inputs, input_class(logic), scope))
    scope.imports |= imports(scope.names.package, "boundary", "calls")
    given = f"boundary.{input_class(logic)}({', '.join(arguments)})"
    if len(arguments) > 1:
        given = (
            f"boundary.{input_class(logic)}(\n{indented(chr(10).join(f'{each},' for each in arguments))}\n)"
        )
    database = ""
    if needs_database(logic):
        database = f", {scope.db}"
        scope.statements += 1
    name = scope.bind(step.bind)
    return [f"{name} = await calls.{Identifier(logic.name)}(ctx{database}, {given})"]


def result(step: Call, scope: Scope) -> str:
    """The type of what a call binds."""
    scope.imports |= imports(scope.names.package, "boundary")
    return f"boundary.{output_class(scope.model.function(step.logic))}"


def _arguments(
    values: tuple[Named, ...], inputs: dict[str, InputField], owner: Identifier, scope: Scope
) -> Iterator[str]:
    for each in values:
        member = inputs[each.name]
        value = scope.value(each.value, each.name)
        record = record_class(owner, member)
        if isinstance(member.type, ListType) and isinstance(member.type.element, RecordType):
            value = _converted(value, f"list[boundary.{record}]", scope, nullable=member.nullable)
        elif isinstance(member.type, RecordType):
            value = _converted(value, f"boundary.{record}", scope, nullable=member.nullable)
        yield f"{attribute(each.name)}={value}"


def _converted(value: str, kind: str, scope: Scope, *, nullable: bool) -> str:
    """An object of a body as the one that the function takes: its members by their names."""
    scope.imports |= imports("msgspec", "convert")
    optional = " | None" if nullable else ""
    return f"convert({value}, {kind}{optional}, from_attributes=True)"
