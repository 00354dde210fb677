"""A plan can be made and shown of every part of the language, also of parts that are not emitted yet."""

from __future__ import annotations

import msgspec
import pytest
from model_parts import ALWAYS, TRUE
from models import todos

from backwright.model.types import (
    Audit,
    Check,
    Failing,
    Field,
    FieldType,
    Formula,
    ListType,
    ManyType,
    Model,
    ReferenceType,
    Require,
    ScalarType,
    ShowText,
    SignOut,
)
from backwright.plan import plan
from backwright.plan.fields import described, fit
from backwright.plan.show import text

TYPES: dict[str, FieldType] = {
    "decimal (2 digits)": ScalarType(scalar="decimal", scale=2),
    "double": ScalarType(scalar="double"),
    "slug ..80": ScalarType(scalar="slug", max=80),
    "json": ScalarType(scalar="json"),
    "bytes ..9": ScalarType(scalar="bytes", max=9, media=("image/png",)),
    "refs User ..50": ManyType(entity="User", max=50),
    "list of string ..5 ..20": ListType(element=ScalarType(scalar="string", max=5), max=20),
    "ref User": ReferenceType(entity="User", on_delete="cascade"),
}


def with_everything() -> Model:
    """The todos with fields, entity settings, steps and answers that are not emitted."""
    model = todos()
    user, todo = model.entities
    more = tuple(
        Field(name=f"extra_{number}", column=f"extra_{number}", type=kind, nullable=True)
        for number, kind in enumerate(TYPES.values())
    )
    truth = Formula(source="true", meaning=TRUE)
    todo = msgspec.structs.replace(
        todo,
        fields=(*todo.fields, *more),
        checks=(Check(name="fine", condition=truth, code="fine"),),
        audit=Audit(into="TodoAudit", verbs=("update",)),
        after=ALWAYS,
        soft_delete="extra_0",
    )
    first, *rest = model.operations
    steps = (
        *first.steps,
        Require(condition=truth, otherwise=Failing(category="gone", code="gone")),
        SignOut(),
    )
    shown = msgspec.structs.replace(first.respond, show=ShowText(text=truth))
    changed = msgspec.structs.replace(first, steps=steps, respond=shown, idempotent="required")
    return msgspec.structs.replace(model, entities=(user, todo), operations=(changed, *rest))


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, with_everything()), (todos(), with_everything()), (with_everything(), todos())],
    ids=["first", "added", "removed"],
)
def test_a_plan_is_made_and_shown(before: Model | None, after: Model) -> None:
    found = plan(before, after)
    assert found.changes
    assert text(found)


def test_nothing_changes_between_equal_models() -> None:
    assert plan(with_everything(), with_everything()).changes == ()


@pytest.mark.parametrize("words", TYPES)
def test_a_type_is_described_and_fits_itself_only(words: str) -> None:
    assert described(TYPES[words]) == words
    assert fit(TYPES[words], TYPES[words]) == "same"
    assert fit(TYPES[words], ScalarType(scalar="password")) == "different"


def test_a_decimal_of_another_scale_is_another_type() -> None:
    two, three = ScalarType(scalar="decimal", scale=2), ScalarType(scalar="decimal", scale=3)
    assert fit(two, three) == fit(three, two) == "converted"
    assert (described(two), described(three)) == ("decimal (2 digits)", "decimal (3 digits)")
