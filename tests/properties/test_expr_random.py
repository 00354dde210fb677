"""Random well-typed expressions are understood as they were meant, and damaged ones are answered, never a crash."""

from __future__ import annotations

from typing import Any

from expr_random import typed_expressions
from expr_world import SCOPE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backwright.expr.check import check_source
from backwright.expr.fold import fold, rebuilt
from backwright.expr.inline import inlined
from backwright.expr.typed import Type
from backwright.expr.walk import nodes
from backwright.spec.diagnostics import Place, SpecificationError

START = Place("backwright.yaml", 3, 10)
PLENTY = settings(deadline=None, max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))


@PLENTY
@given(typed_expressions())
def test_a_random_expression_has_the_type_that_was_wanted(made: tuple[Type, str]) -> None:
    wanted, source = made
    found = check_source(source, START, SCOPE, wanted).type
    assert (found.kind, found.entity) == (wanted.kind, wanted.entity)
    assert wanted.nullable or not found.nullable


@PLENTY
@given(typed_expressions())
def test_folding_keeps_the_type_and_has_nothing_left_to_do(made: tuple[Type, str]) -> None:
    wanted, source = made
    meant = check_source(source, START, SCOPE, wanted)
    folded = fold(meant)
    assert folded.type.kind in (meant.type.kind, "null")
    assert fold(folded) == folded
    assert rebuilt(meant, lambda node: node) == meant
    assert list(nodes(inlined(meant, meant_this(), ["v0"]))) != []


def meant_this() -> Any:
    return check_source("this", START, SCOPE)


@PLENTY
@given(typed_expressions(), st.data())
def test_a_damaged_expression_is_answered_with_places_inside_it(made: tuple[Type, str], data: Any) -> None:
    wanted, source = made
    cut = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(cut, min(len(source), cut + 8)))
    piece = data.draw(
        st.sampled_from(["", "1", "'x'", "null", ".", "this", "(", "1.5", " in ", "[", "!", "-"])
    )
    damaged = source[:cut] + piece + source[end:]
    try:
        check_source(damaged, START, SCOPE, wanted)
    except SpecificationError as error:
        assert error.diagnostics
        for each in error.diagnostics:
            assert START.column <= each.place.column <= START.column + len(damaged)
            assert each.message and each.mend
