"""Operands: how the code around an expression calls rows, inputs and variables, and constants."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from datetime import date, datetime

import msgspec

from backwright.expr.shape import Shape, shape
from backwright.expr.typed import Constant, Expression, Input, Member, Name, Part, Type

CHOICE, OR, AND, NOT, RELATION, SUM, ATOM = range(1, 8)
Known = frozenset[Shape]


def _key(_entity: str) -> tuple[str, ...]:
    return ("id",)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """How the code around the expression calls things.

    `roots` maps this, caller, now and the names of bindings and variables to Python expressions (by default their
    own names); `rows`, `total` and `next` of a page are at `binding.rows`, `binding.total` and `binding.next` there.
    `attribute` names
    the attribute of an entity's field that holds its value or, for a reference, its key; `keys` those of an
    entity's key; `inputs` says where a member of params, body or session is; `part` names the attribute of a
    member of an object. A binding that is rows is a list of rows. `caller_known`: the caller variable is never None.
    """

    roots: Mapping[str, str] = {}
    attribute: Callable[[str, str], str]
    keys: Callable[[str], tuple[str, ...]] = _key
    inputs: Callable[[str, str], str] | None = None
    part: Callable[[str], str] = str
    caller_known: bool = False

    def root(self, name: str) -> str:
        return self.roots.get(name, name)

    def input(self, source: str, name: str) -> str:
        return f"{self.root(source)}.{name}" if self.inputs is None else self.inputs(source, name)


class NotLocal(ValueError):
    """The expression asks for other rows than the one at hand: `walk.is_local` tells beforehand."""


def literal(value: bool | int | float | str | None) -> str:
    """A constant as Python source; only types whose repr is a literal."""
    if value is None or type(value) in (bool, int, str, float):
        return repr(value)
    raise TypeError(f"not a constant of the language: {type(value).__name__}")


def constant(node: Constant) -> str:
    """A constant of any type."""
    match node.type.kind, node.value:
        case "decimal", str(text):
            return f'Decimal("{text}")'
        case "date", str(text):
            day = date.fromisoformat(text)
            return f"date({day.year}, {day.month}, {day.day})"
        case "timestamp", str(text):
            at = datetime.fromisoformat(text)
            parts = [at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond]
            while len(parts) > 3 and parts[-1] == 0:
                parts.pop()
            return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"
        case "duration", int(micros):
            return duration(micros)
        case _, value:
            return literal(value)


def duration(micros: int) -> str:
    """A length of time in the largest unit that it is whole in."""
    units = (
        ("days", 86_400_000_000),
        ("hours", 3_600_000_000),
        ("minutes", 60_000_000),
        ("seconds", 1_000_000),
    )
    for name, unit in units:
        if micros and micros % unit == 0:
            return f"timedelta({name}={micros // unit})"
    return f"timedelta(microseconds={micros})"


class Operands:
    """Prints operands. Each method answers text and how tightly it binds; `known` cannot be None here."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.variables: dict[str, str] = {}
        self.rows: set[str] = set()

    def bound(self, node: Expression, known: Known) -> tuple[str, int]:
        raise NotImplementedError

    def bare(self, node: Expression, known: Known) -> str:
        return self.bound(node, known)[0]

    def within(self, node: Expression, above: int, known: Known) -> str:
        text, strength = self.bound(node, known)
        return text if strength >= above else f"({text})"

    def nullable(self, node: Expression, known: Known) -> bool:
        if isinstance(node, Name) and node.root == "caller" and self.names.caller_known:
            return False
        return node.type.nullable and shape(node) not in known

    def is_named(self, node: Expression, known: Known) -> bool:
        """Whether its text is short and may be written twice."""
        match node:
            case Name() | Input():
                return True
            case Member(of=of) | Part(of=of):
                return self.is_named(of, known) and not self.nullable(of, known)
            case _:
                return False

    # Names -------------------------------------------------------------------------------------------

    def name(self, node: Name, known: Known) -> tuple[str, int]:
        """A row stands for its key."""
        match node:
            case Name(root="group"):
                raise NotLocal("only a database looks at the rows of a group")
            case Name(root="total" | "next" as root, binding=binding):
                whole = f"{binding}.{root}"
                return self.names.roots.get(whole, f"{self.names.root(binding or '')}.{root}"), ATOM
            case Name(binding=str(name)) if self.holds_key(node):
                return self.variables.get(name, self.names.root(name)), ATOM
            case Name(type=Type(kind="entity")):
                return self.key(node, known)
            case Name(root="binding", binding=str(name)) if (rows := f"{name}.rows") in self.names.roots:
                return self.names.roots[rows], ATOM
            case _:
                return self.row(node), ATOM

    def holds_key(self, node: Name) -> bool:
        """Whether a variable looks at an element of a list: at a key, where that is of rows."""
        return node.root == "variable" and node.binding not in self.rows

    def key(self, node: Name, known: Known) -> tuple[str, int]:
        keys = self.names.keys(node.type.entity or "")
        if len(keys) == 1:
            return self.reached(node, keys[0], known)
        row = self.row(node)
        text = f"({', '.join(f'{row}.{key}' for key in keys)})"
        return (
            (f"{text} if {row} is not None else None", CHOICE) if self.nullable(node, known) else (text, ATOM)
        )

    def row(self, node: Expression) -> str:
        """The variable that holds a row."""
        if not isinstance(node, Name):
            raise NotLocal("what is behind a reference is another row")
        if self.holds_key(node) and node.type.kind == "entity":
            raise NotLocal("an element of a list is a key, its row is another")
        if node.root == "variable" and node.binding in self.variables:
            return self.variables[node.binding]
        return self.names.root(node.binding or node.root)

    def reached(self, of: Expression, attribute: str, known: Known) -> tuple[str, int]:
        row = self.row(of)
        text = f"{row}.{attribute}"
        return (
            (f"{text} if {row} is not None else None", CHOICE) if self.nullable(of, known) else (text, ATOM)
        )

    def part(self, node: Part, known: Known) -> tuple[str, int]:
        """A member of an object."""
        attribute = self.names.part(node.name)
        of = self.within(node.of, ATOM, known)
        if not self.nullable(node.of, known):
            return f"{of}.{attribute}", ATOM
        return f"{of}.{attribute} if {of} is not None else None", CHOICE

    def null_subject(self, node: Expression, known: Known) -> str:
        """What to ask `is None` of: for a row itself the row, not its key."""
        if isinstance(node, Name) and node.type.kind == "entity":
            return self.name(node, known)[0] if self.holds_key(node) else self.row(node)
        return self.within(node, ATOM, known)

    def variable(self, wanted: str) -> str:
        """A name for the variable of a comprehension, which hides nothing."""
        taken = {*self.variables.values(), *(root.partition(".")[0] for root in self.names.roots.values())}
        taken |= {"caller", "this", "now", *self.names.roots}
        name = "one" if wanted in ("l", "O", "I") else wanted  # which nobody can tell from digits
        while name in taken or keyword.iskeyword(name) or name in BUILT_IN:
            name += "_"
        return name


BUILT_IN = frozenset(
    [
        "len",
        "any",
        "all",
        "min",
        "max",
        "sorted",
        "list",
        "dict",
        "str",
        "float",
        "date",
        "datetime",
        "timedelta",
        "Decimal",
        "UTC",
    ]
)
"""What compiled source calls by these names."""
