"""Gives an expression its meaning: resolves names, checks types, and answers `typed` nodes.

Independent parts are all checked, so one run shows every mistake, each at its place inside the text.
"""

from __future__ import annotations

import difflib

from backwright.expr import codes, syntax, typed
from backwright.expr.check.base import Refused
from backwright.expr.check.calls import Calls
from backwright.expr.check.literals import coerced
from backwright.expr.check.operators import HINTING, Operators
from backwright.expr.check.paths import Paths
from backwright.expr.check.types import compatible
from backwright.expr.inline import NULL as NOTHING
from backwright.expr.inline import depth
from backwright.expr.parse import parse
from backwright.expr.scope import Scope
from backwright.expr.syntax import Parsed, Tree
from backwright.expr.typed import BOOLEAN, Expression, Type
from backwright.spec.diagnostics import Code, Place, SpecificationError, Turn

__all__ = ["Scope", "check", "check_source", "compatible"]

DEEPEST = 5  # macros inside each other


def check_source(
    source: str,
    place: Place,
    scope: Scope,
    expected: Type | None = None,
    turns: tuple[Turn, ...] = (),
) -> Expression:
    """Reads and checks an expression. Raises SpecificationError with every diagnostic found."""
    return check(parse(source, place, turns), scope, expected)


def check(parsed: Parsed, scope: Scope, expected: Type | None = None) -> Expression:
    """The meaning of an expression that has to give a value of the expected type (None: any).

    The tree may be a part of the text: places are those in the whole of it.
    """
    checker = _Checker(parsed, scope)
    try:
        return checker.measured(checker.result(parsed.tree, expected))
    except Refused:
        raise SpecificationError(checker.found) from None


