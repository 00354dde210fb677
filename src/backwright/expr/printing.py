"""A typed expression as text, in the words of the language: for people who read about a part of a rule."""

from __future__ import annotations

import json
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
    Within,
)

BINARY = (And, Or, Compare, Conditional, In, Within, Arithmetic)


def printed(node: Expression) -> str:
    """The expression as it could be written. Related rows are written as a filter on their entity's rows."""
    match node:
        case Constant(value=value):
            return _constant(value)
        case Name(root=root, binding=binding):
            return binding if root in ("binding", "variable", "group") and binding else root
        case Input(source=source, name=name):
            return f"{source}.{name}"
        case Member(of=of, field=name) | Linked(of=of, field=name) | Part(of=of, name=name):
            return f"{_inner(of)}.{name}"
        case And(parts=parts):
            return " && ".join(f"({printed(p)})" if isinstance(p, Or) else printed(p) for p in parts)
        case Or(parts=parts):
            return " || ".join(printed(part) for part in parts)
        case Not(of=of):
            return f"!{_inner(of)}"
        case Compare(op=op, left=left, right=right) | Arithmetic(op=op, left=left, right=right):
            return f"{_inner(left)} {op} {_inner(right)}"
        case Conditional(when=when, then=then, otherwise=otherwise):
            return f"{_inner(when)} ? {_inner(then)} : {_inner(otherwise)}"
        case In(item=item, options=options):
            return f"{_inner(item)} in [{', '.join(map(printed, options))}]"
        case ListOf(items=items):
            return f"[{', '.join(map(printed, items))}]"
        case Within(item=item, of=of):
            return f"{_inner(item)} in {_inner(of)}"
        case Size(of=of):
            return f"size({printed(of)})"
        case Rows(entity=entity):
            return entity
        case Related(of=of, entity=entity, field=name):
            return f"{entity}({name}: {printed(of)})"
        case Filtered(of=of, variable=variable, condition=inside):
            return f"{_inner(of)}.filter({variable}, {printed(inside)})"
        case Quantified(quantifier=quantifier, of=of, variable=variable, condition=inside):
            return f"{_inner(of)}.{quantifier}({variable}, {printed(inside)})"
        case Mapped(of=of, variable=variable, value=inside):
            return f"{_inner(of)}.map({variable}, {printed(inside)})"
        case Aggregate(function=function, of=of):
            return f"{_inner(of)}.{function}()"
        case Distinct(of=of):
            return f"{_inner(of)}.distinct()"
        case Sorted(of=of):
            return f"{_inner(of)}.sort()"
        case Flattened(of=of):
            return f"{_inner(of)}.flatten()"
        case Text(function="concat", arguments=arguments):
            return " + ".join(map(_inner, arguments))
        case Text(function=function, arguments=(first, *rest)):
            return f"{_inner(first)}.{function}({', '.join(map(printed, rest))})"
        case Text(function=function):
            return f"{function}()"
        case Convert(to=to, of=of):
            return f"{to}({printed(of)})"
        case _:
            assert_never(node)


def _inner(node: Expression) -> str:
    """An operand, in parentheses where it would otherwise fall apart."""
    return f"({printed(node)})" if isinstance(node, BINARY) else printed(node)


def _constant(value: object) -> str:
    if isinstance(value, str):
        return "'" + json.dumps(value, ensure_ascii=False)[1:-1].replace("'", "\\'") + "'"
    return json.dumps(value)
