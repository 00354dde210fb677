"""What building makes of a specification, beyond what the cases of tests/cases/specification show."""

from pathlib import Path

import msgspec
import pytest

from backwright.model import snapshot
from backwright.model.build import build, examine
from backwright.model.check import rules
from backwright.model.show import show
from backwright.model.show_operations import operation_text
from backwright.model.types import Model, Operation, Update
from backwright.project import Project
from backwright.spec import SpecDocument, read
from backwright.spec.diagnostics import SpecificationError, registered

CASES = Path(__file__).parents[2] / "cases" / "specification"
USERS = """
service: {name: reading-club, version: 1.0}
auth: {identity: User, by: email, flows: [register, login], token: {minutes: 5}}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: this == caller, update: this == caller}
    crud: {path: /users, only: [get, update]}
"""


def document(folder: Path, text: str) -> SpecDocument:
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return read(Project(folder))


def model_of(folder: Path, text: str) -> Model:
    return build(document(folder, text))


def callers(model: Model) -> dict[str, str]:
    return {operation.name: operation.caller for operation in model.operations}


def notes(access: str, fields: str = "{text: string, owner: {ref: User?}}") -> str:
    return f"{USERS}  Note:\n    fields: {fields}\n    access: {access}\n    crud: {{path: /notes}}\n"


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("public", "none optional none optional none"),
        ("this.owner == caller", "required required required required required"),
        ("this.owner == caller || this.text == 'open'", "optional optional optional optional optional"),
        ("{read: public, write: this.owner == caller}", "none required none required required"),
        ("{read: caller == null, write: public}", "optional optional optional optional optional"),
    ],
)
def test_who_has_to_sign_in_follows_from_the_rules(tmp_path: Path, access: str, expected: str) -> None:
    found = callers(model_of(tmp_path, notes(access)))
    names = ("list_notes", "create_note", "get_note", "update_note", "delete_note")
    assert " ".join(found[name] for name in names) == expected


def test_a_caller_as_value_has_to_sign_in(tmp_path: Path) -> None:
    text = notes("public", "{text: string, owner: {ref: User, set: caller}}")
    assert callers(model_of(tmp_path, text))["create_note"] == "required"


def test_the_identity_may_change_its_own_password(tmp_path: Path) -> None:
    operation: Operation = model_of(tmp_path, USERS).operation("update_user")
    update = operation.steps[1]
    assert isinstance(update, Update)
    assert update.changes == ("email", "password")


def test_passwords_are_in_no_view(tmp_path: Path) -> None:
    assert [field.wire for field in model_of(tmp_path, USERS).view("User").fields] == ["id", "email"]


def test_versions_and_packages_are_read_as_written(tmp_path: Path) -> None:
    model = model_of(tmp_path, USERS)
    assert (model.service.version, model.service.package) == ("1.0", "reading_club")
    assert model.auth is not None
    assert model.auth.token_seconds == 300


def test_missing_access_blocks_the_build_but_not_the_question(tmp_path: Path) -> None:
    written = document(tmp_path, USERS + "  Note: {fields: {text: string}}\n")
    model, found = examine(written)
    assert [problem.code for problem in found] == ["BW501"]
    assert model is not None
    assert {rule.source for rule in model.entity("Note").access.values()} == {"none"}
    with pytest.raises(SpecificationError, match="BW501"):
        build(written)


def test_a_wrong_specification_has_no_model(tmp_path: Path) -> None:
    model, found = examine(document(tmp_path, notes("this.nobody == caller")))
    assert model is None
    assert [problem.code for problem in found] == ["BW404"]


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    text = notes("this.nobody == caller", "{class: string, text: {type: string, min: 9, max: 1}}")
    with pytest.raises(SpecificationError) as raised:
        model_of(tmp_path, text)
    assert [problem.code for problem in raised.value.diagnostics] == ["BW309", "BW306", "BW404"]


def test_a_snapshot_gives_the_same_model_again(tmp_path: Path) -> None:
    model = model_of(tmp_path, notes("this.owner == caller || this.text == 'open'"))
    again = snapshot.decode(snapshot.encode(model))
    assert snapshot.encode(again) == snapshot.encode(model)
    assert snapshot.same_meaning(model, again)
    assert show(model) == show(again)


def test_moving_a_specification_changes_nothing_but_places(tmp_path: Path) -> None:
    text = notes("this.owner == caller")
    first, second = model_of(tmp_path, text), model_of(tmp_path, f"# a comment\n\n{text}")
    assert first != second
    assert snapshot.same_meaning(first, second)


def test_a_changed_rule_is_another_meaning(tmp_path: Path) -> None:
    first = model_of(tmp_path, notes("this.owner == caller"))
    assert not snapshot.same_meaning(first, model_of(tmp_path, notes("public")))


def test_a_snapshot_that_is_none_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        snapshot.decode(b"[")


def test_explain_shows_the_expansion_of_one_operation(tmp_path: Path) -> None:
    text = operation_text(model_of(tmp_path, notes("public")), "delete_note")
    assert "- find: Note as note, locked" in text
    assert "- delete: note" in text


def test_every_rule_is_documented_and_has_a_code_of_its_own() -> None:
    found = [rule.CODE for rule in rules()]
    assert len(found) >= 12
    assert len({code.code for code in found}) == len(found)
    assert all(code.why and code.example and code in registered() for code in found)


def test_every_rule_of_the_checker_has_a_case() -> None:
    shown = "".join(path.read_text(encoding="utf-8") for path in CASES.glob("*/expected.txt"))
    assert [rule.CODE.code for rule in rules() if rule.CODE.code not in shown] == []
