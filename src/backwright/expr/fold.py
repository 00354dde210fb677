"""Rewrites typed expressions without changing what they mean, so that emitters see what always holds.

Null is two-valued here (semantics 6): `x == x` is true even for null. Negations are never rewritten into the
opposite comparison: `!(a < b)` is not `a >= b`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, assert_never

import msgspec

from backwright.expr.shape import Shape, shape
from backwright.expr.typed import (
    BOOLEAN,
    FALSE,
    TRUE,
    Aggregate,
    And,
    Arithmetic,
    Compare,
    Comparison,
    Conditional,
    Constant,
    Convert,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    In,
    Input,
    Linked,
    ListOf,
    Mapped,
    Member,
    Name,
    Not,
    Or,
    Part,
    Quantified,
    Related,
    Rows,
    Size,
    Sorted,
    Text,
    Type,
    Within,
)
from backwright.expr.walk import can_fail, nodes
from backwright.expr.words import Words, answered, one_word_each, said_when, words_of

Lookup = Callable[[str, str], Type | None]


def substitute(expression: Expression, fields: Mapping[str, Expression]) -> Expression:
    """The expression with each `this.<field>` replaced by what is assigned to that field.

    Wherever it stands, in macros as well: `this` is the same row there, and what is assigned names no variable.
    """

    def replaced(node: Expression) -> Expression:
        match node:
            case Member(of=Name(root="this"), field=field) | Linked(of=Name(root="this"), field=field):
                return fields.get(field, node)
            case Member(of=of, type=kind) if of.type.nullable and not kind.nullable:
                return msgspec.structs.replace(node, type=msgspec.structs.replace(kind, nullable=True))
            case _:
                return node

    return rebuilt(expression, replaced)


def fold(expression: Expression, *, caller_known: bool = False, lookup: Lookup | None = None) -> Expression:
    """The expression with everything decided that can be decided now.

    `caller_known`: the operation is only reached by a signed-in caller, so `caller` is never null. With
    `lookup` (the type of an entity's field) the caller's fields lose their nullability too.
    """

    def simpler(node: Expression) -> Expression:
        return simplified(_known(node, lookup) if caller_known else node)

    return rebuilt(expression, simpler)


def not_null_when(condition: Expression, *, holds: bool) -> frozenset[Shape]:
    """What certainly is not null once the condition has come out as `holds`."""
    match condition:
        case Compare(op="!=" | "==" as op) if holds == (op == "!="):
            tested = null_tested(condition)
            return frozenset() if tested is None else frozenset([shape(tested)])
        case Compare(op="<" | "<=" | ">" | ">=", left=left, right=right) if holds:
            return frozenset([shape(left), shape(right)])
        case Text(function="startsWith" | "endsWith" | "contains", arguments=arguments) if holds:
            return frozenset(map(shape, arguments))
        case Within(of=of) if holds:
            return frozenset([shape(of)])
        case Not(of=of):
            return not_null_when(of, holds=not holds)
        case And(parts=parts) if holds:
            return frozenset().union(*(not_null_when(part, holds=True) for part in parts))
        case Or(parts=parts) if not holds:
            return frozenset().union(*(not_null_when(part, holds=False) for part in parts))
        case _:
            return frozenset()


def null_tested(compare: Compare) -> Expression | None:
    """The operand that is compared with null, if one is."""
    if isinstance(compare.right, Constant) and compare.right.value is None:
        return compare.left
    if isinstance(compare.left, Constant) and compare.left.value is None:
        return compare.right
    return None


def rebuilt(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Applies `change` to every node, parts first."""

    def inner(part: Expression) -> Expression:
        return rebuilt(part, change)

    def all_inner(found: tuple[Expression, ...]) -> tuple[Expression, ...]:
        return tuple(map(inner, found))

    replace = msgspec.structs.replace
    match node:
        case Constant() | Name() | Input() | Rows():
            return change(node)
        case Member(of=of) | Not(of=of) | Size(of=of) | Related(of=of) | Linked(of=of) | Part(of=of):
            return change(replace(node, of=inner(of)))
        case Aggregate(of=of) | Distinct(of=of) | Sorted(of=of) | Flattened(of=of) | Convert(of=of):
            return change(replace(node, of=inner(of)))
        case Filtered(of=of, condition=condition) | Quantified(of=of, condition=condition):
            return change(replace(node, of=inner(of), condition=inner(condition)))
        case Mapped(of=of, value=value):
            return change(replace(node, of=inner(of), value=inner(value)))
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return change(replace(node, left=inner(left), right=inner(right)))
        case And(parts=parts) | Or(parts=parts):
            return change(replace(node, parts=all_inner(parts)))
        case Text(arguments=arguments):
            return change(replace(node, arguments=all_inner(arguments)))
        case ListOf(items=items):
            return change(replace(node, items=all_inner(items)))
        case In(item=item, options=options):
            return change(replace(node, item=inner(item), options=all_inner(options)))
        case Within(item=item, of=of):
            return change(replace(node, item=inner(item), of=inner(of)))
        case Conditional(when=when, then=then, otherwise=otherwise):
            return change(replace(node, when=inner(when), then=inner(then), otherwise=inner(otherwise)))
        case _:
            assert_never(node)


def _known(node: Expression, lookup: Lookup | None) -> Expression:
    replace = msgspec.structs.replace
    match node:
        case Name(root="caller", type=kind):
            return replace(node, type=replace(kind, nullable=False))
        case Member(of=of, entity=entity, field=field) if lookup is not None and _from_caller(of):
            stored = lookup(entity, field)
            return node if stored is None or of.type.nullable else replace(node, type=stored)
        case _:
            return node


def _from_caller(node: Expression) -> bool:
    """Whether it is the caller, or reached from there: `caller.org.owner`."""
    while isinstance(node, Member):
        node = node.of
    return isinstance(node, Name) and node.root == "caller"


def simplified(node: Expression) -> Expression:
    """The node, whose parts are simplified already, with what can be decided of it decided."""
    match node:
        case Compare():
            return _compare(node)
        case And(parts=parts):
            joined = _joined(parts, And, stop=FALSE, skip=TRUE)
            return _narrowed(joined) if isinstance(joined, And) else joined
        case Or(parts=parts):
            joined = _joined(parts, Or, stop=TRUE, skip=FALSE)
            return (
                _joined(_later(joined.parts, holds=False), Or, stop=TRUE, skip=FALSE)
                if isinstance(joined, Or)
                else joined
            )
        case Not(of=Constant(value=bool(value))):
            return FALSE if value else TRUE
        case Not(of=Not(of=of)):
            return of
        case In():
            return _in(node)
        case Conditional(when=Constant(value=bool(value)), then=then, otherwise=otherwise):
            return then if value else otherwise
        case Conditional(when=when, then=Constant(value=True), otherwise=Constant(value=False)):
            return when
        case Conditional(when=when, then=Constant(value=False), otherwise=Constant(value=True)):
            return simplified(Not(type=BOOLEAN, of=when))
        case Conditional(when=when, then=then, otherwise=otherwise):
            then = _assuming(then, said_when(when, holds=True))
            otherwise = _assuming(otherwise, said_when(when, holds=False))
            return (
                then
                if shape(then) == shape(otherwise)
                else msgspec.structs.replace(node, then=then, otherwise=otherwise)
            )
        case Arithmetic(left=left, right=right):
            kind = msgspec.structs.replace(node.type, nullable=_arithmetic_nullable(node))
            return _computed(msgspec.structs.replace(node, type=kind), left, right)
        case Filtered(of=of, condition=Constant(value=True)) if not of.type.nullable:
            return of  # a list that is null would become one with no elements
        case Quantified(quantifier="exists", condition=Constant(value=False)):
            return FALSE
        case Quantified(quantifier="all", condition=Constant(value=True)):
            return TRUE
        case Size(of=Constant(value=str(text))):
            return Constant(type=Type("integer"), value=len(text))
        case Within(of=ListOf(items=())):
            return FALSE
        case _:
            return node


def _arithmetic_nullable(node: Arithmetic) -> bool:
    divisor = node.right
    certain = isinstance(divisor, Constant) and divisor.value != 0
    by_zero = node.op in ("/", "%") and not certain
    return node.left.type.nullable or divisor.type.nullable or by_zero


def _computed(node: Arithmetic, left: Expression, right: Expression) -> Expression:
    if not isinstance(left, Constant) or not isinstance(right, Constant):
        return node
    if node.type.kind != "integer" or not isinstance(left.value, int) or not isinstance(right.value, int):
        return node
    # The runtime brings its server along, which whoever only checks a specification does not wait for.
    from backwright_runtime.arithmetic import BY_OPERATOR  # noqa: PLC0415
    from backwright_runtime.errors import IntegerOverflow  # noqa: PLC0415

    try:
        value = BY_OPERATOR[node.op](left.value, right.value)
    except IntegerOverflow:
        return node  # overflow fails the operation, so it stays to be computed there
    if value is None:
        return Constant(type=Type("null", nullable=True), value=None)
    return Constant(type=Type("integer"), value=value)


def _joined(
    parts: tuple[Expression, ...], kind: type[And | Or], *, stop: Expression, skip: Expression
) -> Expression:
    flat: dict[Shape, Expression] = {}
    for part in parts:
        for inner in part.parts if isinstance(part, kind) else (part,):
            flat.setdefault(shape(inner), inner)
    if shape(stop) in flat:
        return stop
    flat.pop(shape(skip), None)
    if not flat:
        return skip
    rest = tuple(flat.values())
    return rest[0] if len(rest) == 1 else kind(type=BOOLEAN, parts=rest)


def _narrowed(node: And) -> Expression:
    """All parts, where what earlier ones say of a word decides what later ones ask of it."""
    together = _joined(one_word_each(node.parts), And, stop=FALSE, skip=TRUE)
    if not isinstance(together, And):
        return together
    return _joined(_later(together.parts, holds=True), And, stop=FALSE, skip=TRUE)


def _later(parts: tuple[Expression, ...], *, holds: bool) -> tuple[Expression, ...]:
    """The parts, each simplified by what the ones before it say once they have come out as `holds`."""
    found: list[Expression] = []
    facts: list[Words] = []
    for part in parts:
        found.append(_assuming(part, facts))
        facts += said_when(found[-1], holds=holds)
    return tuple(found)


def _assuming(node: Expression, facts: Sequence[Words]) -> Expression:
    """The node where what is known of words decides what it asks of them."""
    bound = {each.variable for each in nodes(node) if isinstance(each, Filtered | Quantified | Mapped)}
    known = [
        fact
        for fact in facts
        if not any(each.binding in bound for each in nodes(fact.value) if isinstance(each, Name))
    ]
    asked = {said.of for each in nodes(node) if (said := words_of(each)) is not None}
    if not any(fact.of in asked for fact in known):
        return node

    def decided(part: Expression) -> Expression:
        answer = answered(part, facts)
        return simplified(part) if answer is None else _constant(answer)

    return rebuilt(node, decided)


def _compare(node: Compare) -> Expression:
    left, right = node.left, node.right
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _constant(_holds(node.op, _comparable(left), _comparable(right)))
    tested = null_tested(node)
    if tested is not None and node.op in ("==", "!="):
        return node if tested.type.nullable else _constant(node.op == "!=")
    if tested is not None:
        return FALSE
    if shape(left) == shape(right) and not can_fail(left):
        return _same(node.op, left)
    match left, right:
        case (Constant(value=bool(value)), other) | (other, Constant(value=bool(value))):
            if node.op == "==" and value and not other.type.nullable:
                return other
            if node.op == "==" and value and (guarded := _guarded(other)):
                held = (simplified(msgspec.structs.replace(node, left=part, right=TRUE)) for part in guarded)
                return _joined(tuple(held), And, stop=FALSE, skip=TRUE)
        case _:
            pass
    return node


def _same(op: Comparison, value: Expression) -> Expression:
    if op in ("==", "!=", "<", ">"):
        return _constant(op == "==")
    if not value.type.nullable:
        return TRUE
    return Compare(
        type=BOOLEAN, op="!=", left=value, right=Constant(type=Type("null", nullable=True), value=None)
    )


def _in(node: In) -> Expression:
    if any(shape(option) == shape(node.item) for option in node.options) and not can_fail(node.item):
        return TRUE
    if not isinstance(node.item, Constant):
        return node
    sought, known = _comparable(node.item), [each for each in node.options if isinstance(each, Constant)]
    if any(_comparable(option) == sought for option in known):
        return TRUE
    return FALSE if len(known) == len(node.options) else node


def _guarded(node: Expression) -> tuple[Expression, ...]:
    """The conditions that both hold where `a ? b : null` is true; none where computing b may fail without a."""
    match node:
        case Conditional(when=when, then=then, otherwise=Constant(value=None)) if not can_fail(then):
            return when, then
        case _:
            return ()


def _comparable(constant: Constant) -> Any:
    """The value of a constant as it compares: 1.5 is 1.50. The texts of dates and times order like they do."""
    if constant.type.kind == "decimal" and isinstance(constant.value, str):
        return Decimal(constant.value)
    return constant.value


def _constant(value: bool) -> Constant:
    return TRUE if value else FALSE


def _holds(op: Comparison, left: object, right: object) -> bool:
    if op in ("==", "!="):
        return (left == right) == (op == "==")
    match left, right:
        case (int(), int()) | (str(), str()) | (float(), float()) | (Decimal(), Decimal()):
            first, second = (left, right) if op in ("<", "<=") else (right, left)
            return first < second or (op in ("<=", ">=") and first == second)  # type: ignore[operator]
        case _:
            return False
