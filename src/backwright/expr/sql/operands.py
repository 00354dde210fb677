"""Operands: columns, parameters and constants, with the types that PostgreSQL cannot infer by itself.

On SQLite a decimal is the whole number of units of its scale. Where two branches of an expression have
different scales its value is text instead; `scale` answers None then.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backwright.expr.aliases import Aliases
from backwright.expr.shape import Shape, shape
from backwright.expr.sql.storage import (
    UNSEEN,
    Dialect,
    NotCompiled,
    Storage,
    key_type,
    literal,
    quoted,
    scaled,
    type_name,
)
from backwright.expr.typed import (
    Aggregate,
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
    Size,
    Sorted,
    Type,
    Within,
)
from backwright.expr.typed import And as AndNode
from backwright.expr.walk import ITEM, nodes

OR, AND, NOT, RELATION, SUM, PRODUCT, ATOM = range(1, 8)
Known = frozenset[Shape]
CAST = ("date", "timestamp", "uuid", "double", "decimal")
NAMED_BY_JSON = frozenset(["key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root"])
"""Columns of SQLite's json_each, which hide those of the row around it."""


class RowOf(msgspec.Struct, frozen=True):
    """What a variable looks at: a row of the statement."""

    alias: str


class ValueOf(msgspec.Struct, frozen=True):
    """What a variable looks at: an element of a list. `scale` is that of a decimal on SQLite."""

    text: str
    scale: int | None = None
    nullable: bool = True


