"""Rules that are written otherwise: told as the same, wider or narrower, exactly, and not guessed.

Each pair is one rule of an entity, four to an entity, so that one plan of two models judges all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from backwright.model.build import build
from backwright.model.types import InputField, Model, Scalar, ScalarType, Verb
from backwright.plan import plan
from backwright.plan.changes import ChangeRule, identity
from backwright.project import Project
from backwright.spec import read

SPECIFICATION = """
service: {name: rules, version: 1.0.0}
auth: {identity: Account, by: email, flows: [login]}
entities:
  Account:
    fields:
      email: {type: email, unique: true}
      password: password
      role: {enum: [clerk, support, boss], default: clerk}
      org: {ref: Org}
      level: {type: integer, default: 1}
      blocked: {type: boolean, default: false}
    computed:
      is_boss: this.role == 'boss'
    access: {read: this == caller}
  Org:
    fields: {name: string, open: boolean}
    access: {read: public}
  Member:
    fields: {org: {ref: Org}, account: {ref: Account}, role: {enum: [owner, admin, guest]}, since: date, until: date?}
    access: {read: public}
"""
ENTITY = """
  {name}:
    fields:
      owner: {{ref: Account}}
      reviewer: {{ref: Account?}}
      org: {{ref: Org}}
      a: integer
      b: integer
      c: integer?
      d: integer?
      price: {{type: decimal, scale: 2}}
      due: date?
      at: timestamp
      state: {{enum: [open, held, done]}}
      title: string
      note: string?
      flag: boolean
      maybe: boolean?
      tags: {{list: string}}
    computed:
      mine: this.owner == caller
      late: this.due < date(now)
    access:
