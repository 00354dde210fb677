"""The reference gives every well-typed expression a value of its type, or says that it overflows; never anything else.

Folding, renaming and inlining keep the value. `BACKWRIGHT_EXAMPLES` asks for more than the few of an ordinary run.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from expr_random import typed_expressions
from expr_world import SCOPE, World, environment, random_world
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from backwright.expr.check import check_source
from backwright.expr.fold import fold
from backwright.expr.given import given as known_where_it_is
from backwright.expr.typed import Expression, Type
from backwright.reference.evaluate import Overflow, evaluate
from backwright.spec.diagnostics import Place, SpecificationError

START = Place("backwright.yaml", 3, 10)
MANY = settings(
    deadline=None,
    derandomize="BACKWRIGHT_EXAMPLES" not in os.environ,
    max_examples=int(os.environ.get("BACKWRIGHT_EXAMPLES", "150")),
    suppress_health_check=list(HealthCheck),
)
PYTHON: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "decimal": Decimal,
    "double": float,
    "string": str,
    "date": date,
    "timestamp": datetime,
    "uuid": UUID,
    "enum": str,
    "entity": (UUID, int, str),
}
OVERFLOWS = object()


def meaning(source: str, wanted: Type) -> Expression:
    """What a random expression means. That well-typed ones are understood is `test_expr_random`'s to say."""
    try:
        return check_source(source, START, SCOPE, wanted)
    except SpecificationError:
        reject()


def value(expression: Expression, world: World) -> Any:
    try:
        return evaluate(expression, environment(world))
    except Overflow:
        return OVERFLOWS


def fits(found: Any, kind: Type) -> bool:
    if found is None:
        return kind.nullable or kind.kind == "null"
    if kind.kind == "rows":
        return isinstance(found, list)
    if kind.kind == "list":
        return isinstance(found, list) and all(fits(each, kind.element or Type("null")) for each in found)
    if isinstance(found, bool) and kind.kind != "boolean":
        return False
    if kind.kind == "decimal" and isinstance(found, Decimal):
        return found.is_finite() and abs(found) < 10**18
    return isinstance(found, PYTHON[kind.kind])


@MANY
@given(typed_expressions(), st.data())
def test_a_value_has_the_type_that_was_promised(made: tuple[Type, str], data: Any) -> None:
    wanted, source = made
    world = random_world(data.draw)
    meant = meaning(source, wanted)
    found = value(meant, world)
    # `set: caller` may fill a required field: such an operation is only reached by somebody.
    anonymous = world.caller is None and found is None
    assert found is OVERFLOWS or anonymous or fits(found, meant.type), (source, found)


@MANY
@given(typed_expressions(), st.data())
def test_folding_keeps_the_value(made: tuple[Type, str], data: Any) -> None:
    wanted, source = made
    world = random_world(data.draw)
    meant = meaning(source, wanted)
    assert same(value(fold(meant), world), value(meant, world)), source
    assert same(value(known_where_it_is(fold(meant)), world), value(meant, world)), source


def same(folded: Any, meant: Any) -> bool:
    """Folding may leave out a part that would have overflowed, as `&&` and `||` may; it never adds one."""
    return meant is OVERFLOWS or folded == meant
