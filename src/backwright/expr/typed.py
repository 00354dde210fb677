"""Expressions after type checking: the only form that later stages see.

A closed union of frozen structs. Names are resolved, every node knows its type and whether it can be null,
and the implied `caller != null` of rules (LANGUAGE.md, semantics 2) is already part of the tree.
Entities and fields are referred to by specification name, so this package imports no stage.
"""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

Kind = OneOf[
    "null", "boolean", "integer", "string", "date", "timestamp", "uuid", "enum", "entity", "list", "rows"
]  # fmt: skip
Comparison = OneOf["==", "!=", "<", "<=", ">", ">="]
Operator = OneOf["+", "-", "*", "/", "%"]
Root = OneOf["this", "caller", "params", "body", "now", "variable"]
Quantifier = OneOf["exists", "all"]


class Type(msgspec.Struct, frozen=True):
    """The type of an expression. `email`, `text` and `password` fields are strings here.

    `entity` names the entity of kind "entity" (a row, or a reference to one) and of kind "rows" (a set of its
    rows, never null); `element` is the kind of a list's elements; `values` are an enum's values. `nullable`
    says whether null is possible.
    """

    kind: Kind
    nullable: bool = False
    entity: str | None = None
    element: Kind | None = None
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind == "rows":
            return f"rows of {self.entity}"
        name = self.entity or (f"list of {self.element}" if self.element else self.kind)
        return f"{name}?" if self.nullable else name


class Node(msgspec.Struct, frozen=True, tag=True, tag_field="node", kw_only=True):
    """What every expression node carries: its type and its offset in the source text (not compared)."""

    type: Type


class Constant(Node, frozen=True, tag=True, kw_only=True):
    """A literal: null, true, 3, 'text', or an enum value."""

    value: bool | int | str | None


class Name(Node, frozen=True, tag=True, kw_only=True):
    """A root in scope: `this` (the row), `caller` (null when anonymous), `now`, a binding, or a variable.

    `binding` is the name of a binding made by an earlier step (root "binding"), or of the variable of a macro
    (root "variable"). Variables that are in scope together have different names.
    """

    root: OneOf["this", "caller", "now", "binding", "variable"]
    binding: str | None = None


class Input(Node, frozen=True, tag=True, kw_only=True):
    """A value from the request: `params.done` or `body.title`."""

    source: OneOf["params", "body"]
    name: str


class Member(Node, frozen=True, tag=True, kw_only=True):
    """`of.field`: a field of a row. A member of null is null. A reference's key is the reference itself.

    `of` is a row or a reference, which may itself be reached: `this.project.owner`.
    """

    of: Expression
    entity: str
    field: str


class Compare(Node, frozen=True, tag=True, kw_only=True):
    """Two-valued comparison: null == null is true, an ordering against null is false (semantics 6)."""

    op: Comparison
    left: Expression
    right: Expression


class And(Node, frozen=True, tag=True, kw_only=True):
    parts: tuple[Expression, ...]


class Or(Node, frozen=True, tag=True, kw_only=True):
    parts: tuple[Expression, ...]


class Not(Node, frozen=True, tag=True, kw_only=True):
    of: Expression


class In(Node, frozen=True, tag=True, kw_only=True):
    """`item in [a, b]`: true when equal to one of them."""

    item: Expression
    options: tuple[Expression, ...]


class Arithmetic(Node, frozen=True, tag=True, kw_only=True):
    """64-bit integers; overflow fails the operation, division truncates toward zero (semantics 7)."""

    op: Operator
    left: Expression
    right: Expression


class Conditional(Node, frozen=True, tag=True, kw_only=True):
    """`when ? then : otherwise`."""

    when: Expression
    then: Expression
    otherwise: Expression


class Size(Node, frozen=True, tag=True, kw_only=True):
    """`size(text)`: code points of a string. `size(rows)`: how many rows, never null."""

    of: Expression


class Related(Node, frozen=True, tag=True, kw_only=True):
    """`of.members`: the rows of `entity` whose reference `field` is `of`. Null has none."""

    of: Expression
    entity: str
    field: str


class Filtered(Node, frozen=True, tag=True, kw_only=True):
    """`rows.filter(variable, condition)`: those rows that satisfy it."""

    of: Expression
    variable: str
    condition: Expression


class Quantified(Node, frozen=True, tag=True, kw_only=True):
    """`rows.exists(variable, condition)` is false over none, `rows.all(variable, condition)` is true."""

    quantifier: Quantifier
    of: Expression
    variable: str
    condition: Expression


Expression = (
    Constant
    | Name
    | Input
    | Member
    | Compare
    | And
    | Or
    | Not
    | In
    | Arithmetic
    | Conditional
    | Size
    | Related
    | Filtered
    | Quantified
)

BOOLEAN = Type("boolean")
TRUE = Constant(type=BOOLEAN, value=True)
FALSE = Constant(type=BOOLEAN, value=False)
