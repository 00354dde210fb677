"""Types, rules and orders in the words of the language."""

from __future__ import annotations

from typing import assert_never

from backwright.model.rules import needs_caller
from backwright.model.types import (
    FieldType,
    ListType,
    ManyType,
    OrderTerm,
    RecordType,
    ReferenceType,
    Rule,
    ScalarType,
)


def type_text(kind: FieldType, *, nullable: bool) -> str:
    """A type in words: `string 1..200?`."""
    mark = "?" if nullable else ""
    match kind:
        case ReferenceType():
            inverse = f" (inverse {kind.inverse})" if kind.inverse else ""
            return f"ref {kind.entity}{mark}{inverse}"
        case ManyType():
            inverse = f" (inverse {kind.inverse})" if kind.inverse else ""
            return f"refs {kind.entity} ..{kind.max}{inverse}"
        case ListType():
            low = "" if kind.min is None else kind.min
            return f"list {low}..{kind.max} of {type_text(kind.element, nullable=False)}{mark}"
        case RecordType():
            members = ", ".join(
                f"{member.wire}: {type_text(member.type, nullable=member.nullable)}"
                for member in kind.members
            )
            return f"{{{members}}}{mark}"
        case ScalarType():
            return _scalar(kind, mark)
        case _:
            assert_never(kind)


def _scalar(kind: ScalarType, mark: str) -> str:
    if kind.scalar == "enum":
        return f"enum {'|'.join(kind.values)}{mark}"
    name = kind.scalar if kind.scale is None else f"{kind.scalar}({kind.scale})"
    media = f" ({', '.join(kind.media)})" if kind.media else ""
    if kind.min is None and kind.max is None:
        return f"{name}{media}{mark}"
    low = "" if kind.min is None else kind.min
    high = "" if kind.max is None else kind.max
    return f"{name} {low}..{high}{media}{mark}"


def rule_text(rule: Rule) -> str:
    """The rule's own words, and what it implies."""
    implied = needs_caller(rule.condition) and "caller != null" not in rule.source
    return f"{rule.source}  (implies caller != null)" if implied else rule.source


def order_text(terms: tuple[OrderTerm, ...]) -> str:
    """An order as it is written."""
    return ", ".join(f"{term.field} desc" if term.direction == "desc" else term.field for term in terms)
