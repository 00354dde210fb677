"""Which failures an operation can answer: none that cannot happen, none left out that can."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.emit.failures import Outcome, answer_of, field_codes, outcomes
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read

SERVICE = """
service: {name: shop, version: 1.0.0}
auth: {identity: User, by: email, flows: [register, login]}
errors: {conflict: 400, gone: {body: none}}
entities:
  User:
    fields:
      email: {type: email, unique: true}
      password: password
      admin: {type: boolean, default: false, input: false}
    access: {create: public, read: this == caller, update: this == caller}
  Shelf:
    key: code
    fields: {code: string, size: {type: integer, default: 1}}
    checks: {small: {that: this.size < 10, field: size, code: too_wide}}
    access: {read: caller != null, create: caller.admin, update: caller.admin, delete: caller != null}
    crud: {path: /shelves}
  Box:
    fields:
      shelf: {ref: Shelf, on_delete: cascade}
      owner: {ref: User, set: caller}
      title: {type: slug, source: name, unique: true}
      name: string
      secret: {type: string?, write: caller.admin}
    access:
      read: this.owner == caller
      create: this.owner == caller
      update: this.owner == caller
      delete: caller.admin
    crud: {path: /boxes}
  Lid:
    fields: {box: {ref: Box}}
    access: {read: caller != null, create: caller != null}
operations:
  close:
    route: POST /boxes/{id}/lid
    idempotent: true
    limits: {rate: 5/minute}
    steps:
      - {find: Box}
      - {require: box.name != 'x', else: {error: gone, code: broken}}
      - {create: Lid, set: {box: box}}
    respond: 204
  sum: {route: GET /sum, respond: {body: {n: "Shelf.map(s, s.size).sum()"}}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "backwright.yaml").write_text(SERVICE, encoding="utf-8")
    return build(read(Project(Path(folder))))


def found(shop: Model, operation: str) -> dict[str, tuple[str, ...]]:
    always = {"internal", "unavailable", "malformed", "payload_too_large", "unsupported_media_type"}
    return {
        each.category: each.codes
        for each in outcomes(shop.operation(operation), shop)
        if each.category not in always
    }


def test_a_rule_that_the_read_rule_implies_refuses_nobody(shop: Model) -> None:
    assert "forbidden" not in found(shop, "get_box")
    assert "forbidden" in found(shop, "delete_box")  # reading is not enough


def test_a_rule_that_the_step_itself_fulfils_refuses_nobody(shop: Model) -> None:
    plain = found(shop, "create_box")
    assert plain["forbidden"] == ("forbidden",)  # only for the sake of `secret`
    assert "forbidden" not in found(shop, "close")


def test_what_the_service_makes_unlike_all_others_is_in_no_ones_way(shop: Model) -> None:
    assert "conflict" not in found(shop, "create_box")  # its slug gets a suffix
    assert "conflict" in found(shop, "create_shelf")
    assert "conflict" not in found(shop, "update_shelf")  # its key stays


def test_rows_that_refer_stop_a_deletion_even_behind_a_cascade(shop: Model) -> None:
    assert "conflict" in found(shop, "delete_box")
    assert "conflict" in found(shop, "delete_shelf")  # its boxes have lids


def test_codes_are_the_categories_or_the_authors_own(shop: Model) -> None:
    assert found(shop, "close") == {
        "unauthenticated": ("unauthenticated",),
        "not_found": ("not_found",),
        "gone": ("broken",),
        "invalid": ("idempotency_key_reused",),
        "too_many_requests": ("too_many_requests",),
    }
    (malformed,) = (each for each in outcomes(shop.operation("close"), shop) if each.category == "malformed")
    assert malformed == Outcome("malformed", ("idempotency_key_malformed",))
    assert field_codes(shop) == ("too_wide",)


def test_numbers_that_can_leave_their_range_are_told(shop: Model) -> None:
    assert found(shop, "sum") == {"unauthenticated": ("unauthenticated",), "invalid": ("invalid",)}


def test_an_answer_is_as_the_service_says(shop: Model) -> None:
    assert answer_of("conflict", None, shop.service).status == 400
    assert answer_of("gone", None, shop.service).empty
    assert answer_of("invalid", None, shop.service).status == 422
