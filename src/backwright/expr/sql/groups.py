"""What is asked of the rows of a group, as aggregates of a statement with GROUP BY."""

from __future__ import annotations

from backwright.expr.sql.many import Many, in_any_order
from backwright.expr.sql.operands import RELATION, Known, RowOf, ValueOf
from backwright.expr.sql.sources import CERTAIN, Source
from backwright.expr.sql.storage import NotCompiled
from backwright.expr.typed import (
    Aggregate,
    Distinct,
    Expression,
    Filtered,
    Mapped,
    Name,
    Not,
    Quantified,
    Size,
)


class Groups(Many):
    """Where the statement itself is grouped (`grouped` is the alias of its rows), nothing is read once more."""

    def of_group(self, node: Expression) -> bool:
        """Whether it is the rows of the group, some of them, or a value of each."""
        while isinstance(node, Filtered | Mapped):
            node = node.of
        return isinstance(node, Name) and node.root == "group"

    def grouping(self, node: Expression) -> bool:
        return self.grouped is not None and self.of_group(in_any_order(node, distinct=True))

    def size(self, node: Size, known: Known) -> str:
        if not self.grouping(node.of):
            return super().size(node, known)
        if isinstance(node.of, Distinct):
            found = self.members(node.of.of)
            if not isinstance(found.element, ValueOf) or found.element.nullable:
                raise NotCompiled("null counts among distinct values, which no aggregate does")
            return f"count(DISTINCT {found.element.text}){filtered(found)}"
        return f"count(*){filtered(self.members(in_any_order(node.of)))}"

    def quantified(self, node: Quantified, known: Known) -> tuple[str, int]:
        if not self.grouping(node.of):
            return super().quantified(node, known)
        condition = node.condition
        if node.quantifier == "all":
            condition = condition.of if isinstance(condition, Not) else Not(type=node.type, of=condition)
        asked = Filtered(type=node.of.type, of=node.of, variable=node.variable, condition=condition)
        found = self.members(asked)
        return f"count(*){filtered(found)} {'>' if node.quantifier == 'exists' else '='} 0", RELATION

    def aggregate(self, node: Aggregate, known: Known) -> str:
        if not self.grouping(node.of):
            return super().aggregate(node, known)
        of = in_any_order(node.of, distinct=node.function in ("min", "max"))
        if isinstance(of, Distinct):
            raise NotCompiled("only the least and the greatest of distinct values are aggregates")
        found = self.members(of)
        value = self.value_of(found)
        if found.conditions:
            value = f"CASE WHEN {' AND '.join(found.conditions)} THEN {value} END"
        return self.aggregated(node, of, value)

    def members(self, node: Expression) -> Source:
        """The rows of the group as those of the statement."""
        match node:
            case Filtered(of=of, variable=variable, condition=condition):
                found = self.members(of)
                outside = self.look(variable, found, of)
                found.conditions += self.conditions(condition, CERTAIN)
                self.unlook(variable, outside)
                return found
            case Mapped(of=of, variable=variable, value=value):
                found = self.members(of)
                outside = self.look(variable, found, of)
                text = self.element_value(value, CERTAIN)
                self.unlook(variable, outside)
                scale = self.inner_scale(value) if self.lite and self.holds_decimals(value) else None
                found.element = ValueOf(text, scale, self.nullable(value, CERTAIN))
                return found
            case Name(root="group"):
                return Source([], [], [], RowOf(self.grouped or ""), node.type.entity)
            case _:
                raise NotCompiled("only rows of a group are aggregated")


def filtered(found: Source) -> str:
    """Which rows are counted."""
    return f" FILTER (WHERE {' AND '.join(found.conditions)})" if found.conditions else ""
