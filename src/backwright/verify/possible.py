"""Whether a condition could hold at all, as far as its own comparisons say.

Each comparison may be true or false as it likes, but for what follows from the others: what is equal to something is
not null, a member of null is null, and a value is not two things at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from backwright.expr.printing import printed
from backwright.expr.typed import (
    And,
    Compare,
    Constant,
    Expression,
    Filtered,
    In,
    Linked,
    Member,
    Name,
    Not,
    Or,
    Quantified,
    Related,
)

MOST_ATOMS = 10
Given = Mapping[str, tuple[Expression, bool]]
"""Comparisons by their words, and whether each is true.

By their words, because the same expression has another type behind a test for null.
"""


def is_possible(condition: Expression) -> bool:
    """Whether some truth of its comparisons makes it hold; yes where they are too many to look at."""
    atoms = {printed(atom): atom for atom in _atoms(condition)}
    if len(atoms) > MOST_ATOMS:
        return True
    every = (
        {name: (atom, held) for (name, atom), held in zip(atoms.items(), given, strict=True)}
        for given in product((True, False), repeat=len(atoms))
    )
    return any(_holds(condition, given) and _agree(given) for given in every)


def _atoms(condition: Expression) -> Iterator[Expression]:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _atoms(part)
        case Not(of=of):
            yield from _atoms(of)
        case Constant():
            return
        case _:
            yield condition


def _holds(condition: Expression, given: Given) -> bool:
    match condition:
        case And(parts=parts):
            return all(_holds(part, given) for part in parts)
        case Or(parts=parts):
            return any(_holds(part, given) for part in parts)
        case Not(of=of):
            return not _holds(of, given)
        case Constant(value=value):
            return value is True
        case _:
            return given[printed(condition)][1]


def _agree(given: Given) -> bool:
    """Whether comparisons could be true and false in this way."""
    null = {printed(of) for atom, held in given.values() if (of := _null(atom, held=held)) is not None}
    there = {printed(of) for atom, held in given.values() if held for of in _there(atom, given)}
    return null.isdisjoint(there) and _one_value(given)


def _null(atom: Expression, *, held: bool) -> Expression | None:
    """What is null where a comparison with null is so."""
    match atom:
        case Compare(op="==" | "!=" as op, left=of, right=Constant(value=None)) if (op == "==") is held:
            return of
        case _:
            return None


def _there(atom: Expression, given: Given) -> Iterator[Expression]:
    """What is not null where a comparison is true."""
    match atom:
        case Compare(op="!=", left=of, right=Constant(value=None)):
            yield from _reached(of)
        case Compare(op="==", left=left, right=right):
            for one, other in ((left, right), (right, left)):
                if _is_something(other, given):
                    yield from _reached(one)
        case Compare(op="<" | "<=" | ">" | ">=", left=left, right=right):
            yield from _reached(left)
            yield from _reached(right)
        case In(item=item, options=options) if not any(_is_null(each) for each in options):
            yield from _reached(item)
        case Quantified(quantifier="exists", of=of):
            yield from _reached(_whose(of))
        case _:
            return


def _whose(rows: Expression) -> Expression:
    """The row that a list of rows is of: of null there are none."""
    match rows:
        case Filtered(of=of):
            return _whose(of)
        case Related(of=of) | Linked(of=of):
            return of
        case _:
            return rows


def _reached(of: Expression) -> Iterator[Expression]:
    """An expression, and the rows through which it is reached."""
    yield of
    while isinstance(of, Member):
        of = of.of
        yield of


def _is_something(of: Expression, given: Given) -> bool:
    """Whether an expression is surely not null."""
    match of:
        case Constant(value=value):
            return value is not None
        case Name(root="caller"):
            return any(held and _is_signed_in(atom) for atom, held in given.values())
        case _:
            return False


def _is_signed_in(atom: Expression) -> bool:
    match atom:
        case Compare(op="!=", left=Name(root="caller"), right=Constant(value=None)):
            return True
        case _:
            return False


def _is_null(of: Expression) -> bool:
    return not isinstance(of, Constant) or of.value is None


def _one_value(given: Given) -> bool:
    """Whether each value could be among all that it is said to be among, and not among the others."""
    among: dict[str, list[set[Any]]] = {}
    never: dict[str, set[Any]] = {}
    for atom, held in given.values():
        item, values = _options(atom)
        if item is None:
            continue
        if held:
            among.setdefault(printed(item), []).append(values)
        else:
            never.setdefault(printed(item), set()).update(values)
    return all(set.intersection(*sets) - never.get(item, set()) for item, sets in among.items())


def _options(atom: Expression) -> tuple[Expression | None, set[Any]]:
    """The constants that a comparison holds something against."""
    match atom:
        case Compare(op="==", left=item, right=Constant(value=str(value))):
            return item, {value}
        case In(item=item, options=options) if all(isinstance(each, Constant) for each in options):
            return item, {each.value for each in options if isinstance(each, Constant)}
        case _:
            return None, set()
