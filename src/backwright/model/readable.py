"""Read rules inside expressions (LANGUAGE.md, semantics 3): outside rules, paths see what the caller may read.

This is done once, here, in the language's own terms, so later stages have nothing to do: rows are filtered by
their entity's read rule, and what is behind an unreadable reference, or is a field that the caller may not
read, is null. Rules themselves see everything; membership rules would recurse for ever otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from backwright.expr.fold import Lookup, fold, rebuilt
from backwright.expr.inline import inlined
from backwright.expr.typed import (
    BOOLEAN,
    TRUE,
    And,
    Arithmetic,
    Compare,
    Conditional,
    Constant,
    Convert,
    Distinct,
    Expression,
    Filtered,
    Linked,
    Mapped,
    Member,
    Name,
    Quantified,
    Related,
    Rows,
    Size,
    Sorted,
    Text,
    Type,
)
from backwright.expr.walk import nodes, with_parts
from backwright.model.naming import snake
from backwright.model.rules import always
from backwright.model.types import Model, Rule

NULL = Constant(type=Type("null", nullable=True), value=None)


class Rules(Protocol):
    """The read rules of entities and fields; None where everyone may read."""

    def of_rows(self, entity: str) -> Rule | None: ...

    def of_field(self, entity: str, field: str) -> Rule | None: ...


class ModelRules:
    """The read rules of a model that is built."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def of_rows(self, entity: str) -> Rule | None:
        return self.model.entity(entity).access["read"]

    def of_field(self, entity: str, field: str) -> Rule | None:
        return self.model.entity(entity).field(field).read


def readable(expression: Expression, rules: Rules) -> Expression:
    """The expression as its caller may see it."""
    return _Reading(expression, rules).value(expression)


def readable_row(row: Expression, rules: Rules) -> Expression:
    """A row that is shown: null where the caller may not read it."""
    reading = _Reading(row, rules)
    found = reading.value(row)
    guards = list(reading.row_guards(row))
    return _guarded(found, guards)


def may_be_hidden(expression: Expression, expected: Type, lookup: Lookup) -> bool:
    """Whether a readable expression gives null for want of a right where a value is expected.

    That an anonymous caller has no fields does not count: where they are needed, the operation asks for a caller.
    """
    one = expression.type.element
    if one is not None and one.nullable and expected.element is not None and not expected.element.nullable:
        return True
    known = fold(expression, caller_known=True, lookup=lookup)
    return not expected.nullable and not _is_value(known, lookup)


def _is_value(node: Expression, lookup: Lookup) -> bool:
    """Whether a folded expression is never null for a caller who is known."""
    match node:
        case Member(of=of, entity=entity, field=field):
            stored = lookup(entity, field)
            return not node.type.nullable or (
                stored is not None and not stored.nullable and _is_value(of, lookup)
            )
        case Conditional(otherwise=Constant(value=None)):
            return False
        case Text(arguments=parts) if node.type.nullable:
            return all(_is_value(part, lookup) for part in parts)
        case Convert(of=of) if node.type.nullable:
            return _is_value(of, lookup)
        case _:
            return not node.type.nullable


