"""Conditions: logic and comparison."""

from __future__ import annotations

from backwright.expr.fold import not_null_when, null_tested, rebuilt, simplified
from backwright.expr.python.operands import AND, ATOM, NOT, OR, RELATION, SUM, Known, Operands, literal
from backwright.expr.shape import Shape, shape
from backwright.expr.typed import FALSE, TRUE, Compare, Constant, Expression, Input, Member, Name

_NARROWED = ("name", "input", "member", "part")
"""What a type checker knows not to be null once it was asked: names and members, not what is computed."""


def narrowed(condition: Expression, *, holds: bool) -> frozenset[Shape]:
    """What Python may take to be there once the condition has come out as `holds`."""
    certain = not_null_when(condition, holds=holds)
    return frozenset(each for each in certain if each[0] in _NARROWED)


class Logic(Operands):
    """Prints conditions."""

    # Logic -------------------------------------------------------------------------------------------

    def joined(self, parts: tuple[Expression, ...], known: Known, *, holds: bool) -> tuple[str, int]:
        """`and` (holds) or `or`: each part may count on how the parts before it came out."""
        found: list[tuple[str, int]] = []
        for part in parts:
            left = self.settled(part, known)
            if left == (FALSE if holds else TRUE):
                return literal(not holds), ATOM
            if left != (TRUE if holds else FALSE):
                found.append(self.certain(left, known))
            known |= narrowed(part, holds=holds)
        if len(found) < 2:
            return found[0] if found else (literal(holds), ATOM)
        glue, least, strength = (" and ", AND, AND) if holds else (" or ", OR, OR)
        texts = (text if binds >= least else f"({text})" for text, binds in found)
        return glue.join(texts), strength

    def certain(self, part: Expression, known: Known) -> tuple[str, int]:
        """A part as true or false: what may be null is not true then, and `and` would give null itself."""
        if not self.nullable(part, known):
            return self.bound(part, known)
        return f"{self.within(part, ATOM, known)} is True", RELATION

    def settled(self, node: Expression, known: Known) -> Expression:
        """The expression without the guards that cannot fail here: `caller != null` for a known caller."""

        def decided(part: Expression) -> Expression:
            match part:
                case Compare(op="==" | "!=" as op) if (tested := null_tested(part)) is not None:
                    certain = tested.type.kind != "null" and not self.nullable(tested, known)
                    return (TRUE if op == "!=" else FALSE) if certain else part
                case _:
                    return simplified(part)

        return rebuilt(node, decided)

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
        left, right = (self.within(side, SUM, known) for side in (node.left, node.right))
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
        left, right = (self.within(side, SUM, inside) for side in sides)
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
