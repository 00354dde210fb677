"""The request parameters that a condition mentions, and what each is compared with.

`this.state == params.state` says that the parameter is like the field; `this.owner == params.by` that it is the
key of a row; `params.tag in this.tags` that it is like an element of the list, and so does
`this.days.exists(d, d >= params.since)`. `this.state in params.states` says that it is a list, so it may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backwright.expr import syntax
from backwright.expr.check import check
from backwright.expr.typed import Type
from backwright.model.expand.building import Building
from backwright.model.expand.inputs import LIST_MAX
from backwright.model.formulas import Unresolved
from backwright.model.types import Field, FieldType, ListType, ManyType, ReferenceType, Scalar, ScalarType
from backwright.spec.diagnostics import NOWHERE, SpecificationError

TEXT_TESTS = ("startsWith", "endsWith", "contains")
SAME_TYPE = frozenset({"orValue", "lowerAscii", "upperAscii", "trim"})
_SCALARS: dict[str, Scalar] = {
    "boolean": "boolean", "integer": "integer", "decimal": "decimal", "double": "double", "string": "string",
    "date": "date", "timestamp": "timestamp", "uuid": "uuid",
}  # fmt: skip

Names = Mapping[str, str | Field]
"""What can be named: rows, by their entity, and elements of lists, by a field that is like them."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter. `like` is what it is compared with (None: nothing, or nothing known)."""

    name: str
    compared: bool = False
    like: Field | None = None


def mentions(tree: syntax.Tree, names: Names, building: Building) -> dict[str, Mention]:
    """Every parameter in an expression, by name, in the order of the text."""
    found: dict[str, Mention] = {}
    for part, known in _walk(tree, names, building):
        name = parameter(part)
        if name is not None:
            found.setdefault(name, Mention(name=name))
        for param, like in _compared(part, known, building):
            before = found.get(param)
            if before is None or before.like is None:
                found[param] = Mention(name=param, compared=True, like=like)
    return found


def parameter(tree: syntax.Tree) -> str | None:
    """The name in `params.name`."""
    match tree:
        case syntax.Select(of=syntax.Identifier(name="params"), field=field):
            return field
        case _:
            return None


def unbounded(field: Field) -> Field:
    """A field like this one without limits: `this.pages > params.more_than` may ask for any number."""
    kind = field.type
    if not isinstance(kind, ScalarType) or kind.scalar not in ("integer", "decimal"):
        return field
    return msgspec.structs.replace(field, type=msgspec.structs.replace(kind, min=None, max=None))


def _compared(part: syntax.Tree, names: Names, building: Building) -> Iterator[tuple[str, Field | None]]:
    match part:
        case syntax.Binary(op=op, left=left, right=right):
            for one, other in ((left, _bare(right)), (right, _bare(left))):
                param = parameter(_bare(one))
                if param is None or parameter(other) is not None:
                    continue
                is_path = _is_path(other, names)
                like = _like(other, names, building) if is_path else _valued(other, names, building)
                if like is None and not is_path:
                    continue
                if op == "in":
                    like = _element(like) if one is left else _listed(like)
                ordered = op not in ("==", "!=", "in")
                yield param, unbounded(like) if like is not None and ordered else like
        case syntax.Call(target=target, function=function, arguments=(argument,)) if (
            target is not None and function in TEXT_TESTS
        ):
            param, tested = parameter(_bare(argument)), _bare(target)
            if param is not None and _is_path(tested, names):
                yield param, _like(tested, names, building)
        case _:
            pass


def _bare(tree: syntax.Tree) -> syntax.Tree:
    """The path in `this.note.orValue('').lowerAscii()`: what it gives has the type of the field."""
    while isinstance(tree, syntax.Call) and tree.target is not None and tree.function in SAME_TYPE:
        tree = tree.target
    return tree


def _is_path(tree: syntax.Tree, names: Names) -> bool:
    """Whether a part may name a field or a row."""
    if isinstance(tree, syntax.Identifier):
        return tree.name in names
    return isinstance(tree, syntax.Select) and parameter(tree) is None


