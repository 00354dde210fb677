"""Rows made of a list: what is asked of the database is asked once, before the rows, and not for each of them."""

from __future__ import annotations

import msgspec

from backwright.emit import secrets
from backwright.emit.names import attribute
from backwright.emit.services.scope import Scope, is_many
from backwright.emit.source import indented, operand
from backwright.expr.typed import Expression, Mapped, Name, Type
from backwright.expr.walk import ITEM, can_fail, is_local, nodes
from backwright.model.types import Assignment, Create, Entity, Formula


class Beforehand(msgspec.Struct, frozen=True, kw_only=True):
    """Values of all rows: the lines that ask for them, what rows are made of then, and how they are gone through."""

    lines: list[str]
    values: tuple[Assignment, ...]
    names: list[tuple[str, str]]

    def loop(self, item: str, items: str, inside: str) -> str:
        """The loop through the items, each beside the values that it has."""
        if not self.names:
            return f"for {item} in {items}:\n{indented(inside)}"
        each = ", ".join([item, *(one for one, _ in self.names)])
        lists = ", ".join(every for _, every in self.names)
        return f"for {each} in zip({operand(items)}, {lists}, strict=True):\n{indented(inside)}"


def beforehand(step: Create, entity: Entity, scope: Scope) -> Beforehand:
    """The values of a step that need the database for each element of a list: one statement for all of them."""
    lines: list[str] = []
    values: list[Assignment] = []
    names: list[tuple[str, str]] = []
    for each in step.values:
        if step.each is None or not _is_asked(each, step, entity, scope):
            values.append(each)
            continue
        meaning, name = each.value.meaning, scope.variable(attribute(each.field))
        every = Mapped(
            type=Type("list", element=meaning.type), of=step.each.meaning, variable=ITEM, value=meaning
        )
        said = f"{step.each.source}.map({ITEM}, {each.value.source})"
        asked = msgspec.structs.replace(each.value, meaning=every, source=said)
        listed = scope.variable(f"all_{name}")
        lines.append(f"{listed} = {scope.value(asked, each.field)}")
        one = Name(type=meaning.type, root="variable", binding=str(name))
        value = Formula(source=each.value.source, meaning=one, place=each.value.place)
        values.append(msgspec.structs.replace(each, value=value))
        names.append((name, listed))
    return Beforehand(lines=lines, values=tuple(values), names=names)


def _is_asked(each: Assignment, step: Create, entity: Entity, scope: Scope) -> bool:
    """Whether the database is asked about the item, and whether it is the same to ask before a row is judged."""
    meaning, listed = each.value.meaning, step.each
    if listed is None or is_local(meaning) or is_many(entity.field(each.field).type):
        return False
    first = step.allowed is None or not can_fail(meaning)
    simple = (
        is_local(listed.meaning) and listed.meaning.type.kind == "list" and not listed.meaning.type.nullable
    )
    open_ = secrets.answered(meaning, scope.model) is None
    return first and simple and open_ and names_item(meaning)


def names_item(meaning: Expression) -> bool:
    """Whether a value is about the item that a row is made of."""
    return any(
        isinstance(node, Name) and node.root == "variable" and node.binding == ITEM for node in nodes(meaning)
    )
