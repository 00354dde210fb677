"""The implied `caller != null` of rules: anonymous never passes by accident (LANGUAGE.md, semantics 2).

`this.owner == caller` alone would open rows without an owner to everyone, because null equals null. So each
top-level `||` branch that mentions `caller` gets `caller != null` in front, unless it tests for null itself.
"""

from __future__ import annotations

from backwright.expr.typed import (
    BOOLEAN,
    And,
    Compare,
    Constant,
    Expression,
    Name,
    Or,
    Type,
)
from backwright.expr.walk import callers, nodes
from backwright.model.types import Rule

NULL = Constant(type=Type("null", nullable=True), value=None)


def guarded(condition: Expression) -> Expression:
    """The condition with `caller != null` on each top-level branch that mentions the caller."""
    match condition:
        case Or(parts=parts):
            return Or(type=BOOLEAN, parts=tuple(guarded(part) for part in parts))
        case _:
            caller = next(callers(condition), None)
            if caller is None or tests_anonymous(condition) or needs_caller(condition):
                return condition
            present = Compare(type=BOOLEAN, op="!=", left=caller, right=NULL)
            return And(type=BOOLEAN, parts=(present, condition))


def needs_caller(condition: Expression) -> bool:
    """Whether no anonymous caller can pass: every `||` branch demands `caller != null`."""
    match condition:
        case Or(parts=parts):
            return all(needs_caller(part) for part in parts)
        case And(parts=parts):
            return any(needs_caller(part) for part in parts)
        case Compare(op="!=", left=left, right=right):
            return _is_caller(left, right)
        case _:
            return False


def tests_anonymous(condition: Expression) -> bool:
    """Whether `caller == null` is asked anywhere, so that the author has thought of anonymous callers."""
    return any(
        isinstance(node, Compare) and node.op == "==" and _is_caller(node.left, node.right)
        for node in nodes(condition)
    )


def _is_caller(left: Expression, right: Expression) -> bool:
    """Whether the two sides are `caller` and `null`, either way round."""
    sides = (left, right) if isinstance(right, Constant) else (right, left)
    match sides:
        case (Name(root="caller"), Constant(value=None)):
            return True
        case _:
            return False


def always(rule: Rule | None) -> bool:
    """Whether the rule lets everyone pass."""
    return rule is None or (isinstance(rule.condition, Constant) and rule.condition.value is True)


def never(rule: Rule | None) -> bool:
    """Whether the rule is `none`. One whose expression is wrong has other words, and a diagnostic."""
    return rule is not None and rule.source == "none"