def _like(tree: syntax.Tree, names: Names, building: Building) -> Field | None:
    """The field at the end of a path; a row is like a reference to it."""
    named = names.get(tree.name) if isinstance(tree, syntax.Identifier) else None
    if isinstance(named, Field):
        return named
    entity = _entity(tree, names, building)
    if isinstance(tree, syntax.Select):
        holder = _entity(tree.of, names, building)
        if holder is None:
            return None
        field = building.fields.get(holder, {}).get(tree.field)
        return field if field is not None else _computed(holder, tree.field, building)
    if entity is None:
        return None
    return Field(name=entity, column=entity, type=ReferenceType(entity=entity))


def _computed(entity: str, name: str, building: Building) -> Field | None:
    try:
        value = building.formulas.value(entity, name)
    except Unresolved:
        return None
    if value is None or value.type.kind not in _SCALARS:
        return None
    return Field(name=name, column=name, type=plain_type(value.type))


def plain_type(kind: Type) -> ScalarType:
    """The type of an input that is compared with a computed value."""
    scalar = _SCALARS[kind.kind]
    return ScalarType(
        scalar=scalar,
        scale=kind.scale if scalar == "decimal" else None,
        max=255 if scalar == "string" else None,
    )


def _valued(tree: syntax.Tree, names: Names, building: Building) -> Field | None:
    """A field like the value that is computed there: `size(this.lines) > params.more_than`."""
    rows = {name: Type("entity", entity=of) for name, of in names.items() if isinstance(of, str)}
    this = rows.pop("this", None)
    scope = building.formulas.scope(None if this is None else this.entity, bindings=rows)
    try:
        value = check(syntax.Parsed(source="", tree=tree, place=NOWHERE), scope)
    except (SpecificationError, Unresolved):
        return None  # it names another parameter, or is wrong, which is told where the whole is understood
    if value.type.kind not in _SCALARS:
        return None
    return Field(name="value", column="value", type=plain_type(value.type))


def _element(field: Field | None) -> Field | None:
    if field is None:
        return None
    kind: FieldType = field.type
    if isinstance(kind, ListType):
        return msgspec.structs.replace(field, type=kind.element)
    if isinstance(kind, ManyType):
        return msgspec.structs.replace(field, type=ReferenceType(entity=kind.entity))
    return None


def _listed(field: Field | None) -> Field | None:
    """A list of such values: `this.state in params.states` says that the parameter may be repeated."""
    if field is None or field.folded or not isinstance(field.type, ScalarType | ReferenceType):
        return field
    return msgspec.structs.replace(field, type=ListType(element=field.type, max=LIST_MAX))


def _walk(tree: syntax.Tree, names: Names, building: Building) -> Iterator[tuple[syntax.Tree, Names]]:
    """Every part, with what can be named there."""
    yield tree, names
    match tree:
        case syntax.Call(target=target, arguments=(syntax.Identifier(name=name), condition)) if target:
            yield from _walk(target, names, building)
            each = _entity(target, names, building) or _element(_like(target, names, building))
            yield from _walk(condition, {**names, **({name: each} if each else {})}, building)
        case _:
            for part in syntax.children(tree):
                yield from _walk(part, names, building)


def _entity(tree: syntax.Tree, names: Names, building: Building) -> str | None:
    """The entity whose row or rows a path leads to."""
    match tree:
        case syntax.Identifier(name=name):
            known = names.get(name, name if name in building.entities else None)
            return known if isinstance(known, str) else None
        case syntax.Call(target=target, function="filter") if target:
            return _entity(target, names, building)
        case syntax.Select(of=of, field=name):
            entity = _entity(of, names, building)
            if entity is None:
                return None
            field = building.fields.get(entity, {}).get(name)
            if field is not None:
                return field.type.entity if isinstance(field.type, ReferenceType | ManyType) else None
            try:
                rows = building.formulas.related(entity, name)
            except Unresolved:
                return None
            return None if rows is None else rows[0]
        case _:
            return None