"""
VERBS: tuple[Verb, ...] = ("read", "create", "update", "delete")
SAME = [
    # de Morgan and double negation
    ("!(this.flag && this.a > 1)", "!this.flag || !(this.a > 1)"),
    ("!(this.flag || this.a > 1)", "!this.flag && !(this.a > 1)"),
    ("!(!this.flag)", "this.flag"),
    ("!(!(this.c > 1))", "this.c > 1"),
    ("!(this.state == 'open' || this.state == 'held')", "this.state == 'done'"),
    # in, == and ||
    ("this.state in ['open', 'held']", "this.state == 'held' || this.state == 'open'"),
    ("this.state in ['open', 'held']", "this.state != 'done'"),
    ("!(this.state in ['open'])", "this.state in ['held', 'done']"),
    ("this.state in ['open', 'held', 'done']", "true"),
    ("this.a in [1, 2, 3]", "this.a >= 1 && this.a <= 3"),
    ("this.a in [1, 2, 3]", "this.a > 0 && this.a < 4"),
    # order and repetition
    ("this.flag && this.a > 1 && this.b > 1", "this.b > 1 && (this.flag && this.a > 1)"),
    ("this.flag && (this.flag || this.a > 1)", "this.flag"),
    ("this.flag || (this.flag && this.a > 1)", "this.flag"),
    ("this.flag && this.a > 1 || this.flag && this.b > 1", "this.flag && (this.a > 1 || this.b > 1)"),
    ("this.flag && this.a > 1 || !this.flag && this.a > 1", "this.a > 1"),
    # orderings
    ("this.a > this.b", "this.b < this.a"),
    ("!(this.a > this.b)", "this.a <= this.b"),
    ("this.a > 5", "this.a >= 6"),
    ("this.a > 5", "!(this.a < 6)"),
    ("this.a != 5", "this.a < 5 || this.a > 5"),
    ("this.a >= 5 && this.a <= 5", "this.a == 5"),
    ("this.price > 4.99", "this.price >= 5"),
    ("this.price > 1.00", "this.price > 1"),
    ("size(this.title) > 0", "size(this.title) >= 1"),
    ("size(this.title) != 0", "size(this.title) > 0"),
    ("this.a < this.b || this.a == this.b", "this.a <= this.b"),
    ("this.a < this.b && this.b < 3", "this.b < 3 && this.a < this.b && this.a < 2"),
    ("this.due > date('2030-01-01')", "this.due >= date('2030-01-02')"),
    # null
    ("!(this.c > this.d)", "this.c == null || this.d == null || this.c <= this.d"),
    ("!(this.c > 3)", "this.c == null || this.c <= 3"),
    ("this.c != null && this.c > 3", "this.c > 3"),
    ("this.note == null || this.note != 'x'", "this.note != 'x'"),
    ("this.reviewer != null && this.reviewer.level > 3", "this.reviewer.level > 3"),
    # booleans
    ("this.flag == true", "this.flag"),
    ("this.flag == false", "!this.flag"),
    ("this.flag != this.maybe", "!(this.flag == this.maybe)"),
    ("this.maybe == true", "this.maybe != null && this.maybe != false"),
    ("this.maybe != true", "this.maybe == null || this.maybe == false"),
    ("this.flag ? this.a > 1 : this.b > 1", "this.flag && this.a > 1 || !this.flag && this.b > 1"),
    ("(this.flag ? this.a : this.b) > 1", "this.flag ? this.a > 1 : this.b > 1"),
    # exists, all and what leads to them
    ("!MEMBERS.exists(m, m.role == 'guest')", "MEMBERS.all(m, m.role != 'guest')"),
    ("!MEMBERS.all(m, m.role == 'guest')", "MEMBERS.exists(m, m.role in ['owner', 'admin'])"),
    ("MEMBERS.exists(m, m.role == 'owner' || m.role == 'admin')",
     "MEMBERS.exists(x, x.role == 'owner') || MEMBERS.exists(y, y.role == 'admin')"),
    ("MEMBERS.all(m, m.role == 'owner' && m.until == null)",
     "MEMBERS.all(m, m.until == null) && MEMBERS.all(m, m.role == 'owner')"),
    ("MEMBERS.exists(m, m.account == this.owner && this.flag)",
     "this.flag && MEMBERS.exists(m, this.owner == m.account)"),
    ("MEMBERS.filter(m, m.role == 'owner').exists(m, m.account == this.owner)",
     "MEMBERS.exists(m, m.account == this.owner && m.role == 'owner')"),
    ("this.owner in MEMBERS.map(m, m.account)", "MEMBERS.exists(m, m.account == this.owner)"),
    ("size(MEMBERS) > 0", "MEMBERS.exists(m, true)"),
    ("size(MEMBERS.filter(m, m.role == 'owner')) == 0", "MEMBERS.all(m, m.role != 'owner')"),
    ("MEMBERS.filter(m, m.role == 'owner').all(m, m.until == null)",
     "!MEMBERS.exists(m, m.role == 'owner' && !(m.until == null))"),
    ("'x' in this.tags", "this.tags.exists(t, t == 'x')"),
    ("MEMBERS.exists(m, m.since < m.until)", "MEMBERS.exists(m, m.until > m.since)"),
    # what is computed, and callers
    ("this.mine", "this.owner == caller"),
    ("this.late", "date(now) > this.due"),
    ("caller.is_boss && !caller.blocked", "!(caller.blocked || caller.role != 'boss') && caller != null"),
    ("caller != null", "!(caller == null)"),
    ("this.owner == caller || caller.role == 'boss'", "caller.role == 'boss' || caller == this.owner"),
    ("this.org == caller.org && caller.level > 2", "caller.level >= 3 && caller.org == this.org"),
    ("this.a + this.b > 3", "3 < this.b + this.a"),
    ("this.title.startsWith('a') || this.flag", "!(!this.flag && !this.title.startsWith('a'))"),
]  # fmt: skip
CHANGED = [
    ("this.a > 5", "this.a >= 5", "widens"),
    ("this.a >= 5", "this.a > 5", "narrows"),
    ("this.a > 5", "this.a > 4", "widens"),
    ("this.a > 5", "this.a > 6", "narrows"),
    ("this.a > 5", "this.a < 5", "unclear"),
    ("this.a == 5", "this.a >= 5", "widens"),
    ("this.a in [1, 2]", "this.a in [1, 2, 3]", "widens"),
    ("this.a > 1 && this.a < 9", "this.a > 0 && this.a < 8", "unclear"),
    ("this.price > 4.99", "this.price >= 4.99", "widens"),
    ("this.price > 5", "this.price > 4.99", "widens"),
    ("size(this.title) > 5", "size(this.title) >= 5", "widens"),
    ("size(this.title) < 5", "size(this.title) <= 5", "widens"),
    ("this.title < 'm'", "this.title <= 'm'", "widens"),
    ("this.due > date('2030-01-01')", "this.due >= date('2030-01-01')", "widens"),
    ("this.c <= 3", "!(this.c > 3)", "widens"),
    ("!(this.c > this.d)", "this.c <= this.d", "narrows"),
    ("this.c != 3", "this.c < 3 || this.c > 3", "narrows"),
    ("this.a < this.b", "this.a <= this.b", "widens"),
    ("caller.level > 5", "caller.level >= 5", "widens"),
    ("this.maybe == false", "this.maybe != true", "widens"),
    ("MEMBERS.exists(m, m.since > date('2030-01-01'))", "MEMBERS.exists(m, m.since >= date('2030-01-01'))", "widens"),
    ("MEMBERS.all(m, m.since > date('2030-01-01'))", "MEMBERS.all(m, m.since >= date('2030-01-01'))", "widens"),
    ("MEMBERS.exists(m, m.role == 'owner')", "MEMBERS.all(m, m.role == 'owner')", "unclear"),
    ("MEMBERS.exists(m, m.role == 'owner' && m.until == null)", "MEMBERS.exists(m, m.role == 'owner')", "widens"),
    ("MEMBERS.exists(m, m.role == 'owner' && m.until == null)",
     "MEMBERS.exists(m, m.role == 'owner') && MEMBERS.exists(m, m.until == null)", "widens"),
    ("this.state != 'done'", "this.state == 'open'", "narrows"),
]  # fmt: skip


def model(rules: list[str], folder: Path) -> Model:
    text = SPECIFICATION
    for number, rule in enumerate(rules):
        if number % 4 == 0:
            text += ENTITY.format(name=f"R{number // 4}")
        text += f'      {VERBS[number % 4]}: "{rule.replace("MEMBERS", "this.org.members")}"\n'
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return build(read(Project(folder)))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the plan says of each pair."""
    folder = tmp_path_factory.mktemp("rules")
    pairs = [*SAME, *((before, after) for before, after, _ in CHANGED)]
    models = [model([pair[side] for pair in pairs], folder) for side in (0, 1)]
    changes = [each for each in plan(*models).changes if isinstance(each, ChangeRule)]
    effects = {(each.entity, each.verb): each.effect for each in changes}
    return [effects.get((f"R{at // 4}", VERBS[at % 4]), "same") for at in range(len(pairs))]