class Operands:
    """Prints operands. Each method answers text and how tightly it binds; `known` cannot be null here."""

    def __init__(
        self,
        storage: Storage,
        dialect: Dialect,
        *,
        taken: Mapping[str, Expression | None],
        qualifier: str | None,
        candidate: bool,
        variables: Mapping[str, str],
        group: str | None,
        grouped: str | None,
        reserved: list[str],
    ) -> None:
        self.storage = storage
        self.dialect = dialect
        self.taken = dict(taken)
        self.qualifier = qualifier
        self.candidate = candidate
        self.group = group
        self.grouped = grouped
        self.variables: dict[str, RowOf | ValueOf] = {name: RowOf(to) for name, to in variables.items()}
        self.scales: dict[str, int | None] = {}
        self.mapped: set[str] = set()
        self.aliases = Aliases(reserved)
        self.used: dict[str, Expression] = {}
        self.sealed: dict[str, tuple[str, str]] = {}
        self.opens: tuple[str, str] | None = None

    @property
    def lite(self) -> bool:
        return self.dialect == "sqlite"

    def bound(self, node: Expression, known: Known, exact: bool) -> tuple[str, int]:
        raise NotImplementedError

    def bare(self, node: Expression, known: Known, exact: bool = True) -> str:
        return self.bound(node, known, exact)[0]

    def within(self, node: Expression, above: int, known: Known, exact: bool = True) -> str:
        """The text, in parentheses where it binds less tightly than what surrounds it."""
        text, strength = self.bound(node, known, exact)
        return text if strength >= above else f"({text})"

    # Null --------------------------------------------------------------------------------------------

    def nullable(self, node: Expression, known: Known) -> bool:
        """Whether it may be null here. What is behind a key that may be nobody's is, whatever its type says."""
        if shape(node) in known:
            return False
        return node.type.nullable or any(map(self.may_be_gone, nodes(node)))

    def may_be_gone(self, node: Expression) -> bool:
        """A stored reference has its row, deleted softly or not at all; a given key need not."""
        if not isinstance(node, Member) or self.is_row(node.of):
            return False
        return not isinstance(node.of, Member) or self.is_parameter(node.of)

    # Rows --------------------------------------------------------------------------------------------

    def is_row(self, node: Expression) -> bool:
        """Whether its fields are at hand, as columns or parameters."""
        match node:
            case Name(root="variable", binding=str(name)):
                looked_at = self.variables.get(name)
                return name != ITEM if looked_at is None else not isinstance(looked_at, ValueOf)
            case Name():
                return True
            case _:
                return False

    def qualified(self, row: Name, entity: str, field: str) -> str:
        """A column of `this`, or of the row that a variable stands for."""
        self.refuse_encrypted(entity, field)
        column = self.storage.column(entity, field)
        if row.root == "variable":
            found = self.variables[row.binding or ""]
            return f"{found.alias}.{column}" if isinstance(found, RowOf) else found.text
        if self.qualifier is None and column.strip('"') not in NAMED_BY_JSON:
            return column
        return f"{self.qualifier or self.storage.table(entity)}.{column}"

    def refuse_encrypted(self, entity: str, field: str) -> None:
        if self.opens != (entity, field) and self.storage.encrypted(entity, field):
            raise NotCompiled(f"{entity}.{field} is encrypted: it is compared with given values only")

    def row(self, node: Name) -> str:
        """A row as a value: its key, or all columns of it."""
        entity = node.type.entity or ""
        found = self.variables.get(node.binding or "") if node.root == "variable" else None
        if isinstance(found, ValueOf):
            return found.text
        keys = self.storage.keys(entity)
        if self.is_parameter(node):
            if len(keys) == 1:
                return ":" + self.parameter(node)
            members = (self.field_of(node, entity, key) for key in keys)
            return f"({', '.join(':' + self.parameter(member) for member in members)})"
        columns = [self.bare_column(node, entity, key) for key in keys]
        return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"

    def bare_column(self, row: Name, entity: str, field: str) -> str:
        return self.qualified(row, entity, field)

    def field_of(self, row: Expression, entity: str, field: str) -> Member:
        kind = msgspec.structs.replace(self.storage.kind(entity, field), nullable=row.type.nullable)
        return Member(type=kind, of=row, entity=entity, field=field)

    def is_composite(self, node: Expression) -> bool:
        return node.type.kind == "entity" and len(self.storage.keys(node.type.entity or "")) > 1

    def reached(self, node: Member, known: Known) -> str:
        """A field of the row behind a reference; null where there is none."""
        self.refuse_encrypted(node.entity, node.field)
        table = self.storage.table(node.entity)
        row = self.aliases.like(table)
        source = self.storage.source(node.entity)
        key, *more = self.storage.keys(node.entity)
        if more:
            raise NotCompiled(f"a reference to {node.entity} would be more than one value")
        column, key = (self.storage.column(node.entity, field) for field in (node.field, key))
        of = self.within(node.of, SUM, known)
        there = "".join(f" AND {each}" for each in self.there(node.entity, row))
        return f"(SELECT {row}.{column} FROM {source} AS {row} WHERE {row}.{key} = {of}{there})"  # noqa: S608

    def there(self, entity: str, alias: str) -> list[str]:
        """The condition that a row was not deleted."""
        deleted = self.storage.deleted(entity)
        return [] if deleted is None else [f"{alias}.{deleted} IS NULL"]

    # Parameters --------------------------------------------------------------------------------------

    def is_parameter(self, node: Expression) -> bool:
        """Whether the statement is given its value."""
        match node:
            case Name(root="variable", binding=name):
                return name not in self.variables and name not in self.mapped
            case Name(root="group"):
                return False
            case Name(root="this") | Linked(of=Name(root="this")):
                return self.candidate
            case Name() | Input():
                return True
            case Member(of=Name() as of):
                return self.is_row(of) and self.is_parameter(of)
            case Part(of=of):
                return self.is_parameter(of)
            case _:
                return False

    def parameter(self, node: Expression, sealed: tuple[str, str] | None = None) -> str:
        """The name of the parameter that an operand becomes; one name never stands for two things."""
        wanted = self.wanted(node) if sealed is None else f"sealed_{self.wanted(node)}"
        choices = [wanted, f"{node.source}_{wanted}"] if isinstance(node, Input) else [wanted]
        choices += [f"{wanted}_{n}" for n in range(2, 100)]
        for name in choices:
            supplier = self.taken.get(name, node)
            if (
                supplier is not None
                and shape(supplier) == shape(node)
                and self.sealed.get(name) in (sealed, None)
            ):
                self.taken[name] = node
                self.used.setdefault(name, node)
                if sealed is not None:
                    self.sealed[name] = sealed
                return name
        raise ValueError(f"no parameter name is free for {wanted}")

    def wanted(self, node: Expression) -> str:
        """`caller` → caller, `caller.email` → caller_email, `params.done` and `body.done` → done, `now` → now.

        Inputs never get a name that the caller or the clock has, even across separately compiled clauses.
        """
        match node:
            case Constant():
                return "constant"
            case Name(root="total" | "next" as root, binding=name):
                return f"{name}_{root}" if name else root
            case Name(root="this", type=kind):
                return self.storage.keys(kind.entity or "")[0]
            case Name(root=root, binding=name):
                return name or root
            case Member(of=Name(root="this"), field=field) | Linked(field=field):
                return field
            case Input(source=source, name=name):
                clashes = source == "session" or name in ("caller", "now") or name.startswith("caller_")
                return f"{source}_{name}" if clashes else name
            case Member(of=of, field=field):
                return f"{self.wanted(of)}_{field}"
            case Part(of=of, name=name):
                return f"{self.wanted(of)}_{name}"
            case _:
                raise NotCompiled(f"no parameter is made of {type(node).__name__}")

    def part(self, node: Part, known: Known) -> str:
        """A member of an object that a variable looks at: from its JSON."""
        of = self.within(node.of, ATOM, known)
        if self.lite:
            text = f"{of} ->> {quoted(node.name)}"
            return (
                f"({text})" if node.type.kind not in ("list", "record") else f"({of} -> {quoted(node.name)})"
            )
        if node.type.kind == "record":
            return f"({of} -> {quoted(node.name)})"
        if node.type.kind == "list":
            kind = node.type.element or Type("null")
            inner = f"{of} -> {quoted(node.name)}"
            if kind.kind == "record":
                return f"NULLIF({inner}, 'null')"
            alias = self.aliases.named("part")
            each = f"CAST({alias}.value AS {type_name(kind, self.storage)})"
            elements = f"jsonb_array_elements_text({inner}) WITH ORDINALITY AS {alias}(value, key)"
            listed = f"ARRAY(SELECT {each} FROM {elements} ORDER BY {alias}.key)"  # noqa: S608
            return f"(CASE WHEN jsonb_typeof({inner}) = 'array' THEN {listed} END)"
        return f"CAST({of} ->> {quoted(node.name)} AS {type_name(node.type, self.storage)})"

    # Constants ---------------------------------------------------------------------------------------

    def constant(self, node: Constant) -> str:
        value = node.value
        if isinstance(value, str) and node.type.kind == "decimal":
            return str(scaled(value, node.type.scale or 0)) if self.lite else value
        if isinstance(value, float) and self.lite and len(repr(value).rstrip("0")) > 15:
            return f"exact_double('{value!r}')"
        if isinstance(value, str) and UNSEEN.search(value):
            return self.broken(value)
        return literal(value)

    def broken(self, text: str) -> str:
        """A text with line breaks, or worse: its source has none, so that no layout can change it."""
        if not self.lite:
            escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r")
            return "E'" + UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + "'"
        return "(" + UNSEEN.sub(lambda found: f"' || char({ord(found[0])}) || '", quoted(text)) + ")"

    # Types -------------------------------------------------------------------------------------------

    def anchored(self, node: Expression) -> bool:
        """Whether PostgreSQL knows the exact type, so that a parameter beside it gets the right one."""
        match node:
            case Constant(value=value):
                return isinstance(value, bool)
            case Conditional(then=then, otherwise=otherwise):
                return any(self.anchored(each) or self.is_parameter(each) for each in (then, otherwise))
            case Size(of=of):
                return of.type.kind == "rows"
            case _:
                return not self.is_parameter(node)

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
        if self.lite:
            return self.within(node, above, known, exact)
        text = self.within(node, above, known, exact)
        if beside is not None and self.anchored(beside):
            return text
        if self.is_parameter(node):
            return self.cast_parameter(node, text)
        if isinstance(node, Constant) and node.type.kind in CAST:
            return f"{text}::{type_name(node.type, self.storage)}"
        if computed and node.type.kind == "integer" and not self.anchored(node):
            if isinstance(node, Constant):
                return text if text.startswith("CAST(") else f"{text}::bigint"
            return f"CAST({text} AS bigint)"  # PostgreSQL would compute with 32 bits
        return text

    def cast_parameter(self, node: Expression, text: str) -> str:
        if not text.startswith("("):
            return f"{text}::{type_name(node.type, self.storage)}"
        entity = node.type.entity or ""
        kinds = [self.key_part(entity, key) for key in self.storage.keys(entity)]
        each = zip(text[1:-1].split(", "), kinds, strict=True)
        return f"({', '.join(f'{name}::{type_name(kind, self.storage)}' for name, kind in each)})"

    def key_part(self, entity: str, field: str) -> Type:
        kind = self.storage.kind(entity, field)
        return key_type(self.storage, kind.entity or "") if kind.kind == "entity" else kind

    # Decimals on SQLite ------------------------------------------------------------------------------

    def scale(self, node: Expression) -> int | None:
        """The scale in which SQLite holds a decimal; None where it holds its text."""
        match node:
            case Conditional(then=then, otherwise=otherwise):
                branches = [each for each in (then, otherwise) if each.type.kind != "null"]
                scales = {self.scale(each) for each in branches}
                return scales.pop() if len(scales) == 1 else None
            case Aggregate(function="min" | "max", of=of):
                return self.element_scale(of)
            case Name(root="variable", binding=str(name)) if name in self.scales:
                return self.scales[name]
            case Part() if not self.is_parameter(node):
                return None
            case Convert(to="decimal"):
                return 0
            case _:
                return node.type.scale or 0

    def element_scale(self, of: Expression) -> int | None:
        """The scale of the decimals in a list."""
        match of:
            case Mapped(of=inner, variable=variable, value=value):
                self.scaled(variable, inner)
                self.mapped.add(variable)  # also when it is asked from outside, as an aggregate does
                return self.inner_scale(value)
            case ListOf(items=items):
                scales = {self.inner_scale(each) for each in items if each.type.kind != "null"}
                return scales.pop() if len(scales) == 1 else None
            case Conditional(then=then, otherwise=otherwise):
                branches = [each for each in (then, otherwise) if each.type.kind != "null"]
                scales = {self.element_scale(each) for each in branches if not is_empty(each)}
                return scales.pop() if len(scales) == 1 else None if scales else 0
            case Filtered(of=inner) | Distinct(of=inner) | Sorted(of=inner) | Flattened(of=inner):
                return self.element_scale(inner)
            case Name(root="variable", binding=str(name)) if name in self.scales:
                return self.scales[name]
            case Part() if not self.is_parameter(of):
                return None
            case _:
                return innermost(of.type).scale or 0

    def scaled(self, variable: str, of: Expression) -> None:
        """Remember the scale of the decimals that a variable looks at."""
        if innermost(of.type).kind == "decimal":
            self.scales[variable] = self.element_scale(of)

    def inner_scale(self, value: Expression) -> int | None:
        return self.element_scale(value) if value.type.kind == "list" else self.scale(value)

    def decimal_text(self, node: Expression, known: Known) -> str:
        """A decimal as its text on SQLite, digits and all."""
        if isinstance(node, Constant):
            return literal(node.value)
        text, scale = self.bare(node, known), self.scale(node)
        return text if scale is None else f"decimal_text({text}, {scale})"

    def is_value(self, node: Expression) -> bool:
        """Whether a condition is a value that may be null, not a comparison."""
        logic = Compare | AndNode | Or | Not | In | Within | Quantified
        return not isinstance(node, logic)


def innermost(kind: Type) -> Type:
    """The type of what is in a list, or in the lists of a list."""
    while kind.kind == "list" and kind.element is not None:
        kind = kind.element
    return kind


def is_empty(node: Expression) -> bool:
    return isinstance(node, ListOf) and not node.items
