"""Compiles typed expressions to Python source that a colleague could have written.

`==` and `!=` on None already have the two-valued meaning of the language; orderings and arithmetic spell null
out. Whatever `and`, `or` and `if` have already ruled out is not asked again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import msgspec

from backwright.expr.fold import Shape, not_null_when, null_tested, shape
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
)

CHOICE, OR, AND, NOT, RELATION, ATOM = range(1, 7)
FUNCTIONS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
Known = frozenset[Shape]


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """How the code around the expression calls things.

    `roots` maps this, caller, params, body, now and binding names to Python expressions (by default their own
    names). `attribute` names the attribute of an entity's field that holds its value or, for a reference, its
    key. `caller_known`: the caller variable is never None here.
    """

    roots: Mapping[str, str] = {}
    attribute: Callable[[str, str], str]
    key: str = "id"
    caller_known: bool = False

    def root(self, name: str) -> str:
        return self.roots.get(name, name)


def compile(expression: Expression, names: Names) -> str:
    """Python source of an expression. Import what `functions` lists from `backwright_runtime.arithmetic`."""
    return _Printer(names).bare(expression, frozenset())


def functions(source: str) -> tuple[str, ...]:
    """The functions of `backwright_runtime.arithmetic` that compiled source calls, sorted."""
    calls = (node.func for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Call))
    known = {*FUNCTIONS.values(), "less", "at_most"}
    return tuple(sorted({call.id for call in calls if isinstance(call, ast.Name)} & known))


def literal(value: bool | int | float | str | None) -> str:
    """A constant as Python source; only types whose repr is a literal."""
    if value is None or type(value) in (bool, int, str):
        return repr(value)
    raise TypeError(f"not a constant of the language: {type(value).__name__}")


class NotLocal(ValueError):
    """The expression asks for other rows than the one at hand: `walk.is_local` tells beforehand."""


class _Printer:
    """Each method answers text and how tightly it binds. `known` are the shapes that cannot be None here."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def bare(self, node: Expression, known: Known) -> str:
        return self.bound(node, known)[0]

    def within(self, node: Expression, above: int, known: Known) -> str:
        text, strength = self.bound(node, known)
        return text if strength >= above else f"({text})"

    def nullable(self, node: Expression, known: Known) -> bool:
        if isinstance(node, Name) and node.root == "caller" and self.names.caller_known:
            return False
        return node.type.nullable and shape(node) not in known

    def bound(self, node: Expression, known: Known) -> tuple[str, int]:
        match node:
            case Constant(value=value):
                text = literal(value)
                return text, ATOM
            case Name():
                return self.name(node, known)
            case Input(source=source, name=name):
                return f"{self.names.root(source)}.{name}", ATOM
            case Member(of=of, entity=entity, field=field):
                return self.reached(of, self.names.attribute(entity, field), known)
            case And(parts=parts):
                return self.joined(parts, known, holds=True)
            case Or(parts=parts):
                return self.joined(parts, known, holds=False)
            case Not(of=of):
                return f"not {self.within(of, ATOM, known)}", NOT
            case Compare():
                return self.compare(node, known)
            case In(item=item, options=options):
                listed = ", ".join(self.bare(option, known) for option in options)
                listed = f"{listed}," if len(options) == 1 else listed
                return f"{self.within(item, ATOM, known)} in ({listed})", RELATION
            case Arithmetic(op=op, left=left, right=right):
                return f"{FUNCTIONS[op]}({self.bare(left, known)}, {self.bare(right, known)})", ATOM
            case Conditional(when=when, then=then, otherwise=otherwise):
                first = self.within(then, OR, known | not_null_when(when, holds=True))
                last = self.within(otherwise, OR, known | not_null_when(when, holds=False))
                return f"{first} if {self.within(when, OR, known)} else {last}", CHOICE
            case Size(of=of):
                return self.size(of, known)
            case Related() | Filtered() | Quantified():
                raise NotLocal("only a database can look for rows that point to another")
            case _:
                raise NotLocal(f"{type(node).__name__} is not compiled to Python yet")

    # Names -------------------------------------------------------------------------------------------

    def name(self, node: Name, known: Known) -> tuple[str, int]:
        """A row stands for its key."""
        if node.type.kind != "entity":
            return self.names.root(node.binding or node.root), ATOM
        return self.reached(node, self.names.key, known)

    def row(self, node: Expression) -> str:
        if not isinstance(node, Name) or node.root == "variable":
            raise NotLocal("only direct fields of this, caller and bindings can be compiled")
        return self.names.root(node.binding or node.root)

    def reached(self, of: Expression, attribute: str, known: Known) -> tuple[str, int]:
        row = self.row(of)
        text = f"{row}.{attribute}"
        return (
            (f"{text} if {row} is not None else None", CHOICE) if self.nullable(of, known) else (text, ATOM)
        )

    def null_subject(self, node: Expression, known: Known) -> str:
        """What to ask `is None` of: for a row itself the row, not its key."""
        if isinstance(node, Name) and node.type.kind == "entity":
            return self.row(node)
        return self.within(node, ATOM, known)

    # Logic -------------------------------------------------------------------------------------------

    def joined(self, parts: tuple[Expression, ...], known: Known, *, holds: bool) -> tuple[str, int]:
        """`and` (holds) or `or`: each part may count on how the parts before it came out."""
        found: list[tuple[str, int]] = []
        for part in parts:
            if not self.settled(part, known, holds):
                found.append(self.bound(part, known))
            known |= not_null_when(part, holds=holds)
        if len(found) < 2:
            return found[0] if found else (literal(holds), ATOM)
        glue, least, strength = (" and ", AND, AND) if holds else (" or ", OR, OR)
        texts = (text if binds >= least else f"({text})" for text, binds in found)
        return glue.join(texts), strength

    def settled(self, part: Expression, known: Known, holds: bool) -> bool:
        """Guards that cannot fail here (`caller != null` for a known caller) are left out."""
        if not isinstance(part, Compare) or part.op != ("!=" if holds else "=="):
            return False
        tested = null_tested(part)
        return tested is not None and not self.nullable(tested, known)

    # Comparison --------------------------------------------------------------------------------------

    def compare(self, node: Compare, known: Known) -> tuple[str, int]:
        tested = null_tested(node)
        if tested is not None:
            return self.null_test(node, tested, known)
        if node.op in ("==", "!="):
            return self.equality(node, known)
        return self.ordering(node, known)

    def null_test(self, node: Compare, tested: Expression, known: Known) -> tuple[str, int]:
        if node.op not in ("==", "!="):
            return "False", ATOM
        if not self.nullable(tested, known) and tested.type.kind != "null":
            return literal(node.op == "!="), ATOM
        test = "is None" if node.op == "==" else "is not None"
        return f"{self.null_subject(tested, known)} {test}", RELATION

    def equality(self, node: Compare, known: Known) -> tuple[str, int]:
        for side, constant in ((node.left, node.right), (node.right, node.left)):
            if isinstance(constant, Constant) and isinstance(constant.value, bool):
                return self.truth(side, constant.value == (node.op == "=="), node, known, constant.value)
        left, right = (self.within(side, ATOM, known) for side in (node.left, node.right))
        return f"{left} {node.op} {right}", RELATION

    def truth(
        self, side: Expression, positive: bool, node: Compare, known: Known, value: bool
    ) -> tuple[str, int]:
        """Comparison with true or false, as Python says it."""
        if not self.nullable(side, known):
            if positive:
                return self.bound(side, known)
            return f"not {self.within(side, ATOM, known)}", NOT
        test = "is" if node.op == "==" else "is not"
        return f"{self.within(side, ATOM, known)} {test} {value}", RELATION

    def ordering(self, node: Compare, known: Known) -> tuple[str, int]:
        sides = (node.left, node.right)
        missing = [side for side in sides if self.nullable(side, known)]
        if any(not isinstance(side, Input | Member | Name) for side in missing):
            return self.ordering_call(node, known), ATOM
        guards = list(dict.fromkeys(guard for side in missing for guard in self.guards(side, known)))
        inside = known.union(shape(side) for side in missing).union(
            shape(side.of) for side in missing if isinstance(side, Member)
        )
        left, right = (self.within(side, ATOM, inside) for side in sides)
        text = f"{left} {node.op} {right}"
        return (" and ".join([*guards, text]), AND) if guards else (text, RELATION)

    def guards(self, side: Expression, known: Known) -> list[str]:
        """`is not None` for a row that may be missing, then for its field."""
        if not isinstance(side, Member) or not self.nullable(side.of, known):
            return [f"{self.null_subject(side, known)} is not None"]
        inside = known | {shape(side.of)}
        return [f"{self.row(side.of)} is not None", f"{self.within(side, ATOM, inside)} is not None"]

    def ordering_call(self, node: Compare, known: Known) -> str:
        """A computed operand is written once, so the text stays as long as the expression."""
        left, right = self.bare(node.left, known), self.bare(node.right, known)
        if node.op in (">", ">="):
            left, right = right, left
        return f"{'less' if node.op in ('<', '>') else 'at_most'}({left}, {right})"

    def size(self, of: Expression, known: Known) -> tuple[str, int]:
        if not self.nullable(of, known):
            return f"len({self.bare(of, known)})", ATOM
        text = self.within(of, ATOM, known)
        return f"None if {text} is None else len({text})", CHOICE
