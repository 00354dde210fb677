"""Who decides is the team's to say; a file that says it wrongly is refused and not guessed."""

from pathlib import Path

import pytest

from backwright.project import Project
from backwright.spec.diagnostics import Place, SpecificationError
from backwright.task import answers, events, features, questions, roles
from backwright.task.clarifications import ROLES
from backwright.task.features import Clarification

HERE = Place("specs/001-a/spec.md", 1, 1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "specs" / "001-a"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text("- **FR-001**: Fees [NEEDS CLARIFICATION: how much a day?]\n")
    return Project(tmp_path)


def _roles(project: Project, text: str) -> roles.Roles:
    (project.root / roles.FILE).write_text(text)
    return roles.read(project)


def _asked(text: str, **more: str) -> Clarification:
    return Clarification(text=text, place=HERE, **more)


def _questions(project: Project) -> tuple[questions.Question, ...]:
    return questions.current(project)


def _mark(project: Project) -> questions.Question:
    return next(q for q in _questions(project) if q.kind == "clarification")


def test_without_a_file_the_defaults_decide(project):
    assert roles.read(project) == roles.DEFAULT
    assert _mark(project).role == "product-manager"


@pytest.mark.parametrize(
    ("text", "file", "role"),
    [
        ("how much?", "spec.md", "product-manager"),
        ("how much?", "plan.md", "architect"),
        ("how much?", "tasks.md", "team-lead"),
        ("which password rules?", "spec.md", "security"),
        ("Authentication how?", "plan.md", "security"),
        ("which database?", "spec.md", "architect"),
        ("which author?", "spec.md", "product-manager"),
        ("is it a broken tokenizer?", "spec.md", "security"),
        ("what is over-tokenized?", "tasks.md", "security"),
        ("reactivation?", "spec.md", "product-manager"),
    ],
)
def test_a_mark_goes_to_whom_its_words_or_its_file_say(text, file, role):
    assert roles.DEFAULT.clarifies(_asked(text, file=file)) == role


def test_a_mark_that_names_a_role_goes_there():
    assert roles.DEFAULT.clarifies(_asked("which password?", role="team-lead")) == "team-lead"


def test_what_is_written_replaces_the_default_and_the_rest_stays(project):
    found = _roles(
        project, "decides: {spec.md: team-lead}\ntopics: {security: []}\nvetoes: {load: security}\n"
    )
    assert found.clarifies(_asked("which password?")) == "team-lead"
    assert found.clarifies(_asked("which database?")) == "architect"
    assert (found.vetoed_by("load"), found.vetoed_by("secrets"), found.vetoed_by("lint")) == (
        "security",
        "security",
        "team-lead",
    )
    assert _mark(project).role == "team-lead"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("decide: {spec.md: security}", "BW201", 1),
        ("decides:\n  spec.md: boss", "BW205", 2),
        ("decides: {spec: security}", "BW201", 1),
        ("deputies:\n  security: []", "BW208", 2),
        ("defers: [access]", "BW205", 1),
        ("people: {security: sam}", "BW202", 1),
        ("- a", "BW112", 1),
        ("decides: {", "BW102", 1),
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_refused(project, text, code, line):
    with pytest.raises(SpecificationError) as error:
        _roles(project, text)
    found = error.value.diagnostics[0]
    assert (found.code, found.place.file, found.place.line) == (code, roles.FILE, line)


def test_a_link_out_of_the_project_is_not_followed(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "roles.yaml"
    elsewhere.write_text("decides: {spec.md: security}")
    (project.root / roles.FILE).symlink_to(elsewhere)
    with pytest.raises(SpecificationError):
        roles.read(project)


def test_a_veto_about_no_gate_is_told(project):
    found = roles.unknown_gates(_roles(project, "vetoes:\n  laod: architect\n  load: architect\n"), ["load"])
    assert [(d.code, d.place.line) for d in found] == [("BW917", 2)]


def _answer(project: Project, role: str, by: str = "sam") -> str:
    """The code of the refusal, or nothing."""
    mark = _mark(project)
    try:
        answers.answer(
            project, _questions(project), mark.id, "One euro", by=by, role=role, decide=roles.read(project)
        )
    except SpecificationError as error:
        return error.diagnostics[0].code
    return ""


def test_only_the_deciding_role_answers_and_the_event_clears_the_question(project):
    before = (project.features / "001-a" / "spec.md").read_bytes()
    for role in (*(role for role in ROLES if role != "product-manager"), "boss"):
        assert _answer(project, role) == "BW921"
        assert _mark(project).open
    assert _answer(project, "product-manager") == ""
    assert (_mark(project).open, _mark(project).answer) == (False, "One euro")
    assert (project.features / "001-a" / "spec.md").read_bytes() == before, "the user's file is not rewritten"
    project.events.unlink()
    assert _mark(project).open, "without the event the question is open again"


def test_a_deputy_decides_in_its_own_name(project):
    _roles(project, "deputies: {product-manager: [team-lead]}")
    assert _answer(project, "security") == "BW921"
    assert _answer(project, "team-lead") == ""
    (event,) = events.read(project).events
    assert (event.role, _mark(project).answered_by) == ("team-lead", "sam (team-lead)")


def test_where_it_is_said_who_holds_a_role_nobody_else_answers_in_it(project):
    _roles(project, "people: {product-manager: [Paula]}")
    assert _answer(project, "product-manager", by="eve") == "BW925"
    assert _answer(project, "product-manager", by="paula ") == ""


def test_what_is_deferred_does_not_block(project):
    assert _mark(project).blocking
    _roles(project, "defers: [clarification]")
    assert not _mark(project).blocking
    assert next(q for q in _questions(project) if q.kind == "requirement").blocking


def test_the_same_words_in_two_requirements_are_two_questions(project):
    (project.features / "001-a" / "spec.md").write_text(
        "- **FR-001**: at most [NEEDS CLARIFICATION: how many?]\n"
        "- **FR-002**: at least [NEEDS CLARIFICATION: how many?]\n"
    )
    marks = [q for q in _questions(project) if q.kind == "clarification"]
    assert len({q.id for q in marks}) == 2
    assert [q.text.split()[0] for q in marks] == ["FR-001", "FR-002"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("**Language/Version**: Java 21", "Java"),
        ("**Language/Version**: JavaScript (Node.js 22)", "JavaScript"),
        ("**Language**: Go 1.24", "Go"),
        ("- **Storage**: MongoDB, later MySQL", "MongoDB"),
        ("**Database**: SQL Server", "SQL Server"),
        ("**Language/Version**: TypeScript in front, Python 3.12 behind", ""),
        ("**Storage**: PostgreSQL 16 and Redis", ""),
        ("**Storage**: N/A", ""),
        ("**Language/Version**: [e.g., Swift 5.9 or NEEDS CLARIFICATION]", ""),
        ("**Goals**: Go live in Java", ""),
        ("**Language**: Gopher", ""),
    ],
)
def test_a_stack_that_is_not_built_on_is_refused_by_name(project, line, named):
    (project.features / "001-a" / "plan.md").write_text(f"# Plan\n\n{line}\n")
    found = [q for q in _questions(project) if q.kind == "stack"]
    assert [(q.role, q.blocking, q.place.line) for q in found] == ([("architect", True, 3)] if named else [])
    assert all(f"built on {named} here" in q.text for q in found)


def test_no_question_hides_another_of_the_same_id(project, monkeypatch):
    def short(kind: questions.Kind, subject: str, length: int = 6) -> str:
        return "Q-" + ("0" * 6 if length == 6 else f"{abs(hash((kind, subject))):x}")

    monkeypatch.setattr(questions, "identity", short)
    found = _questions(project)
    assert len(found) == len({q.id for q in found}) == 2


def test_an_answer_to_one_question_answers_no_other_of_the_same_id(project):
    mark = _mark(project)
    events.append(
        project,
        events.AnswerRecorded(question=mark.id, subject="something else", text="x", by="a", role="security"),
    )
    assert _mark(project).open


def test_features_of_a_project_are_asked_about_by_their_name(project):
    assert all(q.subject.startswith("001-a/") for q in _questions(project))
    assert features.every(project)[0].subject(features.every(project)[0].requirements[0]) == "001-a/FR-001"
