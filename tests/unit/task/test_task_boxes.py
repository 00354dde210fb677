"""Boxes are read with all that belongs to them, and named things are what a task is judged by."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backwright.task import boxes, prose, specified
from backwright.task.documents import Document
from backwright.task.naming import Known, Name, named, waits_for

KNOWN = Known(
    operations={"create_order": "POST /orders", "get_order": "GET /orders/{id}", "login": "POST /login"},
    gates=("load", "unit", "query-budget"),
    scenarios=frozenset({"AC-1", "late-fee"}),
    files=frozenset({".env.example", "shop/app.py"}),
)


def _boxes(text: str) -> list[boxes.Box]:
    return list(boxes.read(prose.read(Document(file="tasks.md", there=True, text=text))))


def _named(text: str) -> list[tuple[str, str]]:
    (box,) = _boxes(f"- [ ] T001 {text}")
    return sorted((name.kind, name.name) for name in named(box, KNOWN))


def test_the_offset_is_that_of_the_mark_whatever_stands_before():
    text = "\ufeff---\na: b\n---\r\n<!-- é -->\r\n```\n- [ ] T0\n```\n\t- [X] **T1**: é `x`\r\n> 3) [ ] T2"
    found = _boxes(text)
    assert [(box.id, box.done, text[box.offset]) for box in found] == [("T1", True, "X"), ("T2", False, " ")]


@pytest.mark.parametrize(
    "line", ["- [] T1", "- [~] T1", "-[ ] T1", "- [ ]T1", "[ ] T1", "- [ ](a)", "- [x](link)"]
)
def test_what_only_looks_like_a_box_is_none(line):
    assert _boxes(line) == []


def test_a_task_ends_where_something_else_begins():
    text = "- [ ] T1 a\n  b\n\n  c\nd\n- e\n- [ ] T2 f\n\ng\n# h\n- [ ] T3 i\n# j"
    assert [box.text for box in _boxes(text)] == ["a b c d", "f", "i"]
    assert [box.text for box in _boxes("- [ ] T1 a\nlazy\n\nnot lazy")] == ["a lazy"]


def test_a_text_that_is_longer_than_is_read_says_so():
    long, short = _boxes("- [ ] T1 " + "word " * 2000 + "FR-009\n- [ ] T2 FR-001\n" + "  more\n" * 100)
    assert (long.cut, short.cut) == (True, False)
    (many,) = _boxes("- [ ] T1 FR-001\n" + "  more\n" * 4000 + "  FR-009\n")
    assert many.cut


def test_labels_are_no_words():
    (box,) = _boxes("- [ ] T001 [P] [US-02] Do it [P]")
    assert (box.text, box.story) == ("Do it", "US-2")


def test_a_mark_that_is_right_keeps_its_form():
    assert (
        boxes.ticked("- [X] a\n- [ ] b\n- [x] c", {3: True, 11: True, 19: False})
        == "- [X] a\n- [x] b\n- [ ] c"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FR-001 and NFR-2a, not XFR-003 or FR-x", [("requirement", "FR-001"), ("requirement", "NFR-2a")]),
        ("FR-009 to FR-011", [("requirement", f"FR-{n:03}") for n in (9, 10, 11)]),
        ("FR-1–3, SC-004", [("criterion", "SC-004"), *(("requirement", f"FR-{n}") for n in (1, 2, 3))]),
        ("the gate load, `unit`, and unit tests", [("gate", "load"), ("gate", "unit")]),
        ("backwright verify load query-budget", [("gate", "load"), ("gate", "query-budget")]),
        ("load orders and let people login", []),
        ("create_order(), `login`", [("operation", "create_order"), ("operation", "login")]),
        ("GET /orders/:order_id.", [("operation", "get_order")]),
        ("PUT /nowhere/{x}", [("operation", "PUT /nowhere/{x}")]),
        ("late-fee, AC-1, AC-12", [("scenario", "AC-1"), ("scenario", "late-fee")]),
        ("in src/a/b.py, ./c.sql; d\\e.py.", [("file", "c.sql"), ("file", "d/e.py"), ("file", "src/a/b.py")]),
        ("`shop/logic/` and **README.md**", [("file", "README.md"), ("file", "shop/logic/")]),
        ("Dockerfile.", [("file", "Dockerfile")]),
        ("Create .env.example, .gitignore and app", [("file", ".env.example")]),
        ("FR-001 to FR-900", [("requirement", each) for each in ("FR-001", "FR-001 to FR-900", "FR-900")]),
        ("FR-005, FR-007-FR-009", [("requirement", f"FR-00{n}") for n in (5, 7, 8, 9)]),
        ("https://a.b/c.py, read/write, application/json, e.g. this", []),
        ("/specs/001-a/spec.md", [("file", "specs/001-a/spec.md")]),
        ("../secret.txt and GET /files/a.json", [("file", "../secret.txt"), ("operation", "GET /files/a.json")]),
    ],
)  # fmt: skip
def test_names(text, expected):
    assert _named(text) == sorted(expected)


def test_a_name_counts_once():
    (box,) = _boxes("- [ ] T1 FR-001, FR-001 to FR-002, `create_order` create_order POST /orders")
    assert named(box, KNOWN) == (
        Name("requirement", "FR-001"),
        Name("requirement", "FR-002"),
        Name("operation", "create_order"),
    )


def test_what_a_task_waits_for_is_what_it_says():
    (box,) = _boxes("- [ ] T014 Do (depends on T012, T013) as T001 did; needs T-2")
    assert waits_for(box) == ("T012", "T013", "T-2")


PIECES = st.sampled_from(
    ["- [ ] T1 a", "- [x] ", "* [X] T2 FR-001", "  1) [ ] b", "\n", "\r\n", "\n\n", "\t", "  ", "```", "~~~", "`",
     "<!--", "-->", "---", "# User Story 1 - x", "- **FR-001**: ", "[NEEDS CLARIFICATION: x]", "[", "]", "**Given**",
     "|", "\ufeff", "\x1b", "é", "🎉", ">", "=====", "\u2028", "\x0b"]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join), st.randoms())
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_is_it_is_read_and_only_marks_change(text, chance):
    document = Document(file="tasks.md", there=True, text=text)
    read = prose.read(document)
    assert len(read.visible) == len(text)
    specified.specified(read, "x")
    specified.planned(read)
    found = list(boxes.read(read))
    assert all(text[box.offset - 1 : box.offset + 2] in ("[ ]", "[x]", "[X]") for box in found)
    wanted = {box.offset: chance.random() < 0.5 for box in found}
    after = boxes.ticked(text, wanted)
    assert [n for n, (old, new) in enumerate(zip(text, after, strict=True)) if old != new] == [
        box.offset for box in found if box.done != wanted[box.offset]
    ]
    again = boxes.read(prose.read(Document(file="tasks.md", there=True, text=after)))
    assert [(box.offset, box.done) for box in again] == list(wanted.items())
