"""Turns the expressions of a specification into their meanings, and collects what is wrong with them."""

from __future__ import annotations

import msgspec

from backwright.expr import syntax
from backwright.expr.check import Scope, check, check_source
from backwright.expr.parse import parse
from backwright.expr.typed import Type
from backwright.model.types import Field, Formula, ReferenceType, ScalarType
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, diagnose, register
from backwright.spec.nodes import At

PARAMETER = register(
    "BW317",
    "A parameter without a type",
    "Query parameters are checked like the field that they are compared with.",
    "filters: {odd: params.odd == params.even}",
)


class Unresolved(Exception):
    """An expression names a field whose own declaration is wrong; that diagnostic says enough."""


def type_of(field: Field) -> Type:
    """The type of a field in expressions."""
    if isinstance(field.type, ReferenceType):
        return Type("entity", field.nullable, entity=field.type.entity)
    match field.type.scalar:
        case "email" | "text" | "password":
            return Type("string", field.nullable)
        case "enum":
            return Type("enum", field.nullable, values=field.type.values)
        case scalar:
            return Type(scalar, field.nullable)


class Formulas:
    """The fields that expressions can name, who callers are, and the diagnostics found so far.

    `entities` holds the fields that could be built; `declared` the names of all that were written.
    """

    def __init__(self, identity: str | None, found: list[Diagnostic]) -> None:
        self.identity = identity
        self.found = found
        self.entities: dict[str, dict[str, Field]] = {}
        self.declared: dict[str, set[str]] = {}

    def lookup(self, entity: str, field: str) -> Type | None:
        """The type of a field. Passwords cannot be named: no rule may depend on a secret."""
        if entity not in self.entities:
            raise Unresolved
        known = self.entities[entity].get(field)
        if known is None:
            if field in self.declared.get(entity, ()):
                raise Unresolved
            return None
        secret = not isinstance(known.type, ReferenceType) and known.type.scalar == "password"
        return None if secret else type_of(known)

    def names(self, entity: str) -> list[str]:
        """The fields that an expression about this entity can name."""
        return [name for name in self.entities.get(entity, {}) if self.lookup(entity, name) is not None]

    def scope(
        self,
        this: str | None = None,
        *,
        params: dict[str, Type] | None = None,
        body: dict[str, Type] | None = None,
        guarded: bool = False,
    ) -> Scope:
        """What an expression can name: the row of `this`, the caller, and request values.

        `guarded` where the operation demands a caller, so that `caller` is never null.
        """
        return Scope(
            this=this,
            caller=self.identity,
            params=params or {},
            body=body or {},
            lookup=self.lookup,
            fields=self.names,
            guarded=guarded,
        )

    def formula(self, written: At[str], scope: Scope, expected: Type | None) -> Formula | None:
        """What an expression means, or None when it is wrong (the reasons are collected)."""
        try:
            meaning = check_source(written.value, written.place, scope, expected)
        except SpecificationError as error:
            self.found.extend(error.diagnostics)
            return None
        except Unresolved:
            return None
        return Formula(source=written.value, meaning=meaning, place=written.place)

    def made(self, source: str, place: Place, scope: Scope, expected: Type | None = None) -> Formula:
        """The meaning of an expression that sugar writes; it cannot be wrong."""
        return Formula(source=source, meaning=check_source(source, place, scope, expected), place=place)

    def filter(self, written: At[str], entity: str, params: dict[str, Field]) -> Formula | None:
        """What a filter means, with its parameters' types; fills `params` with the fields they are like."""
        try:
            parsed = parse(written.value, written.place)
            types: dict[str, Type] = {}
            for name, (near, ordered) in mentioned(parsed.tree).items():
                like = self.entities[entity].get(near or name)
                if like is not None:
                    params[name] = _unbounded(like) if ordered else like
                    types[name] = msgspec.structs.replace(type_of(like), nullable=False)
                elif near is None:
                    message = f"the type of params.{name} is unclear"
                    mend = f"compare it with a field, or call it like one: this.… == params.{name}"
                    self.found.append(diagnose(PARAMETER, written.place, message, mend))
                    return None
                else:  # the unknown field is what is wrong; whatever type the parameter has
                    types[name] = Type("null", nullable=True)
            meaning = check(parsed, self.scope(entity, params=types), Type("boolean"))
        except SpecificationError as error:
            self.found.extend(error.diagnostics)
            return None
        except Unresolved:
            return None
        return Formula(source=written.value, meaning=meaning, place=written.place)


def _unbounded(field: Field) -> Field:
    """A field like this one without limits on its number: `this.pages > params.more_than` may ask for any."""
    if isinstance(field.type, ReferenceType) or field.type.scalar != "integer":
        return field
    return msgspec.structs.replace(field, type=ScalarType(scalar="integer"))


def mentioned(tree: syntax.Tree) -> dict[str, tuple[str | None, bool]]:
    """The parameters of a filter: the field of `this` that each is compared with, and whether by order."""
    found: dict[str, tuple[str | None, bool]] = {}
    for part in _walk(tree):
        name = _member(part, "params")
        if name is not None:
            found.setdefault(name, (None, False))
        if isinstance(part, syntax.Binary):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                param, field = _member(one, "params"), _member(other, "this")
                if param is not None and field is not None:
                    known, ordered = found.get(param, (None, False))
                    found[param] = (known or field, ordered or part.op not in ("==", "!=", "in"))
    return found


def _walk(tree: syntax.Tree) -> list[syntax.Tree]:
    found = [tree]
    for part in found:  # grows while it is walked
        found.extend(syntax.children(part))
    return found


def _member(tree: syntax.Tree, root: str) -> str | None:
    match tree:
        case syntax.Select(of=syntax.Identifier(name=name), field=field) if name == root:
            return field
        case _:
            return None
