"""Turns the expressions of a specification into their meanings, and collects what is wrong with them."""

from __future__ import annotations

import msgspec

from backwright.expr.check import Scope, check, check_source
from backwright.expr.parse import parse
from backwright.expr.typed import Expression, Type
from backwright.model.filters import mentioned
from backwright.model.relations import Relations
from backwright.model.types import Computed, Field, Formula, ReferenceType, ScalarType
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, diagnose, register
from backwright.spec.nodes import At, EntityNode, SpecDocument

PARAMETER = register(
    "BW317",
    "A parameter without a type",
    "Query parameters are checked like the field that they are compared with.",
    "filters: {odd: params.odd == params.even}",
)


COMPUTED = register(
    "BW320",
    "A computed value that cannot be used",
    "A computed value stands for its expression wherever it is named, so it is one value and never itself.",
    "computed: {ready: this.ready}",
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

    def __init__(self, document: SpecDocument, found: list[Diagnostic]) -> None:
        self.identity = document.auth.identity.value if document.auth is not None else None
        self.relations = Relations(document)
        self.computed = {
            (entity.name.value, name.value): written
            for entity in document.entities
            for name, written in entity.computed
        }
        self.meanings: dict[tuple[str, str], Formula | None] = {}
        self.building: list[tuple[str, str]] = []
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
        """What an expression about a row of this entity can name."""
        fields = [name for name in self.entities.get(entity, {}) if self.lookup(entity, name) is not None]
        computed = [name for of, name in self.computed if of == entity]
        return list(dict.fromkeys([*fields, *computed, *self.relations.names(entity)]))

    def related(self, entity: str, name: str) -> tuple[str, str] | None:
        """The entity and the reference behind the name of a reverse relation."""
        found = self.relations.related(entity, name)
        if found is not None and found[1] not in self.entities.get(found[0], {}):
            raise Unresolved
        return found

    def value(self, entity: str, name: str) -> Expression | None:
        """What a computed value means, about `this` of its entity."""
        if (entity, name) not in self.computed:
            return None
        found = self.computed_formula(entity, name)
        if found is None:
            raise Unresolved
        return found.meaning

    def computed_formula(self, entity: str, name: str) -> Formula | None:
        """A computed value, or None when it is wrong (the reasons are collected)."""
        at = (entity, name)
        written = self.computed[at]
        if at in self.building:
            circle = " → ".join(
                f"{of}.{each}" for of, each in [*self.building[self.building.index(at) :], at]
            )
            mend = "let one of them say what it means without the others"
            self.found.append(diagnose(COMPUTED, written.place, f"it depends on itself: {circle}", mend))
            return None
        if at not in self.meanings:
            self.building.append(at)
            found = self.formula(written, self.scope(entity), None)
            self.building.pop()
            if found is not None and found.meaning.type.kind in ("rows", "null"):
                message = f"`{written.value}` is {found.meaning.type}, not one value"
                mend = "ask rows: .exists(m, …), size(…)"
                self.found.append(diagnose(COMPUTED, written.place, message, mend))
                found = None
            self.meanings[at] = found
        return self.meanings[at]

    def computed_values(self, entity: EntityNode) -> tuple[Computed, ...]:
        """The computed values of an entity that could be understood."""
        built = []
        for name, _ in entity.computed:
            found = self.computed_formula(entity.name.value, name.value)
            if found is not None:
                built.append(Computed(name=name.value, value=found, place=name.place))
        return tuple(built)

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
            related=self.related,
            unnamed=self.relations.how_to_name,
            computed=self.value,
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
            found = mentioned(parsed.tree, entity, self.identity, self)
            for name, (compared, near, ordered) in found.items():
                like = near if compared else self.entities[entity].get(name)
                if like is not None:
                    params[name] = _unbounded(like) if ordered else like
                    types[name] = msgspec.structs.replace(type_of(like), nullable=False)
                elif not compared:
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
