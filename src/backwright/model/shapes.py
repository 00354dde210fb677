"""Shapes: from what an author writes about an answer to what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from backwright.expr import syntax, typed
from backwright.expr.inline import NULL, inlined
from backwright.expr.parse import parse
from backwright.expr.scope import Scope
from backwright.expr.typed import Expression, Type
from backwright.model.expand.codes import EACH_ORDER, RESPOND, UNKNOWN, VIEW_MEMBER, WIRE
from backwright.model.expand.orders import order_of
from backwright.model.rules import always
from backwright.model.types import (
    Argument,
    Array,
    Each,
    Formula,
    Members,
    Shape,
    ShapeMember,
    Value,
    Viewed,
)
from backwright.spec.diagnostics import Place, SpecificationError
from backwright.spec.nodes import At, ShapeNode

if TYPE_CHECKING:
    from backwright.model.expand.building import Building

Listed = Mapping[str, str]
"""The bindings that are pages or lists of rows, and the view that shows each row."""
_NOT_SHOWN = ("duration",)


class Shapes:
    """Reads shapes where the names of `scope` are known. What is wrong is recorded, and left out."""

    def __init__(self, building: Building, scope: Scope, listed: Listed | None = None) -> None:
        self.building = building
        self.scope = scope
        self.listed = listed or {}

    def shape(self, node: ShapeNode) -> Shape | None:
        """The meaning of one shape."""
        if node.each is not None:
            return self._each(node, node.each)
        if node.members is not None:
            return Members(members=self.members(node.members))
        if node.items is not None:
            items = [self.shape(item) for item in node.items]
            return Array(items=tuple(item for item in items if item is not None))
        return self.text(node.text) if node.text is not None else None

    def members(self, written: Iterable[tuple[At[str], ShapeNode]]) -> tuple[ShapeMember, ...]:
        """The members of an object, under the names that the author gave."""
        found: dict[str, ShapeMember] = {}
        for name, node in written:
            if name.value in found:
                self.building.refuse(
                    WIRE, name.place, f"`{name.value}` is there twice", "give one of them another name"
                )
                continue
            shape = self.shape(node)
            if shape is not None:
                found[name.value] = ShapeMember(wire=name.value, shape=shape)
        return tuple(found.values())

    def text(self, written: At[str]) -> Shape | None:
        """An expression, or at its top a view applied to a row: `Profile(this.author)`."""
        try:
            parsed = parse(written.value, written.place, written.turns)
        except SpecificationError as error:
            self.building.formulas.found.extend(error.diagnostics)
            return None
        match parsed.tree:
            case syntax.Call(target=None, function=name, arguments=arguments) if name[:1].isupper():
                parts = [parsed.written(part) for part in arguments]
                return self._viewed(At(name, written.place), parts)
            case syntax.Call(
                target=rows,
                function="map",
                arguments=(syntax.Identifier(name=variable), syntax.Call(target=None, function=name) as body),
            ) if rows is not None and name[:1].isupper():
                return self._mapped(parsed, rows, variable, body)
            case _:
                return self._value(written)

    def _value(self, written: At[str]) -> Shape | None:
        found = self.building.formulas.formula(written, self.scope, None)
        if found is None:
            return None
        kind = found.meaning.type
        if kind.kind == "rows":
            return self._rows(found, written)
        if kind.kind in _NOT_SHOWN:
            message = f"`{written.value}` is a {kind.kind}"
            self.building.refuse(RESPOND, written.place, message, "add it to a timestamp")
            return None
        return self._key(found, written.place)

    def _key(self, found: Formula, place: Place) -> Value | None:
        """A value; a row shows as its key, which has to be one value."""
        entity = self.building.entities.get(found.meaning.type.entity or "")
        if entity is not None and entity.composite:
            message = f"`{found.source}` is a row of {entity.name}, whose key is more than one value"
            self.building.refuse(RESPOND, place, message, f"show it under a view: {entity.name}(…)")
            return None
        return Value(value=found)

    def _rows(self, found: Formula, written: At[str]) -> Shape | None:
        """Rows as a whole value: those of a page or a list have an order and a view."""
        bind = self.page(found)
        if bind is None:
            message = f"`{written.value}` is {found.meaning.type}, in no order"
            mend = f"write `{{each: {written.value}, view: …, order: …}}`"
            self.building.refuse(EACH_ORDER, written.place, message, mend)
            return None
        entity = found.meaning.type.entity or ""
        inner = Shapes(self.building, msgspec.structs.replace(self.scope, this=entity), self.listed)
        row = inner.building.formulas.made("this", written.place, inner.scope)
        return Each(rows=found, shape=Viewed(view=self.listed[bind], row=row))

    def page(self, rows: Formula) -> str | None:
        match rows.meaning:
            case typed.Name(root="binding", binding=str(name)) if name in self.listed:
                return name
            case _:
                return None

    def _mapped(
        self, parsed: syntax.Parsed, rows: syntax.Tree, variable: str, body: syntax.Call
    ) -> Shape | None:
        """`items.map(i, Name(i))`: the rows of a page, each under a view."""
        written = parsed.written(rows)
        found = self.building.formulas.formula(written, self.scope, None)
        if found is None:
            return None
        if self.page(found) is None:
            message = f"`{written.value}` is {found.meaning.type}, in no order"
            mend = f"write `{{each: {written.value}, view: {body.function}, order: …}}`"
            self.building.refuse(EACH_ORDER, written.place, message, mend)
            return None
        entity = found.meaning.type.entity or ""
        inner = Shapes(self.building, msgspec.structs.replace(self.scope, this=entity), self.listed)
        renamed = [At(_renamed(parsed, part, variable), parsed.at(part.start)) for part in body.arguments]
        shape = inner._viewed(At(body.function, parsed.at(body.start)), renamed)
        return None if shape is None else Each(rows=found, shape=shape)

    def _each(self, node: ShapeNode, written: At[str]) -> Shape | None:
        rows = self.building.formulas.formula(written, self.scope, None)
        if rows is None:
            return None
        kind: Type = rows.meaning.type
        entity = self.building.entities.get(kind.entity or "") if kind.kind == "rows" else None
        if entity is None:
            message = f"`{written.value}` is {kind}, not rows"
            self.building.refuse(RESPOND, written.place, message, "name rows: this.lines, items, an entity")
            return None
        paged = self.page(rows) is not None
        if not paged and not node.order:
            message = f"`{written.value}` is shown in no order"
            self.building.refuse(EACH_ORDER, written.place, message, "add `order: …`")
            return None
        if paged and node.order:
            message = f"`{written.value}` has an order already: that of the step that bound it"
            mend = "remove `order` here; a `select` takes one, created rows are in the order of their list"
            self.building.refuse(EACH_ORDER, written.place, message, mend)
        inner = Shapes(self.building, msgspec.structs.replace(self.scope, this=entity.name), self.listed)
        shape = inner._item(node, entity.name)
        if shape is None:
            return None
        return Each(
            rows=rows,
            shape=shape,
            order=() if paged else order_of(node.order, entity, self.building),
            limit=None if node.limit is None else node.limit.value,
            depth=None if node.depth is None else node.depth.value,
        )

    def _item(self, node: ShapeNode, entity: str) -> Shape | None:
        """What one row of `each` becomes: the view or the shape that is named, else the entity's own view."""
        if node.shape is not None:
            return self.shape(node.shape)
        name = node.view or At(entity, node.place)
        return self._viewed(name, [At("this", name.place)])

    def _viewed(self, name: At[str], arguments: list[At[str]]) -> Viewed | None:
        head = self.building.heads.get(name.value)
        if head is None:
            self.building.unknown(UNKNOWN, name, "view", self.building.heads)
            return None
        if len(arguments) != 1 + len(head.arguments):
            given = ", ".join(["row", *head.arguments])
            message = f"{name.value} takes {1 + len(head.arguments)} values, not {len(arguments)}"
            self.building.refuse(VIEW_MEMBER, name.place, message, f"write {name.value}({given})")
            return None
        row = self.building.formulas.formula(
            arguments[0], self.scope, Type("entity", nullable=True, entity=head.entity)
        )
        values = [
            self.building.formulas.needed(written, self.scope, kind)
            for written, kind in zip(arguments[1:], head.arguments.values(), strict=True)
        ]
        if row is None or any(value is None for value in values):
            return None
        row = msgspec.structs.replace(row, meaning=self._visible(row.meaning, head.entity))
        given_values = tuple(
            Argument(name=argument, value=value)
            for argument, value in zip(head.arguments, values, strict=True)
            if value is not None
        )
        return Viewed(view=head.name, row=row, arguments=given_values)

    def _visible(self, row: Expression, entity: str) -> Expression:
        """A row that is shown: what a reference leads to is null where the caller may not read it.

        The row itself, the caller and bindings were read by rule before.
        """
        if isinstance(row, typed.Name | typed.Constant):
            return row
        found = self.building.entities.get(entity)
        if found is None or always(found.access["read"]):
            return row
        allowed = inlined(found.access["read"].condition, row, self.scope.variables)
        if row.type.nullable:  # a rule about null is null: not true
            allowed = typed.Compare(type=typed.BOOLEAN, op="==", left=allowed, right=typed.TRUE)
        kind = msgspec.structs.replace(row.type, nullable=True)
        return typed.Conditional(type=kind, when=allowed, then=row, otherwise=NULL)


def _renamed(parsed: syntax.Parsed, part: syntax.Tree, variable: str) -> str:
    """The words of a part with `this` for the variable of a macro around it."""
    found = sorted(_places(part, variable), reverse=True)
    text = parsed.source
    end = part.end
    for start in found:
        text = f"{text[:start]}this{text[start + len(variable) :]}"
        end += len("this") - len(variable)
    return text[part.start : end]


def _places(tree: syntax.Tree, variable: str) -> list[int]:
    match tree:
        case syntax.Identifier(name=name) if name == variable:
            return [tree.start]
        case _:
            return [place for part in syntax.children(tree) for place in _places(part, variable)]