class _Reading:
    """One expression while it is rewritten. Its variables, and those that are added, all differ."""

    def __init__(self, expression: Expression, rules: Rules) -> None:
        self.rules = rules
        self.taken = set(variables(expression))

    def value(self, node: Expression) -> Expression:
        match node:
            case Member():
                return self.member(node)
            case Related() | Linked():
                return self.rows(msgspec.structs.replace(node, of=self.value(node.of)), node.type)
            case Rows():
                return self.rows(node, node.type)
            case Conditional(when=Compare(op="!=", left=left, right=Constant(value=None)), then=then) if (
                _sure(left) == then
            ):
                return self.or_value(node, left)
            case _:
                return _retyped(node, with_parts(node, self.value))

    def or_value(self, node: Conditional, of: Expression) -> Expression:
        """`of.orValue(…)`: what stands in for null stands in for what may not be read, too."""
        found, otherwise = self.value(of), self.value(node.otherwise)
        there = Compare(type=BOOLEAN, op="!=", left=found, right=NULL)
        kind = msgspec.structs.replace(node.type, nullable=otherwise.type.nullable)
        return Conditional(type=kind, when=there, then=_sure(found), otherwise=otherwise)

    def rows(self, node: Expression, kind: Type) -> Expression:
        """Rows without those that the caller may not read."""
        rule = self.rules.of_rows(kind.entity or "")
        if always(rule) or rule is None:
            return node
        variable = self.fresh(f"{snake(kind.entity or 'row')}_row")
        row = Name(type=Type("entity", entity=kind.entity), root="variable", binding=variable)
        return Filtered(type=kind, of=node, variable=variable, condition=self.about(rule, row))

    def member(self, node: Member) -> Expression:
        """A field, null where the row or the field is not the caller's to read."""
        guards = list(self.guards(node))
        start = _start(node)
        found = _onto(node, start, self.value(start))
        return _guarded(found, guards)

    def guards(self, node: Member) -> Iterator[Expression]:
        """The conditions under which a path may be followed, from its start on."""
        if isinstance(node.of, Member):
            yield from self.guards(node.of)
            yield from self.row_guards(node.of)
        rule = self.rules.of_field(node.entity, node.field)
        if rule is not None and not always(rule):
            yield self.about(rule, node.of)

    def row_guards(self, row: Expression) -> Iterator[Expression]:
        """The condition under which the row behind a reference may be read. A caller's own row always may."""
        if not isinstance(row, Member):
            return
        rule = self.rules.of_rows(row.type.entity or "")
        if rule is not None and not always(rule):
            yield self.about(rule, row)

    def about(self, rule: Rule, row: Expression) -> Expression:
        """The rule about a row, with variables of its own."""
        found = holds_of(rule, row, self.taken)
        self.taken |= set(variables(found))
        return found

    def fresh(self, wanted: str) -> str:
        number, name = 2, wanted
        while name in self.taken:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return name


def holds_of(rule: Rule, row: Expression, taken: set[str]) -> Expression:
    """That a rule holds of a row; its variables are none of those that are taken."""
    found = inlined(rule.condition, row, taken)
    return Compare(type=BOOLEAN, op="==", left=found, right=TRUE) if found.type.nullable else found


def variables(expression: Expression) -> Iterator[str]:
    """Every variable that an expression binds or names."""
    for node in nodes(expression):
        if isinstance(node, Filtered | Quantified | Mapped):
            yield node.variable
        elif isinstance(node, Name) and node.root == "variable" and node.binding:
            yield node.binding


def _guarded(value: Expression, guards: list[Expression]) -> Expression:
    if not guards:
        return value
    when = guards[0] if len(guards) == 1 else And(type=BOOLEAN, parts=tuple(guards))
    kind = msgspec.structs.replace(value.type, nullable=True)
    return Conditional(type=kind, when=when, then=value, otherwise=NULL)


def _sure(node: Expression) -> Expression:
    """The same value where it is known not to be null."""
    return msgspec.structs.replace(node, type=msgspec.structs.replace(node.type, nullable=False))


def _start(node: Member) -> Expression:
    of: Expression = node
    while isinstance(of, Member):
        of = of.of
    return of


def _onto(node: Member, start: Expression, replaced: Expression) -> Expression:
    """The same path from another start."""
    if start is replaced:
        return node
    return rebuilt(node, lambda part: replaced if part is start else part)


def _retyped(before: Expression, after: Expression) -> Expression:
    """The node as its parts make it now: what is computed of something that may be null may be null."""
    match before, after:
        case (Size(of=old), Size(of=new)) | (Convert(of=old), Convert(of=new)):
            pairs = [(old, new)]
        case Arithmetic(), Arithmetic():
            pairs = [(before.left, after.left), (before.right, after.right)]
        case Text(), Text() if before.type.kind != "boolean":
            pairs = list(zip(before.arguments, after.arguments, strict=True))
        case Conditional(), Conditional():
            pairs = [(before.then, after.then), (before.otherwise, after.otherwise)]
        case Mapped(value=old), Mapped(value=new) if after.type.element is not None:
            if old.type.nullable or not new.type.nullable:
                return after
            element = msgspec.structs.replace(after.type.element, nullable=True)
            return msgspec.structs.replace(after, type=msgspec.structs.replace(after.type, element=element))
        case (Distinct(), Distinct(of=new)) | (Sorted(), Sorted(of=new)) | (Filtered(), Filtered(of=new)):
            kind = msgspec.structs.replace(after.type, element=new.type.element)
            return msgspec.structs.replace(after, type=kind)
        case _:
            return after
    if not any(new.type.nullable and not old.type.nullable for old, new in pairs):
        return after
    return msgspec.structs.replace(after, type=msgspec.structs.replace(after.type, nullable=True))
