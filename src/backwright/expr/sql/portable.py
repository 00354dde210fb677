"""Compiles a narrow form of typed expressions to one text for PostgreSQL and SQLite.

It serves the emitter that knows no other form; what is compiled for a database by name is not from here.

A condition in WHERE only asks for rows where it is true, so unknown may stand for false there; below NOT, in
a comparison or as a value it may not, and the two-valued null of the language is spelled out. Parameters have
a type of their own (CAST) where PostgreSQL could not infer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal as OneOf

from backwright.expr.aliases import Aliases
from backwright.expr.fold import Shape, not_null_when, null_tested, shape
from backwright.expr.sql.storage import UNSEEN, SqlText
from backwright.expr.typed import (
    And,
    Arithmetic,
    Compare,
    Conditional,
    Constant,
    Expression,
    Filtered,
    In,
    Input,
    Member,
    Name,
    Not,
    Or,
    Quantified,
    Related,
    Size,
    Type,
)
from backwright.expr.walk import is_local, nodes

Dialect = OneOf["postgresql", "sqlite"]
Columns = Callable[[str, str], str]
Tables = Callable[[str], str]
OR, AND, NOT, RELATION, SUM, PRODUCT, ATOM = range(1, 8)
TYPES = {
    "boolean": "boolean",
    "integer": "bigint",
    "string": "text",
    "enum": "text",
    "date": "date",
    "timestamp": "timestamptz",
    "uuid": "uuid",
    "entity": "uuid",
}
_KEPT_BY_SQLITE = ("boolean", "bigint", "text")
_RANGE = "BETWEEN -9223372036854775808 AND 9223372036854775807"


COMPILED = (
    Constant, Name, Input, Member, Compare, And, Or, Not, In, Arithmetic, Conditional, Size, Related, Filtered,
    Quantified,
)  # fmt: skip
"""The nodes that a statement can hold."""


class NotCompiled(TypeError):
    """A node that no statement holds yet came here: it should have been refused before (`COMPILED`)."""

    def __init__(self, node: Expression) -> None:
        super().__init__(f"{type(node).__name__} is not compiled to SQL yet")


class NotPortable(Exception):
    """No one text can stand in a statement for both databases: why, and how the condition is mended."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


def compile(
    expression: Expression,
    columns: Columns,
    dialect: Dialect | None = None,
    *,
    value: bool = False,
    multiline: bool = False,
    key: str = "id",
    taken: Mapping[str, Expression | None] | None = None,
    tables: Tables | None = None,
    this: str | None = None,
    candidate: bool = False,
) -> SqlText:
    """SQL for an expression; `columns` names the column of an entity's field.

    Without a dialect the text is valid on both databases (the SQLite connection has to know the collation
    "C"; raises NotPortable where no such text exists). `value`: null and false must differ, as in SELECT and
    SET; otherwise it is a condition. `multiline` puts each part of a top-level AND on its own line. `taken`
    are parameter names of the same statement with what supplies them (None: reserved).

    `tables` names the table of an entity; an expression over relations needs it. There the columns of `this`
    get its entity's table in front (or `this`, if given), so that they mean one row in subqueries as well.
    `candidate`: `this` is no row of the statement but parameters named after its fields.
    """
    local = is_local(expression)
    if tables is None and not local:
        raise ValueError("an expression over relations needs the names of tables")
    qualifier = this if this is not None or local else ""
    named = tables or str
    rows = (node.type.entity for node in nodes(expression) if isinstance(node, Name))
    reserved = [*(named(entity) for entity in rows if entity is not None), qualifier or ""]
    printer = _Printer(columns, dialect, key, dict(taken or {}), named, qualifier, candidate, reserved)
    exact = value or expression.type.kind != "boolean"
    if multiline and isinstance(expression, And):
        text = printer.conjunction(expression, frozenset(), exact, "\nAND ")
    else:
        text = printer.bare(expression, frozenset(), exact)
    return SqlText(text, printer.used)


