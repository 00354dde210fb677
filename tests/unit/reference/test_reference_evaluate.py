"""What expressions mean: null, numbers, text and time (semantics 6 to 9)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backwright.expr.typed import (
    BOOLEAN,
    And,
    Arithmetic,
    Compare,
    Comparison,
    Conditional,
    Constant,
    Expression,
    In,
    Input,
    Member,
    Name,
    Not,
    Operator,
    Or,
    Size,
    Type,
)
from backwright.reference.evaluate import GREATEST, LEAST, Environment, Overflow, evaluate, parameters

INTEGER, STRING = Type("integer", nullable=True), Type("string", nullable=True)
ANN = {"id": 1, "name": "ann", "boss": 2}
BOB = {"id": 2, "name": "bob", "boss": None}
ENVIRONMENT = Environment(
    now=datetime(2030, 1, 1, tzinfo=UTC),
    keys={"Person": ("id",)},
    rows={"Person": [ANN, BOB]},
    this=ANN,
    caller=None,
)
PERSON = Type("entity", nullable=True, entity="Person")
THIS, CALLER = Name(type=PERSON, root="this"), Name(type=PERSON, root="caller")


def value(of: Any) -> Constant:
    return Constant(type=STRING if isinstance(of, str) else INTEGER, value=of)


def member(of: Expression, field: str) -> Member:
    return Member(type=PERSON if field == "boss" else STRING, of=of, entity="Person", field=field)


def compared(left: Any, op: Comparison, right: Any) -> bool:
    return bool(evaluate(Compare(type=BOOLEAN, op=op, left=value(left), right=value(right)), ENVIRONMENT))


def calculated(left: int | None, op: Operator, right: int | None) -> int | None:
    expression = Arithmetic(type=INTEGER, op=op, left=value(left), right=value(right))
    result = evaluate(expression, ENVIRONMENT)
    assert result is None or isinstance(result, int)
    return result


def test_semantics_6_null_equals_null_and_nothing_else() -> None:
    assert compared(None, "==", None)
    assert not compared(None, "!=", None)
    assert not compared(None, "==", 0)
    assert compared(None, "!=", "")


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_semantics_6_an_ordering_against_null_is_false_and_its_negation_true(op: Comparison) -> None:
    ordering = Compare(type=BOOLEAN, op=op, left=value(None), right=value(1))
    assert evaluate(ordering, ENVIRONMENT) is False
    assert evaluate(Not(type=BOOLEAN, of=ordering), ENVIRONMENT) is True
    assert not compared(None, op, None)


def test_semantics_6_a_member_of_null_is_null() -> None:
    assert evaluate(member(CALLER, "name"), ENVIRONMENT) is None
    assert evaluate(member(member(member(THIS, "boss"), "boss"), "name"), ENVIRONMENT) is None


def test_a_member_of_a_reference_is_that_of_the_row_it_points_to() -> None:
    assert evaluate(member(member(THIS, "boss"), "name"), ENVIRONMENT) == "bob"


def test_rows_and_references_are_compared_by_key() -> None:
    bob = Environment(now=ENVIRONMENT.now, keys=ENVIRONMENT.keys, rows=ENVIRONMENT.rows, this=ANN, caller=BOB)
    assert evaluate(Compare(type=BOOLEAN, op="==", left=member(THIS, "boss"), right=CALLER), bob) is True
    assert evaluate(Compare(type=BOOLEAN, op="==", left=THIS, right=CALLER), bob) is False


@pytest.mark.parametrize(
    ("left", "op", "right", "result"),
    [
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (7, "/", -2, -3),
        (-7, "/", -2, 3),
        (-7, "%", 2, -1),
        (7, "%", -2, 1),
        (7, "/", 0, None),
        (7, "%", 0, None),
        (None, "+", 1, None),
        (1, "*", None, None),
        (LEAST, "%", -1, 0),
        (GREATEST, "-", 1, GREATEST - 1),
    ],
)
def test_semantics_7_integer_arithmetic(left: int, op: Operator, right: int, result: int | None) -> None:
    assert calculated(left, op, right) == result


@pytest.mark.parametrize(
    ("left", "op", "right"), [(GREATEST, "+", 1), (LEAST, "-", 1), (2**62, "*", 2), (LEAST, "/", -1)]
)
def test_semantics_7_overflow_fails(left: int, op: Operator, right: int) -> None:
    with pytest.raises(Overflow):
        calculated(left, op, right)


def test_semantics_8_text_is_measured_and_ordered_by_code_point() -> None:
    assert evaluate(Size(type=INTEGER, of=value("e\u0301😀")), ENVIRONMENT) == 3
    assert evaluate(Size(type=INTEGER, of=value(None)), ENVIRONMENT) is None
    assert compared("Z", "<", "a")
    assert compared("\uffff", "<", "😀")


def test_in_a_list_means_equal_to_one_of_it() -> None:
    def contains(item: Any, *options: Any) -> bool:
        return bool(
            evaluate(In(type=BOOLEAN, item=value(item), options=tuple(map(value, options))), ENVIRONMENT)
        )

    assert contains("a", "b", "a")
    assert not contains("a", "b", None)
    assert contains(None, "b", None)
    assert not contains(None, "b")


def test_conditions_take_null_for_false() -> None:
    null, true = value(None), Constant(type=BOOLEAN, value=True)
    assert evaluate(And(type=BOOLEAN, parts=(true, null)), ENVIRONMENT) is False
    assert evaluate(Or(type=BOOLEAN, parts=(null, true)), ENVIRONMENT) is True
    chosen = Conditional(type=STRING, when=null, then=value("then"), otherwise=value("otherwise"))
    assert evaluate(chosen, ENVIRONMENT) == "otherwise"


def test_conditions_stop_at_the_first_part_that_decides() -> None:
    overflow = Arithmetic(type=INTEGER, op="+", left=value(GREATEST), right=value(1))
    fails = Compare(type=BOOLEAN, op=">", left=overflow, right=value(0))
    assert evaluate(Or(type=BOOLEAN, parts=(Constant(type=BOOLEAN, value=True), fails)), ENVIRONMENT) is True
    assert (
        evaluate(And(type=BOOLEAN, parts=(Constant(type=BOOLEAN, value=False), fails)), ENVIRONMENT) is False
    )


def test_the_parameters_of_an_expression_are_found_at_any_depth() -> None:
    def sent(name: str) -> Input:
        return Input(type=INTEGER, source="params", name=name)

    sum_of = Arithmetic(type=INTEGER, op="+", left=sent("a"), right=sent("b"))
    other = Conditional(
        type=INTEGER, when=value(None), then=sent("c"), otherwise=Size(type=INTEGER, of=sent("d"))
    )
    in_list = In(type=BOOLEAN, item=sum_of, options=(other, Input(type=INTEGER, source="body", name="e")))
    assert parameters(Not(type=BOOLEAN, of=in_list)) == {"a", "b", "c", "d"}