def test_a_rule_of_the_same_meaning_is_no_change(told: list[str]) -> None:
    assert len(SAME) > 40
    wrong = {pair: effect for pair, effect in zip(SAME, told, strict=False) if effect != "same"}
    assert wrong == {}


def test_a_rule_of_another_meaning_is_told_exactly(told: list[str]) -> None:
    later = told[len(SAME) :]
    wrong = {pair[:2]: effect for pair, effect in zip(CHANGED, later, strict=True) if pair[2] != effect}
    assert wrong == {}


ELSEWHERE = """
service: {name: rules, version: 1.0.0}
entities:
  Task:
    fields:
      size: {type: integer, default: 1}
      done: {type: boolean, default: false}
      sure: boolean?
      state:
        states: [open, closed]
        moves:
          close: {from: open, to: closed, may: "true", when: "WHEN"}
    checks: {small: "CHECK"}
    access: public
views:
  Task: {of: Task, fields: [size, done], shape: {big: "SHAPE", said: "VALUE"}}
operations:
  tasks: {route: GET /tasks, list: Task, where: "WHERE", view: Task}
  close: {route: "POST /tasks/{id}/close", move: Task.close}
"""
USUAL = {
    "WHEN": "this.size > 1", "CHECK": "this.size < 9", "SHAPE": "this.size > 5",
    "VALUE": "this.sure", "WHERE": "!this.done && this.size > 1",
}  # fmt: skip


def elsewhere(folder: Path, **said: str) -> Model:
    text = ELSEWHERE
    for word, usual in USUAL.items():
        text = text.replace(word, said.get(word, usual))
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return build(read(Project(folder)))


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ({"WHEN": "this.size >= 2"}, []),
        (
            {"WHEN": "this.size >= 1"},
            [("change-entity Task", "widens_access"), ("change-operation close", "safe")],
        ),
        (
            {"WHEN": "this.size > 2"},
            [("change-entity Task", "breaking"), ("change-operation close", "breaking")],
        ),
        ({"CHECK": "this.size <= 8"}, [("drop-check Task.small", "safe"), ("add-check Task.small", "safe")]),
        ({"CHECK": "this.size <= 9"}, [("drop-check Task.small", "safe"), ("add-check Task.small", "safe")]),
        ({"CHECK": "this.size < 8"}, [("drop-check Task.small", "safe"), ("add-check Task.small", "limit")]),
        ({"WHERE": "this.size >= 2 && this.done == false"}, []),
        ({"WHERE": "this.size >= 1 && !this.done"}, [("change-operation tasks", "safe")]),
        ({"SHAPE": "!(this.size < 6)"}, []),
        ({"SHAPE": "this.size >= 5"}, [("change-view Task", "breaking")]),
        ({"VALUE": "this.sure == true"}, [("change-view Task", "breaking")]),
    ],
)
def test_conditions_elsewhere_are_compared_by_their_meaning(
    said: dict[str, str], changes: list[tuple[str, str]], tmp_path: Path
) -> None:
    made = plan(elsewhere(tmp_path), elsewhere(tmp_path, **said))
    assert [(identity(each), each.hazard) for each in made.changes] == changes


def test_another_type_of_what_clients_send_breaks_them_though_stored_values_are_converted(
    tmp_path: Path,
) -> None:
    usual = elsewhere(tmp_path)

    def taking(scalar: Scalar) -> Model:
        least = InputField(wire="least", name="least", type=ScalarType(scalar=scalar))
        operations = [replace(each, query=(*each.query, least)) for each in usual.operations]
        return replace(usual, operations=tuple(operations))

    found = {identity(each): each for each in plan(taking("string"), taking("integer")).changes}
    assert found["change-operation tasks"].hazard == "breaking"
    assert "query parameter `least` is integer instead of string" in found["change-operation tasks"].reason
