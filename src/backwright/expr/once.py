"""Values of a row that a statement needs more than once: which they are, and in what order they are found.

For SQL alone. A computed value stands for its expression wherever it is named: `gross`, which names `net` twice, would
say all of `net` twice, and a page that shows and orders by `gross` four times. A statement says such a value once,
beside the columns of the row, and names it from there on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from backwright.expr.fold import rebuilt
from backwright.expr.inline import inlined
from backwright.expr.setwise import owned
from backwright.expr.shape import Shape, shape
from backwright.expr.typed import (
    Aggregate,
    Arithmetic,
    Convert,
    Expression,
    Filtered,
    Mapped,
    Member,
    Name,
    Quantified,
    Size,
)
from backwright.expr.walk import is_local, nodes

NOTHING: Mapping[str, Shape] = MappingProxyType({})
KINDS = ("decimal", "integer", "double", "string", "date", "timestamp")
"""The kinds of values that may have a name beside the columns."""
_LOOKING = Filtered | Quantified | Mapped
_ASKING = Aggregate | Size | Quantified | Member
_BINDS = ("filter", "exists", "all", "map")


class Named(msgspec.Struct, frozen=True):
    """A value of a row that has a name there, about `this`."""

    name: str
    value: Expression


class Once(msgspec.Struct, frozen=True):
    """What is said beside the rows: a level names only what the levels before it say.

    `said` is all of it, with what was there before: by its name the shape, about `this`.
    """

    levels: tuple[tuple[Named, ...], ...] = ()
    said: Mapping[str, Shape] = NOTHING
    references: tuple[_Reference, ...] = ()

    def about(self, expression: Expression) -> Expression:
        """The expression with each of the values named instead of said."""
        for reference in self.references:
            expression = reference.put_into(expression)
        return expression


class _Reference(msgspec.Struct, frozen=True):
    """A value that is looked for, and the column that is named instead."""

    value: Expression
    shape: Shape
    column: Member

    def is_met(self, node: Expression) -> bool:
        return type(node) is type(self.value) and alike(node) == self.shape

    def put_into(self, expression: Expression) -> Expression:
        def named(node: Expression) -> Expression:
            return msgspec.structs.replace(self.column, type=node.type) if self.is_met(node) else node

        return rebuilt(expression, named)


def once(
    expressions: Sequence[Expression],
    row: Name,
    candidates: Sequence[Named],
    said: Mapping[str, Shape] = NOTHING,
    *,
    of: Expression | None = None,
) -> Once:
    """The values of `row` among the candidates (about `this`) that the expressions need more than once.

    The largest come first, since what they are made of is needed less often then. What is `said` beside the row
    already (`alike` by name) is named wherever it is needed. `of` are the rows that `row` looks at, where it is a
    variable.
    """
    if any(isinstance(each, _LOOKING) and each.variable == row.binding for each in _within(expressions)):
        return Once(said=said)
    waiting = list(expressions)
    found: dict[str, Expression] = {}
    references: list[_Reference] = []
    shapes = dict(said)
    for each in sorted(candidates, key=lambda named: -_size(named.value)):
        own = alike(each.value)
        if shapes.get(each.name) not in (None, own):
            continue  # the name is that of its other meaning, with rules or without
        value = inlined(each.value, row, ())
        value = value if of is None else owned(of, row.binding or "", value)
        column = Member(type=value.type, of=row, entity=row.type.entity or "", field=each.name)
        reference = _Reference(value, alike(value), column)
        needed = sum(map(reference.is_met, _within([*waiting, *found.values()])))
        if needed < (1 if each.name in said else 2):
            continue
        references.append(reference)
        shapes[each.name] = own
        waiting = [reference.put_into(expression) for expression in waiting]
        found = {name: reference.put_into(value) for name, value in found.items()}
        if each.name not in said:
            found[each.name] = value
    return Once(_levels(found, row), shapes, tuple(references))


def may_repeat(expressions: Sequence[Expression]) -> bool:
    """Whether it is worth looking for values that are needed more than once: at least two ask the database."""
    asking = (node for node in _within(expressions) if isinstance(node, _ASKING) and not is_local(node))
    return next(asking, None) is not None and next(asking, None) is not None


def worth_naming(node: Expression) -> bool:
    """Whether a value is long in SQL, and the same on every database wherever it stands.

    A condition is not: databases find rows by EXISTS where they see it. What is behind a key that is given may be gone,
    and SQLite may hold decimals of several scales as text; neither is a column of its type.
    """
    if is_local(node) or isinstance(node, Member) or any(map(_may_be_gone, nodes(node))):
        return False
    match node.type.kind:
        case "decimal":
            return isinstance(node, Arithmetic) or (
                isinstance(node, Aggregate) and node.function in ("sum", "avg")
            )
        case "integer":
            return isinstance(node, Arithmetic | Aggregate | Size | Convert)
        case kind:
            return kind in KINDS


def alike(node: Expression) -> Shape:
    """The shape of an expression, whatever its own variables are called."""
    return _numbered(shape(node), {})


def _numbered(of: Shape, bound: Mapping[str, str]) -> Shape:
    match of:
        case (str(word), tuple(rows), str(variable), tuple(inside)) if word in _BINDS:
            number = f"#{len(bound)}"
            return (word, _numbered(rows, bound), number, _numbered(inside, {**bound, variable: number}))
        case ("name", "variable", str(variable)):
            return ("name", "variable", bound.get(variable, variable))
        case _:
            return tuple(_numbered(each, bound) if isinstance(each, tuple) else each for each in of)


def _levels(found: Mapping[str, Expression], row: Name) -> tuple[tuple[Named, ...], ...]:
    """The values in the order in which they can be said."""
    levels: list[tuple[Named, ...]] = []
    said: set[str] = set()
    while len(said) < len(found):
        level = tuple(
            Named(name, value)
            for name, value in found.items()
            if name not in said and {*_named(value, row)} & found.keys() <= said
        )
        levels.append(level)
        said |= {each.name for each in level}
    return tuple(levels)


def _named(value: Expression, row: Name) -> Iterator[str]:
    """The fields of the row that a value names."""
    for node in nodes(value):
        if isinstance(node, Member) and isinstance(node.of, Name) and node.of.binding == row.binding:
            yield node.field


def _may_be_gone(node: Expression) -> bool:
    """Whether it is behind a key that the caller's row holds, for which there may be no row."""
    of = node
    while isinstance(of, Member):
        of = of.of
    return isinstance(node, Member) and isinstance(node.of, Member) and _is_given(of)


def _is_given(node: Expression) -> bool:
    return not (isinstance(node, Name) and node.root in ("this", "variable"))


def _within(expressions: Sequence[Expression]) -> Iterator[Expression]:
    for each in expressions:
        yield from nodes(each)


def _size(node: Expression) -> int:
    return sum(1 for _ in nodes(node))
