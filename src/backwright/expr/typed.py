"""Expressions after type checking: the only form that later stages see.

A closed union of frozen structs. Names are resolved, every node knows its type and whether it can be null,
and the implied `caller != null` of rules (LANGUAGE.md, semantics 2) is already part of the tree.
Entities and fields are referred to by specification name, so this package imports no stage.
"""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

Kind = OneOf[
    "null", "boolean", "integer", "decimal", "double", "string", "bytes", "json", "date", "timestamp", "duration",
    "uuid", "enum", "entity", "list", "rows", "record",
]  # fmt: skip
Comparison = OneOf["==", "!=", "<", "<=", ">", ">="]
Operator = OneOf["+", "-", "*", "/", "%"]
Quantifier = OneOf["exists", "all"]
Function = OneOf["sum", "min", "max", "avg"]
TextFunction = OneOf["startsWith", "endsWith", "contains", "lowerAscii", "upperAscii", "trim", "concat"]
Conversion = OneOf["string", "int", "double", "decimal", "date", "timestamp"]


class Type(msgspec.Struct, frozen=True, omit_defaults=True):
    """The type of an expression. `email`, `text`, `slug`, `token` and `password` fields are strings here.

    `entity` names the entity of kind "entity" (a row, or a reference to one) and of kind "rows" (a set of its
    rows, never null); `element` is the type of a list's elements; `values` are an enum's values; `members` are
    those of a record (an object in a request body, or one group of a grouped selection); `scale` is how many digits a
    decimal has behind the point. `nullable` says
    whether null is possible.
    """

    kind: Kind
    nullable: bool = False
    entity: str | None = None
    element: Type | None = None
    values: tuple[str, ...] = ()
    members: tuple[tuple[str, Type], ...] = ()
    scale: int | None = None

    def __str__(self) -> str:
        if self.kind == "rows":
            return f"rows of {self.entity}"
        name = self.entity or (f"list of {self.element}" if self.element else self.kind)
        return f"{name}?" if self.nullable else name


class Node(msgspec.Struct, frozen=True, tag=True, tag_field="node", kw_only=True):
    """What every expression node carries: its type and its offset in the source text (not compared)."""

    type: Type


class Constant(Node, frozen=True, tag=True, kw_only=True):
    """A literal: null, true, 3, 'text', or an enum value.

    Decimals, dates, timestamps and UUIDs are written as text, durations as whole microseconds.
    """

    value: bool | int | float | str | None


class Name(Node, frozen=True, tag=True, kw_only=True):
    """A root in scope: `this` (the row), `caller` (null when anonymous), `now`, a binding, or a variable.

    `binding` is the name of a binding made by an earlier step (root "binding"), or of the variable of a macro
    (root "variable"). Variables that are in scope together have different names. `total` is how many rows the
    selection `binding` has without paging, `next` the cursor of its next page (null: none), `group` the rows of
    one group.
    """

    root: OneOf["this", "caller", "now", "binding", "variable", "total", "next", "group"]
    binding: str | None = None


class Input(Node, frozen=True, tag=True, kw_only=True):
    """A value from the request: `params.done`, `body.title` or `session.token`."""

    source: OneOf["params", "body", "session"]
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


class Within(Node, frozen=True, tag=True, kw_only=True):
    """`item in list` or `row in rows`: true when equal to one of them. Nothing is in a list that is null."""

    item: Expression
    of: Expression


class Arithmetic(Node, frozen=True, tag=True, kw_only=True):
    """Two integers, two decimals or two doubles; or a timestamp plus or minus a duration.

    Integers have 64 bits, decimals 18 digits, doubles are finite; overflow fails the operation. Division of
    integers truncates toward zero, division by zero gives null (semantics 7).
    """

    op: Operator
    left: Expression
    right: Expression


class Conditional(Node, frozen=True, tag=True, kw_only=True):
    """`when ? then : otherwise`."""

    when: Expression
    then: Expression
    otherwise: Expression


class Size(Node, frozen=True, tag=True, kw_only=True):
    """`size(text)`: code points of a string. `size(list)`. `size(rows)`: how many rows, never null."""

    of: Expression


class Rows(Node, frozen=True, tag=True, kw_only=True):
    """`Entity`: all its rows."""

    entity: str


class Related(Node, frozen=True, tag=True, kw_only=True):
    """`of.members`: the rows of `entity` whose reference `field` is `of`, or lists it. Null has none."""

    of: Expression
    entity: str
    field: str


class Linked(Node, frozen=True, tag=True, kw_only=True):
    """`of.labels`: the rows that the many-to-many field `field` of `of`, a row of `entity`, lists. Null has none."""

    of: Expression
    entity: str
    field: str


class Filtered(Node, frozen=True, tag=True, kw_only=True):
    """`rows.filter(variable, condition)`: those rows, or elements of a list, that satisfy it."""

    of: Expression
    variable: str
    condition: Expression


class Quantified(Node, frozen=True, tag=True, kw_only=True):
    """`rows.exists(variable, condition)` is false over none, `rows.all(variable, condition)` is true."""

    quantifier: Quantifier
    of: Expression
    variable: str
    condition: Expression


class Mapped(Node, frozen=True, tag=True, kw_only=True):
    """`rows.map(variable, value)`: the list of that value of each row, or of each element of a list."""

    of: Expression
    variable: str
    value: Expression


class Aggregate(Node, frozen=True, tag=True, kw_only=True):
    """`list.sum()`: null elements do not count. An empty sum is 0; `min`, `max` and `avg` of nothing are null."""

    function: Function
    of: Expression


class Distinct(Node, frozen=True, tag=True, kw_only=True):
    """`list.distinct()`: each element once, where it first stood."""

    of: Expression


class Sorted(Node, frozen=True, tag=True, kw_only=True):
    """`list.sort()`: ascending, null least, text by code point."""

    of: Expression


class Flattened(Node, frozen=True, tag=True, kw_only=True):
    """`list.flatten()`: the elements of the lists in a list."""

    of: Expression


class ListOf(Node, frozen=True, tag=True, kw_only=True):
    """`[a, b]`."""

    items: tuple[Expression, ...]


class Part(Node, frozen=True, tag=True, kw_only=True):
    """`of.name`: a member of a record. A member of null is null."""

    of: Expression
    name: str


class Text(Node, frozen=True, tag=True, kw_only=True):
    """A function of text: `title.startsWith('a')`, `a + b` (concat). Null with anything is null.

    The tests (startsWith, endsWith, contains) are two-valued: false against null.
    """

    function: TextFunction
    arguments: tuple[Expression, ...]


class Convert(Node, frozen=True, tag=True, kw_only=True):
    """`string(3)`, `double(n)`, `date(now)`: a value as another type. Null stays null."""

    to: Conversion
    of: Expression


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
    | Within
    | Arithmetic
    | Conditional
    | Size
    | Rows
    | Related
    | Linked
    | Filtered
    | Quantified
    | Mapped
    | Aggregate
    | Distinct
    | Sorted
    | Flattened
    | ListOf
    | Part
    | Text
    | Convert
)

BOOLEAN = Type("boolean")
TRUE = Constant(type=BOOLEAN, value=True)
FALSE = Constant(type=BOOLEAN, value=False)
