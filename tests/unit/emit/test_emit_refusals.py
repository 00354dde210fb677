"""What emission does not know is refused, construct by construct, at its place; today's services are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from backwright.emit.emitted import EMITTED, WITHOUT_EFFECT, NotEmitted, column_type, scalar_type
from model_parts import ALWAYS, BOOLEAN, KEY, PASSWORD, TRUE, string
from models import library, todos
from msgspec import inspect

from backwright.emit.refusals import MEND, Refusals, not_emitted
from backwright.expr.typed import Aggregate, Expression, Mapped, Name, Rows, Type
from backwright.model.types import (
    Audit,
    Check,
    Deprecation,
    Entity,
    Failing,
    Field,
    Formula,
    ListType,
    ManyType,
    Model,
    Paging,
    ReferenceType,
    Require,
    ScalarType,
    Select,
    ShowRow,
    Value,
)
from backwright.spec.diagnostics import Diagnostic, Place

HERE = Place("backwright.yaml", 3, 5)
THERE = Place("spec/more.yaml", 40, 7)


# Everything that the model can say ---------------------------------------------------------------------


def structs(kind: inspect.Type, found: dict[type, inspect.StructType]) -> dict[type, inspect.StructType]:
    """Every struct that a type can hold, however deep."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields) if cls not in found:
            found[cls] = kind
            for field in fields:
                structs(field.type, found)
        case inspect.UnionType(types=types):
            for each in types:
                structs(each, found)
        case inspect.VarTupleType(item_type=item):
            structs(item, found)
        case inspect.TupleType(item_types=items):
            for each in items:
                structs(each, found)
        case inspect.DictType(value_type=value):
            structs(value, found)
        case _:
            pass
    return found


UNIVERSE = {
    cls: kind
    for cls, kind in structs(inspect.type_info(Model), {}).items()
    if cls not in (Place,) and cls.__name__ != "Assumption"
}


