"""What a typed expression looks like: the same shape, the same value wherever both are computed."""

from __future__ import annotations

from typing import assert_never

from backwright.expr.typed import (
    Aggregate,
    And,
    Arithmetic,
    Compare,
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

Shape = tuple[object, ...]
_WRITTEN_AS_TEXT = ("decimal", "date", "timestamp", "duration", "uuid")


def shape(node: Expression) -> Shape:
    """What an expression computes, whatever is known about its nullability: equal shapes, equal values."""
    match node:
        case Constant(value=value, type=Type(kind=kind)):
            return ("constant", kind if kind in _WRITTEN_AS_TEXT else type(value).__name__, value)
        case Name(root=root, binding=binding):
            return ("name", root, binding)
        case Input(source=source, name=name):
            return ("input", source, name)
        case Member(of=of, field=field):
            return ("member", shape(of), field)
        case Part(of=of, name=name):
            return ("part", shape(of), name)
        case Compare(op=op) | Arithmetic(op=op):
            return (op, shape(node.left), shape(node.right))
        case In(item=item, options=options):
            return ("in", shape(item), *map(shape, options))
        case Within(item=item, of=of):
            return ("within", shape(item), shape(of))
        case And(parts=parts):
            return ("and", *map(shape, parts))
        case Or(parts=parts):
            return ("or", *map(shape, parts))
        case Not(of=of):
            return ("not", shape(of))
        case Size(of=of):
            return ("size", shape(of))
        case Rows(entity=entity):
            return ("rows", entity)
        case Related(of=of, entity=entity, field=field):
            return ("related", shape(of), entity, field)
        case Linked(of=of, entity=entity, field=field):
            return ("linked", shape(of), entity, field)
        case Filtered(of=of, variable=variable, condition=condition):
            return ("filter", shape(of), variable, shape(condition))
        case Quantified(quantifier=quantifier, of=of, variable=variable, condition=condition):
            return (quantifier, shape(of), variable, shape(condition))
        case Mapped(of=of, variable=variable, value=value):
            return ("map", shape(of), variable, shape(value))
        case Aggregate(function=function, of=of):
            return (function, shape(of))
        case Distinct(of=of):
            return ("distinct", shape(of))
        case Sorted(of=of):
            return ("sort", shape(of))
        case Flattened(of=of):
            return ("flatten", shape(of))
        case ListOf(items=items):
            return ("list", *map(shape, items))
        case Text(function=function, arguments=arguments):
            return (function, *map(shape, arguments))
        case Convert(to=to, of=of):
            return ("convert", to, shape(of))
        case Conditional(when=when, then=then, otherwise=otherwise):
            return ("?:", shape(when), shape(then), shape(otherwise))
        case _:
            assert_never(node)
