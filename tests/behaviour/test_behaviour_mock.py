"""The behaviour comparison for every construct of the language, with the mock in the place of a backend.

A faithful mock agrees; one whose specification, or whose answers, are wrong in one place does not go unnoticed.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mock_backend import Answer, mocked

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.reference import Reference, Request, Response
from backwright.spec.reader import read
from backwright.verify import behaviour
from backwright.verify.acceptance import execute, parse_scenarios
from backwright.verify.behaviour import Comparison, compare_backends
from backwright.verify.script import script
from backwright.verify.subjects import HttpSubject

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/backwright.yaml"))
CASES = sorted(path.parent for path in (ROOT / "tests" / "cases" / "semantics").glob("*/backwright.yaml"))
REQUESTS = 3600


def specified(folder: Path) -> Model:
    return build(read(Project(folder)))


def compared(
    model: Model, served: Model, requests: int, *, wrong: Answer | None = None, burned: int = 0
) -> Comparison:
    with mocked(served, wrong=wrong, burned=burned) as backend:
        return compare_backends(model, backend, seed=1, requests=requests, seconds=90)


@pytest.mark.parametrize("folder", [*EXAMPLES, *CASES], ids=lambda folder: folder.name)
def test_a_faithful_mock_agrees(folder: Path) -> None:
    """Also where its sequences leave gaps, as a database's do."""
    model = specified(folder)
    found = compared(model, model, 900 if folder in EXAMPLES else 450, burned=3)
    assert found.disagreement is None
    assert float(found.figures["accepted %"]) > 45


@pytest.mark.parametrize("folder", [*EXAMPLES, *CASES], ids=lambda folder: folder.name)
def test_every_scenario_holds_over_http(folder: Path) -> None:
    files = [*folder.glob("specs/*/acceptance.yaml"), *folder.glob("scenarios.yaml")]
    scenarios = [found for file in files for found in parse_scenarios(file.read_text("utf-8"), file.name)[0]]
    model = specified(folder)
    with mocked(model) as backend:
        results = execute(scenarios, model, HttpSubject(model, backend))
    assert len(results) >= 2
    assert [(each.id, each.detail) for each in results if each.status != "passed"] == []


class Misread(msgspec.Struct, frozen=True):
    """A specification that is understood wrongly in one place."""

    name: str
    example: str
    right: str
    wrong: str
    file: str = "backwright.yaml"


