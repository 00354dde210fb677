"""Implication between rules: what is found holds for every row and caller, and rewriting changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any

import pytest

from backwright.expr.typed import (
    BOOLEAN,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Filtered,
    In,
    Member,
    Name,
    Not,
    Or,
    Quantified,
    Quantifier,
    Type,
)
from backwright.plan.access import effect
from backwright.plan.implication import implies
from backwright.plan.meaning import plain
from backwright.reference.evaluate import Environment, Row, holds

ROLE = Type("enum", nullable=True, values=("admin", "guest"))
NUMBER = Type("integer", nullable=True)
THIS = Name(type=Type("entity", entity="Task"), root="this")
ROLES: tuple[Any, ...] = ("admin", "guest", None)
NUMBERS: tuple[Any, ...] = (-2, -1, 0, 1, 2, 3, 4, None)
"""What is between and beside the numbers that conditions compare with."""
ROWS = [
    {"id": 1, "role": role, "a": a, "b": b, "open": is_open}
    for role, a, b, is_open in product(ROLES, NUMBERS, NUMBERS, (True, False))
]


def field(name: str, kind: Type) -> Member:
    return Member(type=kind, of=THIS, entity="Task", field=name)


def atom(random: Random) -> Expression:
    number = Constant(type=Type("integer"), value=random.choice([0, 1, 2]))
    role = Constant(type=ROLE, value=random.choice(ROLES))
    match random.randrange(5):
        case 0:
            sides = [field("role", ROLE), role]
            random.shuffle(sides)
            return Compare(type=BOOLEAN, op=random.choice(["==", "!="]), left=sides[0], right=sides[1])
        case 1:
            options = tuple(Constant(type=ROLE, value=each) for each in random.sample(ROLES[:2], 2))
            return In(type=BOOLEAN, item=field("role", ROLE), options=options[: random.randint(1, 2)])
        case 2:
            return Compare(
                type=BOOLEAN,
                op=random.choice(["<", ">", "<=", ">="]),
                left=field("a", NUMBER),
                right=field("b", NUMBER),
            )
        case 3:
            return Compare(
                type=BOOLEAN, op=random.choice(["==", "!=", "<"]), left=field("a", NUMBER), right=number
            )
        case _:
            return field("open", BOOLEAN)


def condition(random: Random, depth: int) -> Expression:
    if depth == 0 or random.random() < 0.3:
        return atom(random)
    parts = tuple(condition(random, depth - 1) for _ in range(random.randint(1, 3)))
    match random.randrange(3):
        case 0:
            return And(type=BOOLEAN, parts=parts)
        case 1:
            return Or(type=BOOLEAN, parts=parts)
        case _:
            return Not(type=BOOLEAN, of=parts[0])


def rewritten(expression: Expression, random: Random) -> Expression:
    """The same meaning in other words."""
    match expression:
        case And(parts=parts) if random.random() < 0.5:
            inner = tuple(Not(type=BOOLEAN, of=rewritten(part, random)) for part in parts)
            return Not(type=BOOLEAN, of=Or(type=BOOLEAN, parts=inner))
        case Or(parts=parts) if random.random() < 0.5:
            inner = tuple(Not(type=BOOLEAN, of=rewritten(part, random)) for part in parts)
            return Not(type=BOOLEAN, of=And(type=BOOLEAN, parts=inner))
        case And(parts=parts) | Or(parts=parts):
            shuffled = [rewritten(part, random) for part in parts]
            random.shuffle(shuffled)
            return type(expression)(type=BOOLEAN, parts=tuple(shuffled))
        case Not(of=of):
            return Not(type=BOOLEAN, of=rewritten(of, random))
        case In(item=item, options=options):
            equal = (Compare(type=BOOLEAN, op="==", left=each, right=item) for each in reversed(options))
            return Or(type=BOOLEAN, parts=tuple(equal))
        case Compare(op=">", left=left, right=right):
            return Compare(type=BOOLEAN, op="<", left=right, right=left)
        case _:
            return Not(type=BOOLEAN, of=Not(type=BOOLEAN, of=expression))


def held(expression: Expression, rows: Sequence[Row] = ROWS) -> list[bool]:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return [
        holds(expression, Environment(now=now, keys={"Task": ("id",)}, rows={}, this=row)) for row in rows
    ]


@pytest.mark.parametrize("seed", range(80))
def test_what_is_found_holds_for_every_row_and_nothing_else_does(seed: int) -> None:
    """Of comparisons everything is found: what is not has a row that shows it."""
    random = Random(seed)
    one, other = condition(random, 2), condition(random, 2)
    follows = all(later for former, later in zip(held(one), held(other), strict=True) if former)
    assert implies(plain(one), plain(other)) is follows
    wider = Or(type=BOOLEAN, parts=(other, one))
    assert implies(plain(one), plain(wider)) is not False


@pytest.mark.parametrize("seed", range(80))
def test_a_rewritten_rule_is_the_same(seed: int) -> None:
    random = Random(seed)
    written = condition(random, 2)
    again = rewritten(written, random)
    assert held(written) == held(again)
    assert effect(plain(written), plain(again)) == "same"


def test_an_ordering_is_not_the_opposite_of_the_other_one() -> None:
    less = Compare(type=BOOLEAN, op="<", left=field("a", NUMBER), right=field("b", NUMBER))
    not_less = Compare(type=BOOLEAN, op=">=", left=field("a", NUMBER), right=field("b", NUMBER))
    assert effect(plain(not_less), plain(Not(type=BOOLEAN, of=less))) == "widens", (
        "null is not less, and not more"
    )


SUBSETS: tuple[Any, ...] = (None, [], [0], [1], [2], [0, 1], [1, 2], [0, 1, 2])
LISTS = [
    {"id": 1, "a": a, "open": is_open, "list": each}
    for a, is_open, each in product((0, 1, None), (True, False), SUBSETS)
]


def of_list(random: Random, depth: int) -> Expression:
    """A condition of a row and its list, with `exists` and `all`."""
    if depth == 0:
        return random.choice([field("open", BOOLEAN), _compared(field("a", NUMBER), random)])
    parts = tuple(of_list(random, depth - 1) for _ in range(2))
    match random.randrange(5):
        case 0:
            return And(type=BOOLEAN, parts=parts)
        case 1:
            return Not(type=BOOLEAN, of=Or(type=BOOLEAN, parts=parts))
        case _:
            element = Name(type=Type("integer"), root="variable", binding="x")
            inner: Expression = _compared(element, random)
            if random.random() < 0.5:
                inner = random.choice([And, Or])(type=BOOLEAN, parts=(inner, parts[0]))
            kind = Type("list", nullable=True, element=Type("integer"))
            whole: Expression = field("list", kind)
            if random.random() < 0.3:
                asked = _compared(Name(type=Type("integer"), root="variable", binding="y"), random)
                whole = Filtered(type=kind, of=whole, variable="y", condition=asked)
            word = random.choice(QUANTIFIERS)
            return Quantified(type=BOOLEAN, quantifier=word, of=whole, variable="x", condition=inner)


QUANTIFIERS: tuple[Quantifier, ...] = ("exists", "all")


def _compared(value: Expression, random: Random) -> Expression:
    op: Comparison = random.choice(["==", "!=", "<", ">="])
    return Compare(
        type=BOOLEAN, op=op, left=value, right=Constant(type=Type("integer"), value=random.randint(0, 2))
    )


@pytest.mark.parametrize("seed", range(120))
def test_what_is_found_of_lists_holds_for_every_list(seed: int) -> None:
    random = Random(seed)
    one, other = of_list(random, 2), of_list(random, 2)
    former, later = held(one, LISTS), held(other, LISTS)
    if implies(plain(one), plain(other)):
        assert all(after for before, after in zip(former, later, strict=True) if before)
    assert implies(plain(And(type=BOOLEAN, parts=(one, other))), plain(one)) is True


def members(inner: str, outer: str = "m", free: str = "x") -> dict[str, Any]:
    """`this.members.exists(outer, outer.tasks.all(inner, inner == outer && free))`, as plain values."""

    def variable(name: str) -> dict[str, Any]:
        return {"node": "Name", "root": "variable", "binding": name}

    condition = {"node": "And", "parts": [variable(inner), variable(outer), variable(free)]}
    tasks = {"node": "Quantified", "quantifier": "all", "of": variable(outer), "variable": inner}
    rows = {"node": "Name", "root": "this", "binding": None}
    exists = {"node": "Quantified", "quantifier": "exists", "of": rows, "variable": outer}
    return {**exists, "condition": {**tasks, "condition": condition}}


def test_what_variables_are_called_says_nothing() -> None:
    assert effect(members("a"), members("b", "c")) == "same"
    assert effect(members("a"), members("a", free="a")) == "widens"
    assert effect(members("a"), members("a", free="m")) != "same"
