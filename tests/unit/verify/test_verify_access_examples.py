"""A changed rule is told as an example: who reaches which row now, and the request that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read
from backwright.verify.access_examples import AccessExample, access_examples

SPECIFICATION = """
service: {name: invoicing, version: 1.0.0}
auth: {identity: Account, by: email, flows: [login]}
entities:
  Account:
    fields:
      email: {type: email, unique: true}
      password: password
      role: {enum: [clerk, support], default: clerk}
      company: {ref: Company}
    access: {read: this == caller}
  Company:
    fields: {name: string}
    access: {read: public}
  Invoice:
    fields:
      company: {ref: Company}
      total: decimal
      draft: {type: boolean, default: true}
    access:
      read: "READ"
      write: this.company == caller.company
    crud: {path: /invoices, only: [list, get, update], order: total}
"""
OWN = "this.company == caller.company"


def model(rule: str, folder: Path) -> Model:
    return of(SPECIFICATION.replace("READ", rule), folder)


def of(text: str, folder: Path) -> Model:
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return build(read(Project(folder)))


def examples(before: str, after: str, folder: Path) -> list[AccessExample]:
    old, new = model(before, folder), model(after, folder)
    return access_examples(old, new, plan(old, new))


def test_a_wider_rule_has_an_example_with_its_request(tmp_path: Path) -> None:
    (found,) = examples(OWN, f"{OWN} || caller.role == 'support'", tmp_path)
    assert (found.effect, found.status, found.before) == ("can now", 200, 404)
    assert found.caller["role"] == "support"
    assert found.row["company"] != found.caller["company"]
    assert "/invoices/" in found.request


def test_a_list_that_shows_the_row_says_so(tmp_path: Path) -> None:
    """Both versions answer 200: a replay would tell nobody anything by the status alone."""
    listed = SPECIFICATION.replace("only: [list, get, update]", "only: [list]")
    old, new = (
        of(listed.replace("READ", rule), tmp_path) for rule in (OWN, f"{OWN} || caller.role == 'support'")
    )
    (found,) = access_examples(old, new, plan(old, new))
    assert (found.effect, found.status, found.before) == ("can now", 200, 200)
    assert found.text().endswith('/invoices"  # 200 with this Invoice, before: 200 without this Invoice')
    (back,) = access_examples(new, old, plan(new, old))
    assert back.text().endswith("# 200 without this Invoice, before: 200 with this Invoice")


FIELD = "      total: {type: decimal, read: RULE}\n"
OF_FIELD = SPECIFICATION.replace("      total: decimal\n", FIELD).replace("READ", "public")


@pytest.mark.parametrize("before", ["this.company == caller.company", ""])
def test_a_field_that_more_callers_may_read_is_told_too(before: str, tmp_path: Path) -> None:
    """With a request that answered null for it before; or no longer answers it, where everybody could read it."""
    texts = [before, f"{OWN} || caller.role == 'support'"]
    old, new = (
        of(OF_FIELD.replace("RULE", f'"{rule}"') if rule else OF_FIELD.replace(", read: RULE", ""), tmp_path)
        for rule in texts
    )
    (found,) = access_examples(old, new, plan(old, new))
    assert found.effect == ("can now" if before else "can no longer")
    assert "read Invoice.total of this row" in found.words
    assert (found.status, found.before) == (200, 200)


def test_a_public_rule_lets_nobody_in_particular_in(tmp_path: Path) -> None:
    (found,) = examples(
        "this.company == caller.company", "this.draft == false || this.company == caller.company", tmp_path
    )
    assert (found.effect, found.row["draft"]) == ("can now", "false")


def test_a_narrower_rule_says_who_is_shut_out(tmp_path: Path) -> None:
    (found,) = examples(OWN, f"{OWN} && !this.draft", tmp_path)
    assert (found.effect, found.status, found.before) == ("can no longer", 404, 200)
    assert found.row["draft"] == "true"


def test_a_rule_that_does_both_has_two_examples(tmp_path: Path) -> None:
    found = examples(OWN, "caller.role == 'support'", tmp_path)
    assert {each.effect for each in found} == {"can now", "can no longer"}


@pytest.mark.parametrize("rule", ["caller.company == this.company", "!(caller.company != this.company)"])
def test_another_wording_is_no_change(rule: str, tmp_path: Path) -> None:
    old, new = model(OWN, tmp_path), model(rule, tmp_path)
    assert plan(old, new).changes == ()


WRITTEN = SPECIFICATION.replace(
    "      total: decimal\n", "      total: {type: decimal, write: RULE}\n"
).replace("READ", "public")


@pytest.mark.parametrize(
    ("before", "after", "effect", "statuses"),
    [
        ("caller.role == 'support'", "caller.role in ['support', 'clerk']", "can now", (200, 403)),
        ("caller.role in ['support', 'clerk']", "caller.role == 'support'", "can no longer", (403, 200)),
        ("this.draft && caller != null", "caller != null", "can now", (200, 403)),
    ],
)
def test_who_may_send_a_field_is_told_with_a_request_that_sends_it(
    before: str, after: str, effect: str, statuses: tuple[int, int], tmp_path: Path
) -> None:
    old, new = (of(WRITTEN.replace("RULE", f'"{rule}"'), tmp_path) for rule in (before, after))
    (found,) = access_examples(old, new, plan(old, new))
    assert (found.effect, (found.status, found.before)) == (effect, statuses)
    assert "set Invoice.total of this row" in found.words
    assert "PATCH" in found.request and '"total"' in found.request


MOVED = (
    SPECIFICATION.replace("READ", "public").replace(
        "      draft:",
        "      state:\n        states: [open, settled]\n        moves:\n"
        '          settle: {from: open, to: settled, may: "MAY", when: this.draft == false}\n'
        "      draft:",
    )
    + """
operations:
  settle: {route: "POST /invoices/{id}/settle", move: Invoice.settle}
"""
)


@pytest.mark.parametrize(
    ("before", "after", "effect", "statuses"),
    [
        (OWN, f"{OWN} || caller.role == 'support'", "can now", (200, 403)),
        (OWN, f"{OWN} && caller.role == 'support'", "can no longer", (403, 200)),
    ],
)
def test_who_may_make_a_move_is_told_with_a_request_that_makes_it(
    before: str, after: str, effect: str, statuses: tuple[int, int], tmp_path: Path
) -> None:
    old, new = (of(MOVED.replace("MAY", rule), tmp_path) for rule in (before, after))
    (found,) = access_examples(old, new, plan(old, new))
    assert (found.effect, (found.status, found.before)) == (effect, statuses)
    assert "settle this Invoice" in found.words
    assert "/settle" in found.request
    assert found.row["company"]