class _Checker(Operators, Paths, Calls):
    def measured(self, found: Expression) -> Expression:
        if depth(found) > DEEPEST:
            message = f"more than {DEEPEST} macros stand inside each other"
            mend = "ask for less at once, or store what is asked for"
            raise self.refuse(codes.TOO_LARGE, self.parsed.tree.start, message, mend)
        return found

    # The whole value -------------------------------------------------------------------------------------

    def result(self, tree: Tree, expected: Type | None) -> Expression:
        if expected is None:
            return self.value(tree)
        if expected.kind == "boolean" and not expected.nullable:
            return self.condition(tree, codes.RESULT_TYPE)
        if expected.kind == "enum" and isinstance(tree, syntax.Identifier) and not self.is_name(tree.name):
            return self.enum_value(tree, tree.name, expected)
        found = coerced(self.hinted(tree, expected), expected)
        if not compatible(found.type, expected) or found.type.kind == "duration":
            raise self.refuse(
                codes.RESULT_TYPE,
                tree.start,
                f"{self.parsed.text(tree)} is {found.type}, {expected} is needed",
                mend_result(self.parsed.text(tree), found.type, expected),
            )
        if found.type.nullable and not expected.nullable and not self.null_only_if_anonymous(found):
            raise self.refuse(
                codes.MAY_BE_NULL,
                tree.start,
                f"{self.parsed.text(tree)} may be null, {expected} is needed",
                "give a value that is never null, or make the field nullable with `?`",
            )
        if null_elements(found.type) and not null_elements(expected) and not self.lists_caller(found):
            message = f"{self.parsed.text(tree)} may hold null, {expected} is needed"
            mend = "leave null out: .filter(x, x != null)"
            raise self.refuse(codes.MAY_BE_NULL, tree.start, message, mend)
        return found

    def null_only_if_anonymous(self, found: Expression) -> bool:
        """`set: caller` fits a required field: the operation then needs a signed-in caller."""
        match found:
            case typed.Name(root="caller"):
                return True
            case typed.Member(of=of, entity=entity, field=field):
                stored = self.scope.lookup(entity, field)
                return stored is not None and not stored.nullable and self.null_only_if_anonymous(of)
            case typed.Conditional(
                when=typed.Compare(op="!=", left=of, right=right), then=then, otherwise=otherwise
            ):
                certain = right == NOTHING == otherwise and not then.type.nullable
                return certain and self.null_only_if_anonymous(of)
            case typed.Text(arguments=arguments):
                return all(map(self.null_only_if_anonymous, arguments))
            case typed.Convert(of=of):
                return self.null_only_if_anonymous(of)
            case _:
                return not found.type.nullable

    def lists_caller(self, found: Expression) -> bool:
        """`set: [caller]` fits a list of rows for the same reason."""
        return isinstance(found, typed.ListOf) and all(map(self.null_only_if_anonymous, found.items))

    def condition(self, tree: Tree, code: Code = codes.OPERAND_TYPE) -> Expression:
        found = self.value(tree)
        if found.type.kind != "boolean":
            message = f"{self.parsed.text(tree)} is {found.type}, a condition is needed"
            raise self.refuse(code, tree.start, message, "compare it with a value")
        if not found.type.nullable:
            return found
        if self.null_only_if_anonymous(found):
            return typed.Compare(type=BOOLEAN, op="==", left=found, right=typed.TRUE)
        text = self.parsed.text(tree)
        raise self.refuse(
            codes.MAY_BE_NULL,
            tree.start,
            f"{text} may be null, a condition is true or false",
            f"write {text} == true, or {text} != false",
        )

    # Values ----------------------------------------------------------------------------------------------

    def hinted(self, tree: Tree, hint: Type) -> Expression:
        """There a quoted string is a value of the enum, and a number a decimal or a double."""
        if hint.kind not in HINTING:
            return self.value(tree)
        match tree:
            case syntax.Literal(kind="string", value=str(text)) if hint.kind == "enum":
                return self.enum_value(tree, text, hint)
            case syntax.Literal(kind="integer" | "double"):
                return self.number(tree, hint)
            case syntax.Identifier(name=name) if hint.kind == "enum" and not self.is_name(name):
                near = difflib.get_close_matches(name, hint.values, n=1) or list(hint.values)
                quoted = " or ".join(f"'{value}'" for value in near)
                mend = f"quote the value: {quoted}"
                raise self.refuse(codes.UNKNOWN_NAME, tree.start, f"unknown name {name}", mend)
            case syntax.Choice():
                return self.choice(tree, hint)
            case syntax.ListOf():
                return self.list_of(tree, hint)
            case syntax.Unary(op="-"):
                return self.negated(tree, hint)
            case syntax.Binary(op="+" | "-" | "*" | "/" | "%"):
                return self.arithmetic(tree, hint)
            case _:
                return self.value(tree)

    def value(self, tree: Tree) -> Expression:
        match tree:
            case syntax.Literal():
                return self.literal(tree)
            case syntax.Identifier():
                return self.name(tree)
            case syntax.Select():
                return self.member(tree)
            case syntax.Unary(op="!", of=of):
                return typed.Not(type=BOOLEAN, of=self.condition(of))
            case syntax.Unary():
                return self.negated(tree, None)
            case syntax.Logic():
                return self.logic(tree)
            case syntax.Choice():
                return self.choice(tree, None)
            case syntax.Binary(op="in"):
                return self.contained(tree)
            case syntax.Binary(op="+" | "-" | "*" | "/" | "%"):
                return self.arithmetic(tree, None)
            case syntax.Binary():
                return self.compare(tree)
            case syntax.Call():
                return self.call(tree)
            case syntax.ListOf():
                return self.list_of(tree, None)
            case syntax.Index(of=of):
                text = self.parsed.text(of)
                message = f"{self.parsed.text(tree)}: the language leaves indexing with [ ] out"
                mend = f"ask about the elements: {text}.exists(x, …), {text}.min(), {text}.filter(x, …)"
                raise self.refuse(codes.LEFT_OUT, of.end, message, mend)
            case syntax.MapOf():
                mend = "write an object as a table of the answer's shape; in an expression name its members one by one"
                message = "the language leaves maps and messages { } out"
                raise self.refuse(codes.LEFT_OUT, tree.start, message, mend)


def null_elements(kind: Type) -> bool:
    return kind.kind == "list" and kind.element is not None and kind.element.nullable


def mend_result(text: str, found: Type, expected: Type) -> str:
    """How to make a value of the type that is needed, where there is a way."""
    conversions = {
        ("integer", "decimal"): "decimal",
        ("integer", "double"): "double",
        ("decimal", "double"): "double",
        ("double", "integer"): "int",
        ("timestamp", "date"): "date",
        ("date", "timestamp"): "timestamp",
        **{(kind, "string"): "string" for kind in ("integer", "decimal", "boolean", "date", "uuid", "enum")},
        ("timestamp", "string"): "string",
        ("entity", "string"): "string",
    }
    name = conversions.get((found.kind, expected.kind))
    if name is not None:
        return f"write {name}({text})"
    if found.kind == "string" and expected.kind in ("date", "timestamp"):
        return f"write {expected.kind}('…') around a constant"
    if found.kind == "duration":
        return "add it to a timestamp: now + duration('1h')"
    return f"write a value of type {expected}"