MISREAD = (
    Misread("a stranger changes an article", "conduit", "write: this.author == caller}\n\n  Favorite",
            "write: caller != null}\n\n  Favorite"),
    Misread("the order is the other way round", "conduit", "order: created_at desc\n    paging: {style: offset",
            "order: created_at\n    paging: {style: offset"),
    Misread("a page may be longer", "conduit", "default: 20, max: 100", "default: 20, max: 101"),
    Misread("a computed value is negated", "conduit", "exists(f, f.user == caller)", "exists(f, f.user != caller)"),
    Misread("a filter compares something else", "conduit", "this.author.username == params.author",
            "this.author.email == params.author"),
    Misread("a feed shows everything", "conduit",
            "where: this.author.followers.exists(f, f.follower == caller)\n", "where: size(this.title) > 0\n"),
    Misread("distinct is forgotten", "conduit", ".flatten().distinct().sort()", ".flatten().sort()"),
    Misread("a check is forgotten", "inventory", "this.reserved >= 0 && this.reserved <= this.quantity",
            "this.reserved >= 0"),
    Misread("a key of idempotency is not demanded", "inventory", "idempotent: required", "idempotent: true"),
    Misread("a sum counts one line only", "inventory",
            "body.lines.filter(l, l.product == this.product && l.bin == this.bin).map(l, l.quantity).sum()",
            "body.lines.filter(l, l.product == this.product && l.bin == this.bin).map(l, l.quantity).min().orValue(0)"),
    Misread("a group counts something else", "inventory", 'most: "rows.map(r, r.quantity).max()"',
            'most: "rows.map(r, r.quantity).min()"'),
    Misread("a withdrawal forgets what lies there", "inventory", "exists(s, s.quantity > 0)",
            "exists(s, s.quantity > 99)"),
    Misread("everybody sees the diagnosis", "clinic",
            "personal: true, read: this.person == caller || caller.role == 'doctor', write",
            "personal: true, read: caller != null, write"),
    Misread("everybody sets the fee", "clinic", ", write: caller.role == 'clerk'}\n      status", "}\n      status"),
    Misread("a version is not demanded", "clinic", "if_match: required", "if_match: true"),
    Misread("unknown members are taken", "clinic", "unknown_fields: reject", "unknown_fields: ignore"),
    Misread("an appointment may take all day", "clinic", "duration('4h')", "duration('8h')"),
    Misread("a header is forgotten", "clinic", "cache-control: \"'no-store'\"", "cache-control: \"'private'\""),
    Misread("missing rows have a body", "clinic", "not_found: {status: 404, body: none}", "not_found: {status: 404}"),
    Misread("hidden boards are shown", "forum", 'access: {read: "!this.hidden || caller.moderator", write',
            "access: {read: public, write"),
    Misread("a rate is ignored", "forum", "limits: {rate: 5/hour, by: address}",
            "limits: {rate: 50/hour, by: address}"),
    Misread("an answer is kept longer", "forum", "cache: 3600", "cache: 7200"),
    Misread("a sunset is another day", "forum", "sunset: 2027-01-01", "sunset: 2027-01-02"),
    Misread("a reply may belong elsewhere", "forum", "inverse: replies, same: thread,", "inverse: replies,"),
    Misread("a file of any kind is taken", "forum", "media: [image/png, image/jpeg]",
            "media: [image/png, text/plain]"),
    Misread("a column of a CSV file is another", "forum", "Number: this.number,", "Number: this.number + 1,"),
    Misread("a title is longer", "forum", "title: {type: string, min: 3, max: 120}",
            "title: {type: string, min: 3, max: 121}"),
    Misread("a status is fixed", "forum", 'status: "watch_created ? 201 : 200"', 'status: "watch_created ? 201 : 201"'),
    Misread("another organisation sees tasks", "tracker", "read: this.org.is_member\n      create: this.org.members",
            "read: caller != null\n      create: this.org.members", "spec/tasks.yaml"),
    Misread("members read the audit trail", "tracker", "audit: {read: this.org.is_admin}",
            "audit: {read: this.org.is_member}", "spec/tasks.yaml"),
    Misread("an old version is overwritten", "tracker", "    if_match: true\n", "", "spec/tasks.yaml"),
    Misread("anybody may start a task", "tracker", "start: {from: open, to: doing, may: this.assignee == caller",
            "start: {from: open, to: doing, may: this.org.is_member", "spec/tasks.yaml"),
    Misread("a number is taken twice over", "tracker", "max().orValue(0) + 1", "max().orValue(0) + 2",
            "spec/tasks.yaml"),
    Misread("an invitation works twice", "tracker", "{require: invitation.accepted == null,",
            "{require: invitation.email != '',"),
)  # fmt: skip


@pytest.mark.parametrize("misread", MISREAD, ids=lambda each: each.name)
def test_a_specification_that_is_understood_wrongly_is_noticed(
    misread: Misread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 0.0)
    shutil.copytree(ROOT / "examples" / misread.example, tmp_path / "project")
    file = tmp_path / "project" / misread.file
    text = file.read_text(encoding="utf-8")
    assert text.count(misread.right) == 1
    file.write_text(text.replace(misread.right, misread.wrong), encoding="utf-8")
    model = specified(ROOT / "examples" / misread.example)
    found = compared(model, specified(tmp_path / "project"), REQUESTS).disagreement
    assert found is not None


def test_a_link_into_another_tenant_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 0.0)
    model = specified(ROOT / "examples" / "tracker")
    fields = tuple(
        msgspec.structs.replace(field, same=None) if field.name == "labels" else field
        for field in model.entity("Task").fields
    )
    task = msgspec.structs.replace(model.entity("Task"), fields=fields)
    entities = tuple(task if entity.name == "Task" else entity for entity in model.entities)
    served = msgspec.structs.replace(model, entities=entities)
    assert compared(model, served, REQUESTS).disagreement is not None


# What no specification can say ------------------------------------------------------------------------