def sample(kind: inspect.Type, unlike: object = None) -> Any:
    """Some value of a type that is not `unlike`."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: sample(field.type) for field in fields if field.required})
        case inspect.UnionType(types=types):
            if any(isinstance(each, inspect.StructType) and each.cls is type(TRUE) for each in types):
                return TRUE  # an expression: the smallest one
            return sample(next(each for each in types if not isinstance(each, inspect.NoneType)), unlike)
        case inspect.VarTupleType(item_type=item):
            return (sample(item),)
        case inspect.TupleType(item_types=items):
            return tuple(sample(item) for item in items)
        case inspect.DictType():
            return {}
        case inspect.LiteralType(values=values):
            return next(value for value in values if value != unlike)
        case inspect.StrType():
            return "Book"  # an entity of the library, whatever the text is for
        case inspect.IntType():
            return 7
        case inspect.FloatType():
            return 7.5
        case inspect.BoolType():
            return unlike is not True
        case inspect.NoneType():
            return None
        case _:
            raise TypeError(kind)


def refused(part: msgspec.Struct) -> list[Diagnostic]:
    """What is refused in one part of a model."""
    walk = Refusals(library())
    walk.visit(part, "it", HERE)
    return walk.found


def unlisted() -> Iterator[tuple[type, str]]:
    """Every setting of an emitted construct that emission does not read."""
    for cls, kind in UNIVERSE.items():
        for field in kind.fields if cls in EMITTED else ():
            if field.name not in EMITTED[cls] and field.name not in WITHOUT_EFFECT:
                yield cls, field.name


@pytest.mark.parametrize(("construct", "name"), list(unlisted()))
def test_a_setting_that_no_emitter_reads_is_refused_where_it_is_given(construct: type, name: str) -> None:
    plain, given = without_and_with(construct, name)
    assert given != plain
    known = {each.message for each in refused(plain)}
    found = [each for each in refused(given) if each.message not in known]
    assert found, f"{construct.__name__}.{name} would be left out in silence"
    assert all(each.code == "BW803" and each.mend == MEND and each.place.line for each in found)


def without_and_with(construct: type, name: str) -> tuple[msgspec.Struct, msgspec.Struct]:
    """A construct with its defaults, and with another value for one setting.

    (The descriptions of types stay in here: they contain themselves, and a failing test would print them.)
    """
    fields = UNIVERSE[construct].fields
    setting = next(field for field in fields if field.name == name)
    if setting.required:
        raise AssertionError("a required setting of a construct that is emitted has to be emitted")
    required = {field.name: sample(field.type) for field in fields if field.required}
    return construct(**required), construct(**required, **{name: sample(setting.type, setting.default)})


@pytest.mark.parametrize("construct", [cls for cls in UNIVERSE if cls not in EMITTED])
def test_a_construct_that_no_emitter_knows_is_refused(construct: type) -> None:
    (found,) = refused(sample(UNIVERSE[construct]))
    assert found.message.startswith("it has ") and found.message.endswith("not emitted yet")
    assert found.place == HERE


def test_the_table_of_what_is_emitted_names_only_what_the_model_has() -> None:
    for construct, known in EMITTED.items():
        assert construct in UNIVERSE
        assert set(known) <= {field.name for field in UNIVERSE[construct].fields}


def test_services_that_are_emitted_have_nothing_refused(emitted: tuple[Model, Path]) -> None:
    model, _ = emitted
    assert not_emitted(model) == []


# Where and what ----------------------------------------------------------------------------------------


def with_entity(**changes: object) -> Model:
    """The todos with another `Todo`."""
    model = todos()
    user, todo = model.entities
    return msgspec.structs.replace(model, entities=(user, msgspec.structs.replace(todo, **changes)))


def with_field(field: Field) -> Model:
    return with_entity(fields=(*todos().entity("Todo").fields, field))


def with_operation(name: str, **changes: object) -> Model:
    """The todos with one operation changed."""
    model = todos()
    operations = tuple(
        msgspec.structs.replace(each, place=HERE, **changes) if each.name == name else each
        for each in model.operations
    )
    return msgspec.structs.replace(model, operations=operations)


def said(model: Model) -> list[tuple[Place, str]]:
    return [
        (each.place, each.message.removesuffix(", which is not emitted yet")) for each in not_emitted(model)
    ]


def formula(meaning: Expression, place: Place = THERE) -> Formula:
    return Formula(source="…", meaning=meaning, place=place)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ScalarType(scalar="decimal", scale=2), "Todo.extra has the type decimal"),
        (ScalarType(scalar="bytes", max=9), "Todo.extra has the type bytes"),
        (ManyType(entity="User"), "Todo.extra has the type `refs`"),
        (ListType(element=ScalarType(scalar="string")), "Todo.extra has the type `list`"),
        (ReferenceType(entity="User", on_delete="cascade"), "Todo.extra has `on_delete: cascade`"),
    ],
)
def test_a_type_is_refused_at_its_field(kind: Any, words: str) -> None:
    field = Field(name="extra", column="extra", type=kind, nullable=True, input=False, place=THERE)
    assert (THERE, words) in said(with_field(field))


def test_settings_of_an_entity_are_refused_one_by_one() -> None:
    checks = tuple(
        Check(name=name, condition=formula(TRUE), code=name, place=place)
        for name, place in (("ends", HERE), ("begins", THERE))
    )
    model = with_entity(checks=checks, soft_delete="deleted_at", after=ALWAYS, place=THERE)
    assert said(model) == [
        (THERE, "Todo has `access.check`"),
        (HERE, "Todo has `checks.ends`"),
        (THERE, "Todo has `checks.begins`"),
        (THERE, "Todo has `soft_delete: deleted_at`"),
    ]


def test_an_audited_entity_is_refused_once_and_its_companion_not_again() -> None:
    audit = Audit(into="TodoAudit", verbs=("update",))
    before = Field(name="before", column="before", type=ScalarType(scalar="json"), nullable=True)
    companion = Entity(
        name="TodoAudit",
        plural="todo_audits",
        table="todo_audit",
        key="id",
        fields=(KEY, before),
        access=todos().entity("Todo").access,
    )
    model = with_entity(audit=audit, place=HERE)
    assert said(msgspec.structs.replace(model, entities=(*model.entities, companion))) == [
        (HERE, "Todo has `audit`")
    ]


def test_a_key_of_its_own_is_refused_and_an_immutable_key_is_not() -> None:
    fields = todos().entity("Todo").fields
    key = msgspec.structs.replace(KEY, immutable=True)
    assert said(with_entity(fields=(key, *fields[1:]))) == []
    natural = msgspec.structs.replace(string("id", 1, 20), immutable=True)
    assert "Todo has a key of its own" in [
        words for _, words in said(with_entity(fields=(natural, *fields[1:])))
    ]


def test_folded_text_is_refused_and_folded_email_is_not() -> None:
    folded = {
        field.name: msgspec.structs.replace(field, folded=True) for field in todos().entity("User").fields
    }
    user = msgspec.structs.replace(todos().entity("User"), fields=(KEY, folded["email"], PASSWORD))
    assert said(msgspec.structs.replace(todos(), entities=(user, todos().entity("Todo")))) == []
    (found,) = said(
        with_field(msgspec.structs.replace(string("extra", nullable=True), folded=True, place=HERE))
    )
    assert found == (HERE, "Todo.extra has `folded: true`")


def test_a_step_is_refused_at_its_operation() -> None:
    deciding = Require(condition=formula(TRUE), otherwise=Failing(category="gone", code="gone"))
    operation = todos().operation("get_todo")
    assert said(with_operation("get_todo", steps=(*operation.steps, deciding))) == [
        (HERE, "the operation get_todo has the step `require`")
    ]


def test_known_steps_in_another_order_are_refused() -> None:
    operation = todos().operation("get_todo")
    twice = (*operation.steps, *operation.steps)
    assert said(with_operation("get_todo", steps=twice)) == [
        (HERE, "the operation get_todo has other steps than those of `crud`, `register` and `login`")
    ]


def test_settings_of_an_operation_and_its_steps_are_refused() -> None:
    operation = todos().operation("list_todos")
    (select,) = operation.steps
    assert isinstance(select, Select)
    paging = Paging(default=20, max=100, style="offset", limit_name="per_page")
    model = with_operation(
        "list_todos",
        deprecated=Deprecation(since="2026-01-01"),
        idempotent="required",
        steps=(msgspec.structs.replace(select, paging=paging, where=formula(TRUE)),),
    )
    assert [words.removeprefix("the operation list_todos has ") for _, words in said(model)] == [
        "`where`",
        "`style: offset`",
        "`limit_name: per_page`",
        "`idempotent: required`",
        "`deprecated`",
    ]


def test_an_answer_of_its_own_is_refused() -> None:
    operation = todos().operation("get_todo")
    shown = msgspec.structs.replace(operation.respond, status=202)
    assert said(with_operation("get_todo", respond=shown)) == [
        (HERE, "the operation get_todo has the status 202")
    ]
    assert isinstance(operation.respond.show, ShowRow)
    bare = msgspec.structs.replace(operation.respond, envelope=False)
    assert said(with_operation("get_todo", respond=bare)) == [
        (HERE, "the operation get_todo has an answer without an envelope")
    ]


def test_expressions_are_refused_at_their_own_place() -> None:
    rows = Rows(type=Type("rows", entity="Todo"), entity="Todo")
    listed = Mapped(
        type=Type("list", element=Type("integer")),
        of=rows,
        variable="t",
        value=Name(type=Type("integer"), root="binding", binding="t"),
    )
    total = Aggregate(type=Type("integer"), function="sum", of=listed)
    rule = msgspec.structs.replace(ALWAYS, condition=total, place=THERE)
    model = with_entity(access={**todos().entity("Todo").access, "read": rule})
    assert said(model)[0] == (THERE, "Todo has `sum` in an expression")


def test_a_value_of_an_earlier_step_is_refused() -> None:
    meaning = Name(type=BOOLEAN, root="binding", binding="owner")
    rule = msgspec.structs.replace(ALWAYS, condition=meaning, place=THERE)
    model = with_entity(access={**todos().entity("Todo").access, "create": rule})
    assert said(model)[0] == (THERE, "Todo has a value of an earlier step in an expression")


def test_a_view_with_a_shape_or_a_choice_of_fields_is_refused() -> None:
    model = todos()
    chosen = msgspec.structs.replace(model.view("Todo"), fields=model.view("Todo").fields[:2], place=HERE)
    assert said(msgspec.structs.replace(model, views=(model.view("User"), chosen))) == [
        (HERE, "the view Todo has a choice of fields")
    ]
    assert refused(Value(value=formula(TRUE)))[0].message.startswith("it has `value`")


def test_what_was_refused_never_becomes_code() -> None:
    with pytest.raises(NotEmitted):
        column_type(ManyType(entity="User"))
    with pytest.raises(NotEmitted):
        scalar_type(ReferenceType(entity="User"))
    assert column_type(ReferenceType(entity="User")) == ReferenceType(entity="User")
