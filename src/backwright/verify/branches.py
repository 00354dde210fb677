"""The sides of a rule: each way in which it holds alone, and each way in which it only just does not.

`this.org.members.exists(m, m.user == caller && m.role == 'admin')` does not hold for a stranger, and whoever forgets
half of it still refuses strangers. So the sides that matter are the near ones: a member who is no admin, and an admin
who is somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backwright.emit.testing.alternatives import alternatives
from backwright.expr.printing import printed
from backwright.expr.typed import (
    BOOLEAN,
    And,
    Compare,
    Conditional,
    Constant,
    Expression,
    Name,
    Not,
    Or,
    Quantified,
)
from backwright.model.types import Rule
from backwright.verify.possible import is_possible

MOST = 10
"""How many ways of not holding are looked at for one rule."""
LONGEST = 200


class Side(msgspec.Struct, frozen=True):
    """A condition that implies that the rule holds, or that it does not; and what to call it."""

    words: str
    condition: Expression
    holds: bool


def sides(condition: Expression) -> tuple[Side, ...]:
    """The sides of a condition: first those on which it holds."""
    condition = plain(condition)
    if isinstance(condition, Constant):
        return (Side(printed(condition), condition, bool(condition.value)),)
    holding = [Side(words(each), each, holds=True) for each in alternatives(condition) or [condition]]
    not_so: Expression = Not(type=BOOLEAN, of=condition)
    if is_signed_in(condition):
        return tuple(holding)  # who is not signed in is asked for in any case
    failing = [
        Side(words(each), And(type=BOOLEAN, parts=(each, not_so)), holds=False) for each in near(condition)
    ]
    none = Side(words(not_so), not_so, holds=False)
    found = (*_once(holding), *_once([*failing[:MOST], none]))
    return tuple(side for side in found if is_possible(side.condition))


def _once(found: Iterable[Side]) -> list[Side]:
    return list({side.words: side for side in found}.values())


def near(condition: Expression) -> Iterator[Expression]:
    """Conditions under which all of it holds but for one part."""
    match condition:
        case And(parts=parts):
            for at, part in enumerate(parts):
                others = (*parts[:at], *parts[at + 1 :])
                if not is_signed_in(part):
                    yield And(type=BOOLEAN, parts=(*others, Not(type=BOOLEAN, of=part)))
                for inner in near(part):
                    yield And(type=BOOLEAN, parts=(*others, inner))
        case Or(parts=parts):
            for part in parts:
                yield from near(part)
        case Quantified(quantifier="exists", condition=inside):
            for inner in near(inside):
                yield msgspec.structs.replace(condition, condition=inner)
            if isinstance(inside, And) and len(inside.parts) > 1:
                yield from _of_different_rows(condition, inside.parts)
            else:  # there is one, but another: whoever forgets to look lets it count
                yield msgspec.structs.replace(condition, condition=Not(type=BOOLEAN, of=inside))
        case _:
            return


def _of_different_rows(condition: Quantified, parts: tuple[Expression, ...]) -> Iterator[Expression]:
    """All the parts hold, but one of another row than the rest."""

    def there_is(*wanted: Expression) -> Expression:
        return msgspec.structs.replace(condition, condition=And(type=BOOLEAN, parts=wanted))

    for at, part in enumerate(parts):
        rest = (*parts[:at], *parts[at + 1 :])
        lacking = Not(type=BOOLEAN, of=rest[0] if len(rest) == 1 else And(type=BOOLEAN, parts=rest))
        apart = (there_is(*rest, Not(type=BOOLEAN, of=part)), there_is(part, lacking))
        if not is_signed_in(part):
            yield And(type=BOOLEAN, parts=apart)
        if len(parts) == 2:
            return


def is_signed_in(condition: Expression) -> bool:
    """Whether it only asks for a caller: where there is none, the answer is 401 whatever the row."""
    match condition:
        case Compare(op="!=", left=Name(root="caller"), right=Constant(value=None)):
            return True
        case _:
            return False


def plain(condition: Expression) -> Expression:
    """The same condition without what makes it two-valued: `(c != null ? x : null) == true` is `c != null && x`."""
    match condition:
        case (
            Compare(op="==", left=of, right=Constant(value=True))
            | Compare(op="==", left=Constant(value=True), right=of)
        ):
            return plain(of)
        case Conditional(when=when, then=then, otherwise=Constant(value=None)) if then.type.kind == "boolean":
            return And(type=BOOLEAN, parts=(plain(when), plain(then)))
        case And(parts=parts) | Or(parts=parts):
            kind = type(condition)
            found: list[Expression] = []
            for part in map(plain, parts):
                found += part.parts if isinstance(part, kind) else (part,)
            return kind(type=BOOLEAN, parts=tuple(dict.fromkeys(found)))
        case Not(of=Not(of=of)):
            return plain(of)
        case Not(of=of) if not of.type.nullable:
            return msgspec.structs.replace(condition, of=plain(of))
        case Quantified(condition=inside):
            return msgspec.structs.replace(condition, condition=plain(inside))
        case _:
            return condition


def words(condition: Expression) -> str:
    """What a condition is called: without the `caller != null` that every rule implies."""
    text = printed(_unsaid(plain(condition)))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _unsaid(condition: Expression) -> Expression:
    match condition:
        case And(parts=parts):
            said = tuple(_unsaid(part) for part in parts if not is_signed_in(part))
            return condition if not said else said[0] if len(said) == 1 else And(type=BOOLEAN, parts=said)
        case Or(parts=parts):
            return Or(type=BOOLEAN, parts=tuple(map(_unsaid, parts)))
        case Not(of=of):
            return Not(type=BOOLEAN, of=_unsaid(of))
        case Quantified(condition=inside):
            return msgspec.structs.replace(condition, condition=_unsaid(inside))
        case _:
            return condition


# Weaker ---------------------------------------------------------------------------------------------


def weakened(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one thing less to it: a part dropped, or a branch that always holds. Each with what is lost."""
    if isinstance(rule.condition, Constant) or is_signed_in(rule.condition):
        return
    seen: set[Expression] = {rule.condition}
    for lost, condition in _weaker(rule.condition):
        if condition not in seen:
            seen.add(condition)
            yield lost, msgspec.structs.replace(rule, condition=condition)


def _weaker(condition: Expression) -> Iterator[tuple[str, Expression]]:
    always = Constant(type=BOOLEAN, value=True)
    match condition:
        case And(parts=parts):
            for at, part in enumerate(parts):
                rest = (*parts[:at], *parts[at + 1 :])
                if not is_signed_in(part):
                    yield words(part), rest[0] if len(rest) == 1 else And(type=BOOLEAN, parts=rest)
                    for lost, inner in _weaker(part):
                        if inner != always:
                            yield lost, And(type=BOOLEAN, parts=(*parts[:at], inner, *parts[at + 1 :]))
        case Or(parts=parts):
            for at, part in enumerate(parts):
                for lost, inner in _weaker(part):
                    if inner == always or is_signed_in(inner):  # then the other branches say nothing more
                        yield words(condition), inner
                    else:
                        yield lost, Or(type=BOOLEAN, parts=(*parts[:at], inner, *parts[at + 1 :]))
        case Quantified(quantifier="exists", condition=inside):
            yield words(condition), always
            for lost, inner in _weaker(inside):
                yield lost, msgspec.structs.replace(condition, condition=inner)
        case _:
            yield words(condition), always