def of(operation: str, example: str, change: Any) -> Answer:
    """Answers one operation wrongly: `change` gets the right answer, and the reference as it was before."""
    model = specified(ROOT / "examples" / example)
    wanted = model.operation(operation)

    def answer(reference: Reference, request: Request) -> Response:
        rows, sessions = reference.rows, dict(reference.sessions)
        right = reference.answer(request)
        found, _ = reference._route(request) if right.status < 400 else (None, None)
        if found is None or found.name != wanted.name:
            return right
        answered: Response = change(reference, right, rows, sessions)
        return answered

    return answer


def with_status(status: int) -> Any:
    return lambda reference, right, rows, sessions: msgspec.structs.replace(right, status=status)


def without_header(name: str) -> Any:
    def change(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
        return msgspec.structs.replace(right, headers={n: v for n, v in right.headers.items() if n != name})

    return change


def with_content(old: bytes, new: bytes) -> Any:
    def change(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
        content = None if right.content is None else right.content.replace(old, new)
        return msgspec.structs.replace(right, content=content)

    return change


def with_body(member: str, edit: Any) -> Any:
    def change(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
        if not isinstance(right.body, dict):
            return right
        return msgspec.structs.replace(right, body={**right.body, member: edit(right.body[member])})

    return change


def forgotten(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
    """Says that it is done, and stores nothing."""
    reference.rows = rows
    return right


def still_signed_in(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
    reference.sessions = sessions
    return right


def with_bare_cookies(reference: Reference, right: Response, rows: Any, sessions: Any) -> Response:
    return msgspec.structs.replace(right, cookies=tuple(c.replace("; HttpOnly", "") for c in right.cookies))


WRONG = {
    "a creation is 200": ("conduit", "create_article", with_status(200)),
    "a crash": ("tracker", "list_tasks", with_status(500)),
    "a page lacks its last row": ("conduit", "get_articles", with_body("articles", lambda rows: rows[:-1])),
    "a count ignores the rule": (
        "conduit",
        "get_articles",
        with_body("articlesCount", lambda total: total + 1),
    ),
    "a page has no successor": ("forum", "threads_of_board", with_body("next", lambda cursor: None)),
    "a row is not stored": ("clinic", "update_person", forgotten),
    "a link is not stored": ("conduit", "favorite", forgotten),
    "a movement is not stored": ("inventory", "receive_goods", forgotten),
    "a session outlives its end": ("clinic", "logout", still_signed_in),
    "a cookie can be read by scripts": ("forum", "sign_in", with_bare_cookies),
    "no entity tag": ("clinic", "get_patient", without_header("etag")),
    "no deprecation": ("forum", "old_member", without_header("deprecation")),
    "no name for a file": ("forum", "thread_posts_csv", without_header("content-disposition")),
    "lines end otherwise": ("forum", "thread_posts_csv", with_content(b"\r\n", b"\n")),
    "a page is not escaped": ("forum", "thread_page", with_content(b"&lt;", b"<")),
    "a file is changed": ("forum", "get_avatar", with_content(b"\x00", b"\x01")),
    "a text is another": ("forum", "thread_text", with_content(b"(", b"[")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 0.0)
    example, operation, change = WRONG[name]
    model = specified(ROOT / "examples" / example)
    assert compared(model, model, REQUESTS, wrong=of(operation, example, change)).disagreement is not None


def test_a_lost_update_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two requests at the same time neither sees the other: no order explains that."""
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 1.0)
    model = specified(ROOT / "examples" / "inventory")
    with mocked(model) as backend:
        backend.lost = True
        found = compare_backends(model, backend, seed=1, requests=REQUESTS, seconds=90).disagreement
    assert found is not None
    assert "no order explains" in found.differences[0]
    assert "# at the same time:" in script(found)


def test_a_disagreement_is_made_small() -> None:
    """Two people and what one of them did in the way of the other, out of some hundred requests."""
    model = specified(ROOT / "examples" / "conduit")
    found = compared(model, model, REQUESTS, wrong=of("favorite", "conduit", forgotten)).disagreement
    assert found is not None
    assert len(found.requests()) <= 12
    assert script(found).count("curl -s") == len(found.requests())
