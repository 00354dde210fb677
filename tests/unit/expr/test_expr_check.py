"""What the checker understands, and what it says about mistakes."""

from __future__ import annotations

import msgspec
import pytest
from expr_scope import SCOPE, START, advice, found, meaning, rule

from backwright.expr.check import check_source
from backwright.expr.typed import BOOLEAN, And, Compare, Constant, Expression, Member, Name, Type
from backwright.spec.diagnostics import SpecificationError, registered

OPEN = Type("enum", values=("new", "kept"))


def test_names_and_members_carry_their_types() -> None:
    compare = rule("this.keeper == caller")
    assert isinstance(compare, Compare)
    assert compare.left.type == Type("entity", entity="Keeper")
    assert compare.right == Name(type=Type("entity", nullable=True, entity="Keeper"), root="caller")


def test_a_member_of_a_nullable_row_is_nullable() -> None:
    assert meaning("caller.name").type == Type("string", nullable=True)
    assert meaning("this.label").type == Type("string")


def test_a_condition_of_the_caller_is_compared_with_true() -> None:
    assert isinstance(rule("caller.chief"), Compare)
    assert [code for code, _ in found("this.checked")] == ["BW410"]


def test_quoted_strings_beside_an_enum_are_its_values() -> None:
    compare = rule("'new' == this.state")
    assert isinstance(compare, Compare)
    assert compare.left == Constant(type=OPEN, value="new")


def test_a_bare_enum_value_is_allowed_only_as_the_whole_value() -> None:
    assert meaning("kept", OPEN) == Constant(type=OPEN, value="kept")
    assert "quote the value: 'kept'" in advice("this.state == kept")
    assert "quote the value: 'kept'" in advice("this.state == kapt")


def test_flat_logic_stays_flat() -> None:
    both = rule("(this.open && this.weight > 1) && this.rank == null")
    assert isinstance(both, And)
    assert len(both.parts) == 3


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("this.keepr == caller", [("BW404", 15)]),
        ("keeper == caller", [("BW403", 10)]),
        ("params.opne", [("BW405", 17)]),
        ("body.x == 1", [("BW405", 15)]),
        ("this.label == 3", [("BW406", 10)]),
        ("this.keeper == this", [("BW406", 10)]),
        ("this.open < true", [("BW406", 10)]),
        ("this.state < 'new'", [("BW406", 10)]),
        ("this.due < null", [("BW406", 10)]),
        ("this.label == null", [("BW407", 10)]),
        ("null != null", [("BW407", 10)]),
        ("this.weight in [1, null]", [("BW407", 29)]),
        ("this.label", [("BW408", 10)]),
        ("this.state == 'nwe'", [("BW409", 24)]),
        ("this.state in ['new', 'x']", [("BW409", 32)]),
        ("this.label in []", [("BW406", 24)]),
        ("!this.checked", [("BW410", 11)]),
        ("size(this.weight) == 1", [("BW406", 15)]),
        ("size() == 1", [("BW406", 10)]),
        ("params == 1", [("BW406", 10)]),
        ("this.label.size == 1", [("BW404", 21)]),
        ("this.due == now", [("BW406", 10)]),
    ],
)
def test_mistakes_are_found_where_they_are(source: str, expected: list[tuple[str, int]]) -> None:
    assert found(source) == expected


def test_every_mistake_is_reported_at_once() -> None:
    assert found("this.lable == 'x' || this.rank == 'y' || that") == [
        ("BW404", 15),
        ("BW406", 31),
        ("BW403", 51),
    ]


@pytest.mark.parametrize(
    ("source", "suggestion"),
    [
        ("this.keepr == caller", "did you mean keeper?"),
        ("keeper == caller", "did you mean this.keeper?"),
        ("calller != null", "did you mean caller?"),
        ("params.opne", "did you mean open?"),
        ("this.state == 'nwe'", "did you mean new?"),
        ("this.checked", "write this.checked == true"),
    ],
)
def test_the_mend_is_concrete(source: str, suggestion: str) -> None:
    assert suggestion in advice(source)


@pytest.mark.parametrize(
    ("source", "construct"),
    [
        ("this.label.matches('x')", ".matches(…)"),
        ("this.weight > 1u", "unsigned"),
        ("this.label == b'x'", "bytes"),
        ("{'a': 1} == 2", "map"),
        ("this.label[0] == 'x'", "[ ]"),
    ],
)
def test_what_the_language_leaves_out_is_named(source: str, construct: str) -> None:
    assert [code for code, _ in found(source)] == ["BW415"]
    assert construct in advice(source)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("this.label + 'x'", "string"),
        ("this.label.lowerAscii()", "string"),
        ("this.label.startsWith('a')", "boolean"),
        ("string(this.weight)", "string"),
        ("now + duration('1h30m')", "timestamp"),
        ("timestamp('2026-01-01T00:00:00Z')", "timestamp"),
        ("date(now)", "date"),
        ("decimal(this.weight) * 1.5", "decimal"),
        ("[1, 2].sum()", "integer"),
        ("[1, 2].avg()", "decimal"),
        ("this.rank.orValue(0) + 1", "integer"),
    ],
)
def test_functions_and_operators_give_their_type(source: str, kind: str) -> None:
    assert check_source(source, START, SCOPE).type.kind == kind
    assert not check_source(source, START, SCOPE).type.nullable or source == "[1, 2].avg()"


def test_a_value_has_to_fit_its_field() -> None:
    keeper = Type("entity", entity="Keeper")
    assert found("caller", keeper) == []  # set: caller; the operation then needs a caller
    assert found("caller.name", Type("string")) == []
    assert found("now", Type("timestamp")) == []
    assert found("null", Type("date", nullable=True)) == []
    assert found("null", Type("date")) == [("BW410", 10)]
    assert found("this.rank", Type("integer")) == [("BW410", 10)]
    assert found("'x'", Type("integer")) == [("BW408", 10)]
    assert found("opened", OPEN) == [("BW409", 10)]


def test_without_authentication_there_is_no_caller() -> None:
    scope = msgspec.structs.replace(SCOPE, caller=None)
    with pytest.raises(SpecificationError) as caught:
        check_source("caller != null", START, scope, BOOLEAN)
    assert caught.value.diagnostics[0].code == "BW413"


@pytest.mark.parametrize("code", ["BW401", "BW402", "BW406", "BW411"])
def test_the_documented_example_of_a_code_triggers_it(code: str) -> None:
    examples = {each.code: each.example for each in registered()}
    source = examples[code].replace("owner", "keeper").replace("title", "label").replace("views", "weight")
    assert [found_code for found_code, _ in found(source)] == [code]


def test_typed_expressions_survive_a_snapshot() -> None:
    meant = rule("caller != null && (this.keeper == caller || this.rank in [1, 2])")
    assert msgspec.json.decode(msgspec.json.encode(meant), type=Expression) == meant
    assert isinstance(meant, And)
    assert not isinstance(meant.parts[1], Member)
