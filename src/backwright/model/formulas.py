"""Turns the expressions of a specification into their meanings, and collects what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

import msgspec

from backwright.expr.check import Scope, check, check_source
from backwright.expr.syntax import Parsed
from backwright.expr.tokens import one_line
from backwright.expr.typed import BOOLEAN, FALSE, TRUE, Expression, Kind, Member, Type
from backwright.expr.walk import nodes
from backwright.model.readable import may_be_hidden, readable, readable_row
from backwright.model.relations import Relations
from backwright.model.rules import guarded
from backwright.model.types import (
    Computed,
    Field,
    FieldType,
    Formula,
    InputField,
    ListType,
    ManyType,
    RecordType,
    ReferenceType,
    Rule,
    ScalarType,
    Verb,
)
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, diagnose, register
from backwright.spec.nodes import At, EntityNode, SpecDocument

NOTHING: Mapping[str, Type] = MappingProxyType({})
SESSION = {
    "token": Type("string", nullable=True),
    "expires_at": Type("timestamp", nullable=True),
}
CERTAIN = {name: msgspec.structs.replace(kind, nullable=False) for name, kind in SESSION.items()}
LARGEST = 5000
TOO_LARGE = register(
    "BW322",
    "An expression that rules make too large",
    "Read rules are part of every expression that goes through rows; what nobody can follow nobody can check.",
)
PARAMETER = register(
    "BW317",
    "A parameter without a type",
    "Query parameters are checked like the field that they are compared with.",
    "filters: {odd: params.odd == params.even}",
)
HIDDEN = register(
    "BW325",
    "A value that the caller may not be able to read",
    "What the caller may not read is null to the steps of an operation, and there has to be a value.",
    "owner: {ref: User, set: caller.team.lead}, where Team has a read rule",
)
COMPUTED = register(
    "BW320",
    "A computed value that cannot be used",
    "A computed value stands for its expression wherever it is named, so it is one value and never itself.",
    "computed: {ready: this.ready}",
)


class Unresolved(Exception):
    """An expression names a field whose own declaration is wrong; that diagnostic says enough."""


def type_of(field: Field | InputField) -> Type:
    """The type of a field, or of a member of a request, in expressions."""
    return _type(field.type, nullable=field.nullable, stored=isinstance(field, Field))


def _type(kind: FieldType, *, nullable: bool = False, stored: bool = False) -> Type:
    match kind:
        case ReferenceType(entity=entity):
            return Type("entity", nullable, entity=entity)
        case ManyType(entity=entity) if stored:
            return Type("rows", entity=entity)
        case ManyType(entity=entity):
            return Type("list", nullable, element=Type("entity", entity=entity))
        case ListType(element=element):
            return Type("list", nullable, element=_type(element))
        case RecordType(members=members):
            return Type("record", nullable, members=tuple((each.name, type_of(each)) for each in members))
        case ScalarType(scalar="email" | "text" | "password" | "slug" | "token"):
            return Type("string", nullable)
        case ScalarType(scalar="enum", values=values):
            return Type("enum", nullable, values=values)
        case ScalarType(scalar="decimal", scale=scale):
            return Type("decimal", nullable, scale=scale)
        case ScalarType(scalar=scalar):
            plain: Kind = scalar  # type: ignore[assignment]  # the others are dealt with above
            return Type(plain, nullable)
        case _:
            assert_never(kind)


class Formulas:
    """The fields that expressions can name, who callers are, and the diagnostics found so far.

    `entities` holds the fields that could be built; `declared` the names of all that were written.
    """

    def __init__(self, document: SpecDocument, found: list[Diagnostic]) -> None:
        self.identity = document.auth.identity.value if document.auth is not None else None
        self.relations = Relations(document)
        self.computed = {
            (entity.name.value, each.name.value): each.value
            for entity in document.entities
            for each in entity.computed
        }
        self.computed_names: dict[str, list[str]] = {}
        for of, name in self.computed:
            self.computed_names.setdefault(of, []).append(name)
        self.rules: dict[str, dict[Verb, Rule]] = {}
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
        secret = isinstance(known.type, ScalarType) and known.type.scalar == "password"
        return None if secret else type_of(known)

    def names(self, entity: str) -> list[str]:
        """What an expression about a row of this entity can name."""
        fields = [name for name in self.entities.get(entity, {}) if self.lookup(entity, name) is not None]
        computed = self.computed_names.get(entity, [])
        return list(dict.fromkeys([*fields, *computed, *self.relations.names(entity)]))

    def is_entity(self, name: str) -> bool:
        """Whether a name stands for all rows of an entity."""
        return name in self.declared

    def of_rows(self, entity: str) -> Rule | None:
        """The read rule of an entity, once rules are built."""
        return self.rules[entity]["read"] if entity in self.rules else None

    def of_field(self, entity: str, field: str) -> Rule | None:
        """The read rule of a field."""
        found = self.entities.get(entity, {}).get(field)
        return None if found is None else found.read

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
            scope = msgspec.structs.replace(self.scope(entity), hides=_behind_a_reference)
            found = self.formula(written, scope, None, rule=True)
            self.building.pop()
            if found is not None and found.meaning.type.kind in ("rows", "null", "record"):
                message = f"`{written.value}` is {found.meaning.type}, not one value"
                mend = "ask rows: .exists(m, …), size(…)"
                self.found.append(diagnose(COMPUTED, written.place, message, mend))
                found = None
            self.meanings[at] = found
        return self.meanings[at]

    def computed_values(self, entity: EntityNode) -> tuple[Computed, ...]:
        """The computed values of an entity that could be understood."""
        built = []
        for each in entity.computed:
            found = self.computed_formula(entity.name.value, each.name.value)
            stored = each.stored is not None and each.stored.value
            if found is not None:
                built.append(Computed(name=each.name.value, value=found, stored=stored, place=each.place))
        return tuple(built)

    def scope(
        self,
        this: str | None = None,
        *,
        params: Mapping[str, Type] = NOTHING,
        body: Mapping[str, Type] = NOTHING,
        bindings: Mapping[str, Type] = NOTHING,
        variables: Mapping[str, Type] = NOTHING,
        selection: tuple[str, str] | None = None,
        group: str | None = None,
        guarded: bool = False,
    ) -> Scope:
        """What an expression can name: the row of `this`, the caller, request values, bindings.

        `guarded` where the operation demands a caller, so that `caller` is never null.
        """
        return Scope(
            this=this,
            caller=self.identity,
            params=params,
            body=body,
            bindings=bindings,
            session={} if self.identity is None else CERTAIN if guarded else SESSION,
            variables=variables,
            selection=selection,
            group=group,
            lookup=self.lookup,
            fields=self.names,
            related=self.related,
            unnamed=self.relations.how_to_name,
            computed=self.value,
            is_entity=self.is_entity,
            guarded=guarded,
        )

    def formula(
        self, written: At[str], scope: Scope, expected: Type | None, *, rule: bool = False
    ) -> Formula | None:
        """What an expression means, or None when it is wrong (the reasons are collected).

        Outside rules (and trusted steps) it sees what the caller may read.
        """
        try:
            able = scope if rule else msgspec.structs.replace(scope, hides=self.hides)
            meaning = check_source(written.value, written.place, able, expected, written.turns)
        except SpecificationError as error:
            self.found.extend(error.diagnostics)
            return None
        except Unresolved:
            return None
        return self.seen(written, meaning, rule=rule)

    def hides(self, value: Expression) -> bool:
        """Whether a value that is never null is null to those who may not read what it names."""
        return readable(value, self).type.nullable

    def needed(self, written: At[str], scope: Scope, expected: Type, *, rule: bool = False) -> Formula | None:
        """What an expression means where null cannot be used, if the type says so: as `formula`.

        None, and a diagnostic, too where it is null whenever the caller may not read what it names.
        """
        found = self.formula(written, scope, expected, rule=rule)
        if found is None or rule or not may_be_hidden(found.meaning, expected, self.lookup):
            return found
        message = f"`{found.source}` is null where the caller may not read it, {expected} is needed"
        mend = "say why the step may read it (`trusted`), or make what it is given to nullable"
        self.found.append(diagnose(HIDDEN, written.place, message, mend))
        return None

    def part(
        self, parsed: Parsed, scope: Scope, expected: Type | None, *, row: bool = False
    ) -> Formula | None:
        """What a part of an expression means (a `Parsed` whose tree is that part).

        With `row` it is a row that is shown: null where the caller may not read it.
        """
        try:
            meaning = check(parsed, msgspec.structs.replace(scope, hides=self.hides), expected)
        except SpecificationError as error:
            self.found.extend(error.diagnostics)
            return None
        except Unresolved:
            return None
        written = parsed.written(parsed.tree)
        if row and meaning.type.kind == "entity":
            words = one_line(written.value)
            return Formula(source=words, meaning=readable_row(meaning, self), place=written.place)
        return self.seen(written, meaning)

    def seen(self, written: At[str], meaning: Expression, *, rule: bool = False) -> Formula | None:
        """The formula as its caller may see it. None, and a diagnostic, where rules make it too large."""
        found = meaning if rule else readable(meaning, self)
        if found is not meaning and sum(1 for _ in nodes(found)) > LARGEST:
            message = f"with the read rules on its way the expression has more than {LARGEST} parts"
            self.found.append(
                diagnose(TOO_LARGE, written.place, message, "simplify the rules or the expression")
            )
            return None
        return Formula(source=one_line(written.value), meaning=found, place=written.place)

    def rule(self, written: At[str], scope: Scope) -> Rule:
        """A rule with the implied `caller != null`; one that is wrong is false for everyone."""
        if written.value == "public":
            return Rule(source="public", condition=TRUE, place=written.place)
        if written.value == "none":
            return Rule(source="none", condition=FALSE, place=written.place)
        formula = self.formula(written, scope, BOOLEAN, rule=True)
        if formula is None:
            return Rule(source=one_line(written.value), condition=FALSE, place=written.place)
        return Rule(source=formula.source, condition=guarded(formula.meaning), place=written.place)

    def made(
        self, source: str, place: Place, scope: Scope, expected: Type | None = None, *, rule: bool = False
    ) -> Formula:
        """The meaning of an expression that sugar writes; it cannot be wrong."""
        meaning = check_source(source, place, scope, expected)
        return Formula(source=source, meaning=meaning if rule else readable(meaning, self), place=place)


def _behind_a_reference(value: Expression) -> bool:
    """Whether a computed value may be hidden: asked before there are rules, which may ask for computed values."""
    return isinstance(value, Member) and isinstance(value.of, Member)
