"""The implied `caller != null` of rules."""

import pytest

from backwright.expr.check import Scope, check_source
from backwright.expr.typed import And, Compare, Expression, Or, Type
from backwright.expr.walk import mentions_caller
from backwright.model.rules import guarded, needs_caller
from backwright.spec.diagnostics import Place

FIELDS = {"owner": Type("entity", True, entity="User"), "open": Type("boolean"), "id": Type("uuid")}
SCOPE = Scope(this="Note", caller="User", lookup=lambda _, field: FIELDS.get(field))


def meaning(source: str) -> Expression:
    return check_source(source, Place("x", 1, 1), SCOPE, Type("boolean"))


def shape(expression: Expression) -> str:
    match expression:
        case Or(parts=parts):
            return " || ".join(map(shape, parts))
        case And(parts=(Compare(op="!="), rest)) if needs_caller(expression):
            return f"signed in and {'caller' if mentions_caller(rest) else 'rest'}"
        case _:
            return "caller" if mentions_caller(expression) else "anyone"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("this.owner == caller", "signed in and caller"),
        ("this.open", "anyone"),
        ("this.open || this.owner == caller", "anyone || signed in and caller"),
        ("this.owner == caller && this.open", "signed in and caller"),
        ("this.owner == caller || caller.id == this.id", "signed in and caller || signed in and caller"),
        ("!(this.owner == caller)", "signed in and caller"),
        ("caller == null", "caller"),
        ("null == caller || this.owner == caller", "caller || signed in and caller"),
        ("caller == null && this.owner == caller", "caller"),
        ("caller != null", "caller"),
    ],
)
def test_each_branch_that_mentions_the_caller_implies_one(source: str, expected: str) -> None:
    assert shape(guarded(meaning(source))) == expected


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("this.owner == caller", True),
        ("caller != null", True),
        ("this.open && caller != null", True),
        ("this.open || this.owner == caller", False),
        ("caller == null || this.owner == caller", False),
        ("this.open", False),
    ],
)
def test_a_rule_needs_a_caller_when_every_branch_does(source: str, needed: bool) -> None:
    assert needs_caller(guarded(meaning(source))) is needed


def test_guarding_twice_changes_nothing() -> None:
    once = guarded(meaning("this.open || this.owner == caller"))
    assert guarded(once) == once
