"""Gives an expression its meaning: resolves names, checks types, and answers `typed` nodes.

What the language has but this version does not compile is answered with one clear diagnostic that names the
construct. Independent parts are all checked, so one run shows every mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Literal as OneOf

import msgspec

from backwright.expr import codes, syntax, typed
from backwright.expr.inline import NULL as NOTHING
from backwright.expr.inline import depth, inlined
from backwright.expr.parse import parse
from backwright.expr.scope import Scope
from backwright.expr.syntax import Parsed, Tree
from backwright.expr.typed import BOOLEAN, Expression, Type
from backwright.expr.walk import nodes
from backwright.spec.diagnostics import Code, Diagnostic, Place, SpecificationError, diagnose

__all__ = ["Scope", "check", "check_source", "compatible"]

NULL = Type("null", nullable=True)
INTEGER = Type("integer")
STRING = Type("string")
TIMESTAMP = Type("timestamp")
InputSource = OneOf["params", "body"]
ORDERED = ("integer", "string", "date", "timestamp")
DEEPEST, LARGEST = 3, 2000  # macros inside each other; nodes of what computed values are expanded to


def check_source(source: str, place: Place, scope: Scope, expected: Type | None = None) -> Expression:
    """Reads and checks an expression. Raises SpecificationError with every diagnostic found."""
    return check(parse(source, place), scope, expected)


def check(parsed: Parsed, scope: Scope, expected: Type | None = None) -> Expression:
    """The meaning of an expression that has to give a value of the expected type (None: any)."""
    checker = _Checker(parsed, scope)
    try:
        return checker.measured(checker.result(parsed.tree, expected))
    except _Refused:
        raise SpecificationError(checker.found) from None


class _Refused(Exception):
    """A part is wrong; its diagnostic is already recorded."""


class _Checker:
    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self.parsed = parsed
        self.scope = scope
        self.found: list[Diagnostic] = []
        self.variables: dict[str, str] = {}
        self.size = 0

    def names(self) -> list[str]:
        return [*self.variables, *self.scope.names()]

    def measured(self, found: Expression) -> Expression:
        if depth(found) > DEEPEST:
            message = f"more than {DEEPEST} macros stand inside each other"
            raise self.refuse(codes.TOO_LARGE, 0, message, "ask for less at once, or store what is asked for")
        return found

    def refuse(self, code: Code, offset: int, message: str, mend: str) -> _Refused:
        self.found.append(diagnose(code, self.parsed.at(offset), message, mend))
        return _Refused()

    def not_built(self, tree: Tree, construct: str, mend: str = "leave it out for now") -> _Refused:
        return self.refuse(codes.NOT_BUILT, tree.start, f"{construct} is not built yet", mend)

    def unknown(self, code: Code, offset: int, name: str, what: str, known: Iterable[str]) -> _Refused:
        choices = list(known)
        near = difflib.get_close_matches(name, choices, n=1)
        if near:
            mend = f"did you mean {near[0]}?"
        elif choices:
            mend = f"known here: {', '.join(sorted(choices))}"
        else:
            mend = "there is none to name here"
        return self.refuse(code, offset, f"unknown {what} {name}", mend)

    def each(self, trees: Iterable[Tree], read: Callable[[Tree], Expression]) -> list[Expression]:
        """Reads independent parts, all of them before the first mistake stops the rest."""
        found: list[Expression] = []
        wrong = False
        for tree in trees:
            try:
                found.append(read(tree))
            except _Refused:
                wrong = True
        if wrong:
            raise _Refused
        return found

    # The whole value ---------------------------------------------------------------------------------

    def result(self, tree: Tree, expected: Type | None) -> Expression:
        if expected is None:
            return self.value(tree)
        if expected.kind == "boolean" and not expected.nullable:
            return self.condition(tree, codes.RESULT_TYPE)
        if expected.kind == "enum" and isinstance(tree, syntax.Identifier) and tree.name not in self.names():
            return self.enum_value(tree, tree.name, expected)
        found = self.hinted(tree, expected)
        if not compatible(found.type, expected):
            raise self.refuse(
                codes.RESULT_TYPE,
                tree.start,
                f"{self.parsed.text(tree)} is {found.type}, {expected} is needed",
                f"write a value of type {expected}",
            )
        if found.type.nullable and not expected.nullable and not self.null_only_if_anonymous(found):
            raise self.refuse(
                codes.MAY_BE_NULL,
                tree.start,
                f"{self.parsed.text(tree)} may be null, {expected} is needed",
                "give a value that is never null, or make the field nullable with `?`",
            )
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
            case _:
                return not found.type.nullable

    def condition(self, tree: Tree, code: Code = codes.OPERAND_TYPE) -> Expression:
        """A value that is true or false, never null."""
        found = self.value(tree)
        text = self.parsed.text(tree)
        if found.type.kind != "boolean":
            raise self.refuse(
                code, tree.start, f"{text} is {found.type}, a condition is needed", "compare it with a value"
            )
        if not found.type.nullable:
            return found
        if self.null_only_if_anonymous(found):
            return typed.Compare(type=BOOLEAN, op="==", left=found, right=typed.TRUE)
        raise self.refuse(
            codes.MAY_BE_NULL,
            tree.start,
            f"{text} may be null, a condition is true or false",
            f"write {text} == true, or {text} != false",
        )

    # Values ------------------------------------------------------------------------------------------

    def hinted(self, tree: Tree, hint: Type) -> Expression:
        """A value beside another of type `hint`: there a quoted string is a value of the enum."""
        if hint.kind == "enum":
            match tree:
                case syntax.Literal(kind="string", value=str(text)):
                    return self.enum_value(tree, text, hint)
                case syntax.Identifier(name=name) if name not in self.names():
                    near = difflib.get_close_matches(name, hint.values, n=1) or list(hint.values)
                    quoted = " or ".join(f"'{value}'" for value in near)
                    mend = f"quote the value: {quoted}"
                    raise self.refuse(codes.UNKNOWN_NAME, tree.start, f"unknown name {name}", mend)
                case syntax.Choice():
                    return self.choice(tree, hint)
                case _:
                    pass
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
            case syntax.Unary(of=of):
                zero = typed.Constant(type=INTEGER, value=0)
                right = self.integer(of)
                nullable = right.type.nullable
                return typed.Arithmetic(type=Type("integer", nullable), op="-", left=zero, right=right)
            case syntax.Logic():
                return self.logic(tree)
            case syntax.Choice():
                return self.choice(tree, None)
            case syntax.Binary(op="in"):
                return self.contained(tree)
            case syntax.Binary(op="+" | "-" | "*" | "/" | "%"):
                return self.arithmetic(tree)
            case syntax.Binary():
                return self.compare(tree)
            case syntax.Call():
                return self.call(tree)
            case syntax.Index():
                raise self.not_built(tree, "indexing with [ ]")
            case syntax.ListOf():
                raise self.not_built(tree, "a list outside `in [ ]`")
            case syntax.MapOf():
                raise self.not_built(tree, "a map or message { }")

    def literal(self, tree: syntax.Literal) -> Expression:
        match tree.kind:
            case "null":
                return typed.Constant(type=NULL, value=None)
            case "boolean":
                return typed.Constant(type=BOOLEAN, value=tree.value)
            case "integer":
                return typed.Constant(type=INTEGER, value=tree.value)
            case "string":
                return typed.Constant(type=STRING, value=tree.value)
            case "double":
                raise self.not_built(tree, "a number with a fraction (double)", "use whole numbers")
            case "unsigned":
                raise self.not_built(tree, "an unsigned integer", "leave the u away")
            case "bytes":
                raise self.not_built(tree, "a bytes literal")

    def name(self, tree: syntax.Identifier) -> Expression:
        scope = self.scope
        match tree.name:
            case name if name in self.variables:
                row = Type("entity", entity=self.variables[name])
                return typed.Name(type=row, root="variable", binding=name)
            case "this" if scope.this is not None:
                return typed.Name(type=Type("entity", entity=scope.this), root="this")
            case "caller" if scope.caller is not None:
                row = Type("entity", not scope.guarded, entity=scope.caller)
                return typed.Name(type=row, root="caller")
            case "caller":
                raise self.refuse(
                    codes.NO_CALLER, tree.start, "there is no caller", "declare `auth` in the specification"
                )
            case "now":
                return typed.Name(type=TIMESTAMP, root="now")
            case "params" | "body":
                raise self.refuse(
                    codes.OPERAND_TYPE,
                    tree.start,
                    f"{tree.name} is not a value",
                    f"name one of its members: {tree.name}.…",
                )
            case name if name in scope.bindings:
                return typed.Name(type=scope.bindings[name], root="binding", binding=name)
            case "session":
                raise self.not_built(tree, "session")
            case name:
                if scope.this is not None and name in scope.fields(scope.this):
                    raise self.refuse(
                        codes.UNKNOWN_NAME, tree.start, f"unknown name {name}", f"did you mean this.{name}?"
                    )
                raise self.unknown(codes.UNKNOWN_NAME, tree.start, name, "name", self.names())

    def member(self, tree: syntax.Select) -> Expression:
        match tree.of:
            case syntax.Identifier(name="params"):
                return self.input(tree, "params", self.scope.params)
            case syntax.Identifier(name="body"):
                return self.input(tree, "body", self.scope.body)
            case _:
                return self.field(tree)

    def input(self, tree: syntax.Select, source: InputSource, known: Mapping[str, Type]) -> Expression:
        if tree.field not in known:
            raise self.unknown(codes.UNKNOWN_INPUT, tree.at, tree.field, f"member of {source}", known)
        return typed.Input(type=known[tree.field], source=source, name=tree.field)

    def field(self, tree: syntax.Select) -> Expression:
        of = self.value(tree.of)
        entity = of.type.entity
        if of.type.kind != "entity" or entity is None:
            raise self.refuse(
                codes.UNKNOWN_FIELD,
                tree.at,
                f"{self.parsed.text(tree.of)} is {of.type}, which has no fields",
                f"leave .{tree.field} away",
            )
        if any(isinstance(node, typed.Input) for node in nodes(of)):
            raise self.not_built(
                tree, f"reaching through a request value ({self.parsed.text(tree)})", "compare the row itself"
            )
        found = self.scope.lookup(entity, tree.field)
        if found is None:
            return self.related(tree, of, entity)
        nullable = found.nullable or of.type.nullable
        return typed.Member(
            type=msgspec.structs.replace(found, nullable=nullable), of=of, entity=entity, field=tree.field
        )

    def related(self, tree: syntax.Select, of: Expression, entity: str) -> Expression:
        """A computed value, or the rows of a reverse relation."""
        value = self.scope.computed(entity, tree.field)
        if value is not None:
            self.size += sum(1 for _ in nodes(value))
            if self.size > LARGEST:
                message = f"with its computed values the expression has more than {LARGEST} parts"
                raise self.refuse(codes.TOO_LARGE, tree.start, message, "simplify the computed values")
            return inlined(value, of, self.variables)
        rows = self.scope.related(entity, tree.field)
        if rows is not None:
            referring, field = rows
            return typed.Related(type=Type("rows", entity=referring), of=of, entity=referring, field=field)
        how = self.scope.unnamed(entity, tree.field)
        if how is not None:
            message = f"{entity} has no name {tree.field} for the rows that refer to it"
            raise self.refuse(codes.UNKNOWN_FIELD, tree.at, message, how)
        known = self.scope.fields(entity)
        raise self.unknown(codes.UNKNOWN_FIELD, tree.at, tree.field, f"field of {entity}", known)

    # Operators ---------------------------------------------------------------------------------------

    def logic(self, tree: syntax.Logic) -> Expression:
        kind = typed.And if tree.op == "&&" else typed.Or
        parts: list[Expression] = []
        for part in self.each(tree.parts, self.condition):
            parts += part.parts if isinstance(part, kind) else [part]
        return kind(type=BOOLEAN, parts=tuple(parts))

    def choice(self, tree: syntax.Choice, hint: Type | None) -> Expression:
        when = self.condition(tree.when)
        if hint is not None and hint.kind == "enum":
            enum = hint
            then, otherwise = self.each((tree.then, tree.otherwise), lambda part: self.hinted(part, enum))
        else:
            then, otherwise = self.pair(tree.then, tree.otherwise)
        for part, each in ((tree.then, then), (tree.otherwise, otherwise)):
            self.no_rows(part, each)
        if not compatible(then.type, otherwise.type):
            raise self.refuse(
                codes.OPERAND_TYPE,
                tree.otherwise.start,
                f"the values of ?: are {then.type} and {otherwise.type}",
                "give both the same type",
            )
        shown = otherwise.type if then.type.kind == "null" else then.type
        nullable = then.type.nullable or otherwise.type.nullable
        kind = msgspec.structs.replace(shown, nullable=nullable)
        return typed.Conditional(type=kind, when=when, then=then, otherwise=otherwise)

    def pair(self, left: Tree, right: Tree) -> tuple[Expression, Expression]:
        """Two operands, where a quoted string on one side may be a value of the other side's enum."""
        if isinstance(left, syntax.Literal) and left.kind == "string":
            second = self.value(right)
            return self.hinted(left, second.type), second
        if isinstance(left, syntax.Identifier) and left.name not in self.names():
            second = self.value(right)
            return self.hinted(left, second.type), second
        failed = False
        try:
            first: Expression | None = self.value(left)
        except _Refused:
            first, failed = None, True
        second = self.value(right) if first is None else self.hinted(right, first.type)
        if failed or first is None:
            raise _Refused
        return first, second

    def compare(self, tree: syntax.Binary) -> Expression:
        left, right = self.pair(tree.left, tree.right)
        op: typed.Comparison = tree.op  # type: ignore[assignment]
        for part, each in ((tree.left, left), (tree.right, right)):
            self.no_rows(part, each)
        if "null" in (left.type.kind, right.type.kind):
            self.null_comparison(tree, left, right)
        elif not compatible(left.type, right.type):
            raise self.refuse(
                codes.OPERAND_TYPE,
                tree.start,
                f"cannot compare {left.type} with {right.type}",
                self.mend_for(left.type, right.type),
            )
        elif op not in ("==", "!=") and left.type.kind not in ORDERED:
            raise self.refuse(
                codes.OPERAND_TYPE,
                tree.start,
                f"{left.type} has no order",
                "order integers, strings, dates or timestamps; compare others with == and !=",
            )
        return typed.Compare(type=BOOLEAN, op=op, left=left, right=right)

    def no_rows(self, tree: Tree, found: Expression) -> None:
        if found.type.kind == "rows":
            text = self.parsed.text(tree)
            message, mend = f"{text} is {found.type}, not one value", f"ask {text}.exists(…) or size({text})"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)

    def mend_for(self, left: Type, right: Type) -> str:
        kinds = {left.kind, right.kind}
        if kinds == {"date", "timestamp"} or ("string" in kinds and kinds & {"date", "timestamp"}):
            return "compare values of one type; date('…') and timestamp('…') are not built yet"
        if "entity" in kinds and len(kinds) == 2:
            return "compare a reference with `caller`, `this` or another reference to the same entity"
        return "compare values of one type"

    def null_comparison(self, tree: syntax.Binary, left: Expression, right: Expression) -> None:
        if tree.op not in ("==", "!="):
            raise self.refuse(
                codes.OPERAND_TYPE, tree.start, "null has no order", "compare with null by == or !="
            )
        other, part = (right, tree.right) if left.type.kind == "null" else (left, tree.left)
        text = self.parsed.text(part)
        if other.type.kind == "null" or not other.type.nullable:
            answer = "true" if (tree.op == "==") == (other.type.kind == "null") else "false"
            raise self.refuse(
                codes.NULL_COMPARISON,
                tree.start,
                f"{self.parsed.text(tree)} is always {answer}: {text} is {other.type}",
                "remove the comparison, or make the field nullable with `?`",
            )

    def contained(self, tree: syntax.Binary) -> Expression:
        if not isinstance(tree.right, syntax.ListOf):
            raise self.not_built(tree.right, "`in` with anything but a list [ ] in place")
        if not tree.right.items:
            raise self.refuse(
                codes.OPERAND_TYPE, tree.right.start, "nothing is in an empty list", "list the values"
            )
        item = self.value(tree.left)
        self.no_rows(tree.left, item)
        options = self.each(tree.right.items, lambda option: self.option(item, tree, option))
        return typed.In(type=BOOLEAN, item=item, options=tuple(options))

    def option(self, item: Expression, tree: syntax.Binary, written: Tree) -> Expression:
        found = self.hinted(written, item.type)
        if not compatible(item.type, found.type) or item.type.kind == "null":
            raise self.refuse(
                codes.OPERAND_TYPE,
                written.start,
                f"cannot compare {item.type} with {found.type}",
                f"list values of type {item.type}",
            )
        if found.type.kind == "null" and not item.type.nullable:
            raise self.refuse(
                codes.NULL_COMPARISON,
                written.start,
                f"{self.parsed.text(tree.left)} is {item.type}, never null",
                "remove null from the list",
            )
        leaf = isinstance(item, typed.Name | typed.Input | typed.Member)
        if found.type.nullable and item.type.nullable and not leaf:
            raise self.not_built(written, "null among the values of `in` for a computed value")
        return found

    def integer(self, tree: Tree) -> Expression:
        return self.integral(tree, self.value(tree))

    def integral(self, tree: Tree, found: Expression) -> Expression:
        if found.type.kind != "integer":
            raise self.refuse(
                codes.OPERAND_TYPE,
                tree.start,
                f"{self.parsed.text(tree)} is {found.type}, an integer is needed",
                "compute with integers",
            )
        return found

    def arithmetic(self, tree: syntax.Binary) -> Expression:
        left, right = self.each((tree.left, tree.right), self.value)
        if tree.op == "+" and "string" in (left.type.kind, right.type.kind):
            raise self.not_built(tree, "joining strings with +")
        left, right = self.integral(tree.left, left), self.integral(tree.right, right)
        op: typed.Operator = tree.op  # type: ignore[assignment]
        divides = op in ("/", "%") and not (isinstance(right, typed.Constant) and right.value != 0)
        nullable = left.type.nullable or right.type.nullable or divides
        return typed.Arithmetic(type=Type("integer", nullable), op=op, left=left, right=right)

    def call(self, tree: syntax.Call) -> Expression:
        if tree.target is not None and tree.function in ("exists", "all", "filter"):
            return self.macro(tree, tree.target)
        if tree.target is not None:
            raise self.not_built(tree, f"the method or macro .{tree.function}(…)")
        if tree.function != "size":
            raise self.not_built(tree, f"the function {tree.function}(…)")
        if len(tree.arguments) != 1:
            raise self.refuse(codes.OPERAND_TYPE, tree.start, "size takes one argument", "write size(text)")
        of = self.value(tree.arguments[0])
        if of.type.kind not in ("string", "rows"):
            mend = "take the size of a string or of rows"
            raise self.refuse(codes.OPERAND_TYPE, tree.arguments[0].start, f"size of {of.type}", mend)
        return typed.Size(type=Type("integer", of.type.nullable), of=of)

    def macro(self, tree: syntax.Call, target: Tree) -> Expression:
        """`rows.exists(m, condition)`, and `all` and `filter` in the same form."""
        of = self.value(target)
        if of.type.kind != "rows" or of.type.entity is None:
            message = f"{self.parsed.text(target)} is {of.type}, which .{tree.function}(…) cannot go through"
            mend = "name the rows that refer to this one: this.members"
            raise self.refuse(codes.OPERAND_TYPE, target.start, message, mend)
        match tree.arguments:
            case (syntax.Identifier(name=variable) as named, written):
                pass
            case _:
                message = f".{tree.function} takes a variable and a condition"
                mend = f"write .{tree.function}(m, m.… == …)"
                raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        reserved = ("this", "caller", "params", "body", "now", "session")
        if variable in reserved or variable in self.names():
            message, mend = f"{variable} already has a meaning here", "give the variable another name"
            raise self.refuse(codes.UNKNOWN_NAME, named.start, message, mend)
        self.variables[variable] = of.type.entity
        try:
            condition = self.condition(written)
        finally:
            del self.variables[variable]
        if tree.function == "filter":
            return typed.Filtered(type=of.type, of=of, variable=variable, condition=condition)
        quantifier: typed.Quantifier = "exists" if tree.function == "exists" else "all"
        return typed.Quantified(
            type=BOOLEAN, quantifier=quantifier, of=of, variable=variable, condition=condition
        )

    def enum_value(self, tree: Tree, text: str, enum: Type) -> Expression:
        if text not in enum.values:
            raise self.unknown(codes.UNKNOWN_VALUE, tree.start, text, "enum value", enum.values)
        kind = msgspec.structs.replace(enum, nullable=False)
        return typed.Constant(type=kind, value=text)


def compatible(left: Type, right: Type) -> bool:
    """Whether values of two types can be equal: same kind, same entity, and for enums a common value."""
    if "null" in (left.kind, right.kind):
        return True
    if left.kind != right.kind or left.entity != right.entity or left.element != right.element:
        return False
    return left.kind != "enum" or bool(set(left.values) & set(right.values))
