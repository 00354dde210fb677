"""Paths, reverse relations and computed values: what they mean, and what is said about mistakes."""

from __future__ import annotations

import pytest
from expr_scope import Stored

from backwright.expr import python, sql
from backwright.expr.check import Scope, check_source
from backwright.expr.typed import BOOLEAN, Expression, Type
from backwright.expr.walk import is_local
from backwright.model.rules import guarded, needs_caller
from backwright.spec.diagnostics import Place, SpecificationError

FIELDS = {
    ("Box", "id"): Type("uuid"),
    ("Box", "shelf"): Type("entity", entity="Shelf"),
    ("Box", "spare"): Type("entity", True, entity="Shelf"),
    ("Shelf", "id"): Type("uuid"),
    ("Shelf", "keeper"): Type("entity", entity="Keeper"),
    ("Keeper", "id"): Type("uuid"),
    ("Keeper", "name"): Type("string"),
}
COMPUTED = {
    "is_mine": "this.keeper == caller",
    "is_full": "this.boxes.exists(b, b.shelf == this) && size(this.boxes) > 9",
}


def computed(entity: str, name: str) -> Expression | None:
    source = COMPUTED.get(name) if entity == "Shelf" else None
    return None if source is None else check_source(source, Place("x", 1, 1), scope("Shelf"))


def scope(this: str) -> Scope:
    return Scope(
        this=this,
        caller="Keeper",
        params={"shelf": Type("entity", entity="Shelf")},
        lookup=lambda entity, field: FIELDS.get((entity, field)),
        related=lambda entity, name: ("Box", "shelf") if (entity, name) == ("Shelf", "boxes") else None,
        unnamed=lambda _, name: "write `inverse: …` at Box.spare" if name == "spares" else None,
        computed=computed,
    )


def rule(source: str) -> Expression:
    return check_source(source, Place("x", 1, 1), scope("Box"), BOOLEAN)


def compiled(source: str, *, candidate: bool = False) -> str:
    storage = Stored(lambda entity, field: FIELDS[entity, field])
    return sql.compile(rule(source), storage, "sqlite", candidate=candidate).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "this.shelf.keeper == caller",
            "(SELECT s.keeper_id FROM shelf AS s WHERE s.id = box.shelf_id) = :caller",
        ),
        (
            "this.shelf.boxes.exists(b, b.spare == this.spare)",
            "EXISTS (SELECT 1 FROM box AS b WHERE b.shelf_id = box.shelf_id"
            " AND b.spare_id IS NOT DISTINCT FROM box.spare_id)",
        ),
        (
            "this.shelf.boxes.all(box, box.spare != null)",
            "NOT EXISTS (SELECT 1 FROM box AS box2 WHERE box2.shelf_id = box.shelf_id"
            " AND NOT (box2.spare_id IS NOT NULL))",
        ),
        (
            "size(this.shelf.boxes.filter(user, user == this)) == 1",
            "(SELECT count(*) FROM box AS user_row WHERE user_row.shelf_id = box.shelf_id"
            " AND user_row.id = box.id) = 1",
        ),
    ],
)
def test_relations_become_subqueries(source: str, text: str) -> None:
    assert compiled(source) == text


def test_a_candidate_is_parameters() -> None:
    """What it refers to may not be there, whatever its type says."""
    assert compiled("this.shelf.keeper == caller", candidate=True) == (
        "(SELECT s.keeper_id FROM shelf AS s WHERE s.id = :shelf) IS NOT DISTINCT FROM :caller"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("this.shelf.boxes == null", "not one value"),
        ("this.shelf.exists(s, true)", "cannot go through"),
        ("this.shelf.boxes.exists(b)", "a variable and a condition"),
        ("this.shelf.boxes.exists(this, true)", "already has a meaning"),
        ("this.shelf.boxes.exists(b, b.shelf.boxes.exists(b, true))", "already has a meaning"),
        ("this.shelf.boxes.exists(b, true) && b.spare == null", "unknown name b"),
        ("this.shelf.spares.exists(b, true)", "no name spares"),
        ("this.spare.is_mine", "may be null"),
        ("this.shelf.boxes.map(b, b.spare) == null", "is always false"),
        ("sum(this.shelf.boxes) == 1", "sum takes a list"),
        (
            "this.shelf.boxes.exists(a, a.shelf.boxes.exists(b, b.shelf.boxes.exists(c, c.shelf.boxes.exists(d, "
            "d.shelf.boxes.exists(e, e.shelf.is_full)))))",
            "5 macros",
        ),
    ],
)
def test_mistakes_are_named(source: str, said: str) -> None:
    with pytest.raises(
        SpecificationError, match="(?s)" + said.replace(".", r"\.").replace("(", r"\(").replace(")", r"\)")
    ):
        rule(source)


def test_a_computed_value_keeps_its_variables_apart() -> None:
    text = compiled("this.shelf.boxes.exists(b, b.shelf.is_full)")
    assert "AS b2" in text
    assert "b2.shelf_id = b.shelf_id" in text


def test_the_guard_applies_to_the_expanded_rule() -> None:
    assert needs_caller(guarded(rule("this.shelf.is_mine")))
    assert not needs_caller(guarded(rule("this.shelf.is_full")))


def test_python_refuses_what_is_not_local() -> None:
    for source in ("this.shelf.keeper == caller", "this.shelf.boxes.exists(b, true)"):
        assert not is_local(rule(source))
        with pytest.raises(python.NotLocal):
            python.compile(rule(source), python.Names(attribute=lambda _, field: field))