def literal(value: bool | int | float | str | None) -> str:
    """A constant as SQL. Strings are quoted; backslashes have no meaning (standard_conforming_strings)."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            # The digits alone would be numeric in PostgreSQL: there 2^63 is read before its sign.
            return f"CAST({value} AS bigint)" if value == -(2**63) else str(value)
        case str():
            if "\0" in value:
                raise ValueError("text cannot hold NUL")
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise TypeError("a double is not compiled to SQL yet")


Known = frozenset[Shape]


class _Printer:
    """Each method answers text and how tightly it binds. `known` are the shapes that cannot be null here."""

    def __init__(
        self,
        columns: Columns,
        dialect: Dialect | None,
        key: str,
        taken: dict[str, Expression | None],
        tables: Tables,
        qualifier: str | None,
        candidate: bool,
        reserved: Iterable[str],
    ) -> None:
        self.tables = tables
        self.qualifier = qualifier
        self.candidate = candidate
        self.aliases = Aliases(reserved)
        self.variables: dict[str, str] = {}
        self.columns = columns
        self.dialect = dialect
        self.key = key
        self.taken = taken
        self.used: dict[str, Expression] = {}

    def bare(self, node: Expression, known: Known, exact: bool = True) -> str:
        return self.bound(node, known, exact)[0]

    def within(self, node: Expression, above: int, known: Known, exact: bool = True) -> str:
        """The text, in parentheses where it binds less tightly than what surrounds it."""
        text, strength = self.bound(node, known, exact)
        return text if strength >= above else f"({text})"

    def bound(self, node: Expression, known: Known, exact: bool) -> tuple[str, int]:
        match node:
            case Constant(value=value):
                if self.dialect is None and isinstance(value, str) and UNSEEN.search(value):
                    words = "a text has a line break, or changes how others are shown"
                    raise NotPortable(words, "compare with text of one line")
                return literal(value), ATOM
            case Name() | Input() | Member() if self.is_parameter(node):
                return ":" + self.parameter(node), ATOM
            case Name():
                return self.column(node, node.type.entity or "", self.key), ATOM
            case Member(of=Name() as of, entity=entity, field=field):
                return self.column(of, entity, field), ATOM
            case Member():
                return self.reached(node, known), ATOM
            case Input():
                raise TypeError("every input is a parameter")
            case Quantified():
                return self.quantified(node, known)
            case Related() | Filtered():
                raise TypeError("a set of rows is no value")
            case And():
                return self.conjunction(node, known, exact, " AND "), AND
            case Or(parts=parts):
                return self.disjunction(parts, known, exact), OR
            case Not(of=of):
                return f"NOT {self.within(of, ATOM, known)}", NOT
            case Compare():
                return self.compare(node, known, exact)
            case In():
                return self.contained(node, known, exact)
            case Arithmetic():
                return self.arithmetic(node, known)
            case Conditional():
                return self.conditional(node, known, exact), ATOM
            case Size(of=of) if of.type.kind == "rows":
                return f"({self.selected('count(*)', of, known)})", ATOM
            case Size(of=of):
                return f"length({self.typed(of, None, known)})", ATOM
            case _:
                raise NotCompiled(node)

    # Rows --------------------------------------------------------------------------------------------

    def column(self, row: Name, entity: str, field: str) -> str:
        """A column of `this`, or of the row that a variable stands for."""
        column = self.columns(entity, field)
        if row.root == "variable":
            return f"{self.variables[row.binding or '']}.{column}"
        if self.qualifier is None:
            return column
        return f"{self.qualifier or self.tables(entity)}.{column}"

    def reached(self, node: Member, known: Known) -> str:
        """A field of the row behind a reference; null where there is none."""
        table = self.tables(node.entity)
        row = self.aliases.like(table)
        column, key = (self.columns(node.entity, field) for field in (node.field, self.key))
        of = self.within(node.of, SUM, known)
        return f"(SELECT {row}.{column} FROM {table} AS {row} WHERE {row}.{key} = {of})"  # noqa: S608

    def quantified(self, node: Quantified, known: Known) -> tuple[str, int]:
        """`all` says that there is none for which the condition is not true."""
        if node.quantifier == "exists":
            rows = Filtered(type=node.of.type, of=node.of, variable=node.variable, condition=node.condition)
            return f"EXISTS ({self.selected('1', rows, known)})", ATOM
        unlike = Not(type=node.type, of=node.condition)
        rows = Filtered(type=node.of.type, of=node.of, variable=node.variable, condition=unlike)
        return f"NOT EXISTS ({self.selected('1', rows, known)})", NOT

    def selected(self, what: str, rows: Expression, known: Known) -> str:
        """A SELECT over a set of rows. Chained filters are one WHERE over one row with several names."""
        filters: list[Filtered] = []
        while isinstance(rows, Filtered):
            filters.append(rows)
            rows = rows.of
        if not isinstance(rows, Related):
            raise TypeError(f"not a set of rows: {type(rows).__name__}")
        table = self.tables(rows.entity)
        of = self.within(rows.of, SUM, known)
        alias = self.aliases.named(filters[-1].variable) if filters else self.aliases.like(table)
        conditions = [f"{alias}.{self.columns(rows.entity, rows.field)} = {of}"]
        outside = dict(self.variables)
        for each in reversed(filters):
            self.variables[each.variable] = alias
            if isinstance(each.condition, And):
                conditions.append(self.conjunction(each.condition, known, False, " AND "))
            else:
                conditions.append(self.within(each.condition, NOT, known, exact=False))
        self.variables = outside
        return f"SELECT {what} FROM {table} AS {alias} WHERE {' AND '.join(conditions)}"  # noqa: S608

    # Logic -------------------------------------------------------------------------------------------

    def conjunction(self, node: And, known: Known, exact: bool, glue: str) -> str:
        texts: list[str] = []
        for index, part in enumerate(node.parts):
            if exact or not self.implied(part, node.parts):
                # Where a neighbour is not true neither is the whole, so a part may count on what it makes
                # certain. Where false and unknown differ, only on those before it: these are false then.
                others = node.parts[:index] if exact else (*node.parts[:index], *node.parts[index + 1 :])
                certain = known.union(*(not_null_when(other, holds=True) for other in others))
                texts.append(self.within(part, NOT, certain, exact))
        return glue.join(texts)

    def implied(self, part: Expression, parts: tuple[Expression, ...]) -> bool:
        """`x IS NOT NULL` says nothing beside `y = x`, which is not true for null either."""
        if not isinstance(part, Compare) or part.op != "!=":
            return False
        tested = null_tested(part)
        return tested is not None and any(
            isinstance(other, Compare)
            and other is not part
            and other.op != "!="
            and null_tested(other) is None
            and shape(tested) in (shape(other.left), shape(other.right))
            for other in parts
        )

    def disjunction(self, parts: tuple[Expression, ...], known: Known, exact: bool) -> str:
        texts: list[str] = []
        for part in parts:
            texts.append(self.within(part, AND, known, exact))
            known |= not_null_when(part, holds=False)
        return " OR ".join(texts)

    def conditional(self, node: Conditional, known: Known, exact: bool) -> str:
        then_known = known | not_null_when(node.when, holds=True)
        otherwise_known = known | not_null_when(node.when, holds=False)
        when = self.bare(node.when, known, exact=False)
        then = self.typed(node.then, node.otherwise, then_known, exact=exact)
        otherwise = self.typed(node.otherwise, node.then, otherwise_known, exact=exact)
        return f"CASE WHEN {when} THEN {then} ELSE {otherwise} END"

    # Comparison --------------------------------------------------------------------------------------

    def nullable(self, node: Expression, known: Known) -> bool:
        return node.type.nullable and shape(node) not in known

    def compare(self, node: Compare, known: Known, exact: bool) -> tuple[str, int]:
        tested = null_tested(node)
        if tested is not None:
            return self.null_test(node, tested, known), RELATION
        nullable = [self.nullable(side, known) for side in (node.left, node.right)]
        left = self.typed(node.left, node.right, known, above=SUM)
        right = self.typed(node.right, node.left, known, above=SUM)
        match node.op:
            case "==" if all(nullable) or (any(nullable) and exact):
                return f"{left} IS NOT DISTINCT FROM {right}", RELATION
            case "==":
                return f"{left} = {right}", RELATION
            case "!=" if any(nullable):
                return f"{left} IS DISTINCT FROM {right}", RELATION
            case "!=":
                return f"{left} <> {right}", RELATION
            case _:
                return self.ordering(node, f"{left} {node.op} {right}", exact and any(nullable))

    def ordering(self, node: Compare, text: str, may_be_null: bool) -> tuple[str, int]:
        if node.left.type.kind == "string" and self.dialect != "sqlite":
            text += ' COLLATE "C"'  # by code point, whatever the database's locale
        return (f"COALESCE({text}, FALSE)", ATOM) if may_be_null else (text, RELATION)

    def null_test(self, node: Compare, tested: Expression, known: Known) -> str:
        if node.op not in ("==", "!="):
            return "FALSE"
        test = "IS NULL" if node.op == "==" else "IS NOT NULL"
        if self.is_parameter(tested) and self.dialect != "sqlite":
            # SQLite may change the value in a cast to a type it does not have, but never its nullness.
            return f"{self.cast(self.bare(tested, known), tested.type)} {test}"
        return f"{self.within(tested, SUM, known)} {test}"

    def contained(self, node: In, known: Known, exact: bool) -> tuple[str, int]:
        item_nullable = self.nullable(node.item, known)
        certain = [option for option in node.options if not self.nullable(option, known)]
        if item_nullable and len(certain) < len(node.options):
            parts = (
                Compare(type=node.type, op="==", left=node.item, right=option) for option in node.options
            )
            return self.disjunction(tuple(parts), known, exact), OR
        anchor = next((option for option in node.options if not self.anchored(option)), node.options[0])
        item = self.typed(node.item, anchor, known, above=SUM)
        options = [self.typed(option, node.item, known) for option in node.options]
        text = f"{item} IN ({', '.join(options)})"
        if exact and (item_nullable or len(certain) < len(node.options)):
            return f"COALESCE({text}, FALSE)", ATOM
        return text, RELATION

    # Numbers -----------------------------------------------------------------------------------------

    def arithmetic(self, node: Arithmetic, known: Known) -> tuple[str, int]:
        strength = SUM if node.op in ("+", "-") else PRODUCT
        left = self.typed(node.left, node.right, known, above=strength, computed=True)
        right = self.typed(node.right, node.left, known, above=strength + 1, computed=True)
        if node.op in ("/", "%") and not (isinstance(node.right, Constant) and node.right.value != 0):
            right = f"NULLIF({self.typed(node.right, None, known, computed=True)}, 0)"
        text = f"{left} {node.op} {right}"
        if self.dialect == "postgresql" or node.op == "%":
            return text, strength
        return self.checked(text), ATOM

    def checked(self, text: str) -> str:
        """SQLite answers overflow with a rounded number; abs() of the least integer is an error there."""
        if self.dialect == "sqlite":
            wrong = "abs(-9223372036854775807 - 1)"
            return f"(SELECT CASE typeof(v) WHEN 'real' THEN {wrong} ELSE v END FROM (SELECT {text} AS v))"  # noqa: S608
        inner = text.replace("\n", "\n    ")
        return f"""(SELECT CASE
        WHEN v {_RANGE} THEN v
        ELSE abs(CAST(-abs(v) AS bigint))
    END FROM (SELECT {inner} AS v) AS computed)"""  # noqa: S608

    # Types of parameters -----------------------------------------------------------------------------

    def is_parameter(self, node: Expression) -> bool:
        match node:
            case Name(root="variable") | Member(of=Name(root="variable")):
                return False
            case Name(root="this") | Member(of=Name(root="this")):
                return self.candidate
            case Name() | Input() | Member(of=Name()):
                return True
            case _:
                return False

    def anchored(self, node: Expression) -> bool:
        """Whether PostgreSQL knows the exact type, so that a parameter beside it gets the right one."""
        match node:
            case Member() | Name():
                return not self.is_parameter(node)
            case Conditional(then=then, otherwise=otherwise):
                return self.anchored(then) or self.anchored(otherwise) or self.is_parameter(then)
            case Compare() | And() | Or() | Not() | In() | Arithmetic() | Quantified():
                return True
            case Related() | Filtered():
                return False
            case Constant(value=value):
                return isinstance(value, bool)
            case Size(of=of):
                return of.type.kind == "rows"
            case Input():
                return False
            case _:
                raise NotCompiled(node)

    def typed(
        self,
        node: Expression,
        beside: Expression | None,
        known: Known,
        *,
        above: int = OR,
        computed: bool = False,
        exact: bool = True,
    ) -> str:
        """An operand, with a type of its own where the operand beside it does not give it one."""
        text = self.within(node, above, known, exact)
        if beside is not None and self.anchored(beside):
            return text
        if self.is_judged(node):
            return self.like_column(text, node)
        if beside is not None and self.is_judged(beside):
            return text
        if self.is_parameter(node):
            return self.exactly(text, node.type)
        if computed and self.dialect != "sqlite" and not self.anchored(node) and not text.startswith("CAST("):
            return f"CAST({text} AS bigint)"  # PostgreSQL would compute with 32 bits
        return text

    def is_judged(self, node: Expression) -> bool:
        """Whether it is a value of a candidate that only its own column gives a type on both databases."""
        match node:
            case Name(root="this") | Member(of=Name(root="this")) if self.candidate and self.dialect is None:
                return TYPES.get(node.type.kind) not in _KEPT_BY_SQLITE
            case _:
                return False

    def like_column(self, text: str, node: Expression) -> str:
        """A candidate's value with the type of its column: nothing is read, PostgreSQL learns the type."""
        entity, field = (
            (node.entity, node.field) if isinstance(node, Member) else (node.type.entity, self.key)
        )
        table = self.tables(entity or "")
        row = self.aliases.like(table)
        column = self.columns(entity or "", field)
        return f"COALESCE((SELECT {row}.{column} FROM {table} AS {row} WHERE FALSE), {text})"  # noqa: S608

    def exactly(self, text: str, kind: Type) -> str:
        """A parameter with its type, keeping its value. SQLite needs none."""
        if self.dialect == "sqlite":
            return text
        if self.dialect is None and TYPES.get(kind.kind) not in _KEPT_BY_SQLITE:
            raise NotPortable(
                f"a {kind} ({text.removeprefix(':')}) is compared with no field of the row",
                "compare request values, the caller and now with fields of the row: this.due < now",
            )
        return self.cast(text, kind)

    def cast(self, text: str, kind: Type) -> str:
        return f"CAST({text} AS {TYPES[kind.kind]})"

    def parameter(self, node: Name | Input | Member) -> str:
        """The name of the parameter that an operand becomes; one name never stands for two things."""
        wanted = parameter_name(node, self.key)
        choices = [wanted, f"{node.source}_{wanted}"] if isinstance(node, Input) else [wanted]
        choices += [f"{wanted}_{n}" for n in range(2, 100)]
        for name in choices:
            supplier = self.taken.get(name, node)
            if supplier is not None and shape(supplier) == shape(node):
                self.taken[name] = node
                self.used.setdefault(name, node)
                return name
        raise ValueError(f"no parameter name is free for {wanted}")


def parameter_name(node: Name | Input | Member, key: str = "id") -> str:
    """`caller` → caller, `caller.email` → caller_email, `params.done` and `body.done` → done, `now` → now.

    Inputs never get a name that the caller or the clock has, even across separately compiled clauses.
    """
    match node:
        case Name(root="binding", binding=binding):
            return binding or ""
        case Name(root="this"):
            return key
        case Member(of=Name(root="this"), field=field):
            return field
        case Name(root=root):
            return root
        case Input(source=source, name=name):
            clashes = name in ("caller", "now") or name.startswith("caller_")
            return f"{source}_{name}" if clashes else name
        case Member(of=Name() as of, field=field):
            return f"{parameter_name(of)}_{field}"
        case _:
            raise ValueError("only direct fields of this, caller and bindings can be compiled")
