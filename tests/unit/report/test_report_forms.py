"""The three forms say the same, and foreign text stays text in each."""

import json
import re
from html.parser import HTMLParser

import pytest
from unit.report.conftest import gate

from backwright.report import markdown, page, write
from backwright.report.write import encode
from backwright.task import events

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> [a](javascript:alert(3)) | `x` **b**"


@pytest.fixture
def hostile(workshop):
    """A project whose card and feature folder try to break out of the page."""
    card = workshop.project.root / "tasks/BE-001.md"
    card.write_text(card.read_text().replace("Lend books", HOSTILE))
    spec = workshop.project.features / "001-lending/spec.md"
    spec.write_text(spec.read_text().replace("Members pay fees", HOSTILE))
    return workshop


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def _tags(html):
    parser = _Tags()
    parser.feed(html)
    return parser.found


def test_foreign_text_cannot_add_markup_to_the_page(hostile):
    tags = _tags(page.render(hostile.report()))
    assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in tags)
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


def test_foreign_text_cannot_add_markup_to_the_markdown(hostile):
    text = markdown.render(hostile.report())
    assert not re.search(r"(?<!\\)<(script|img)", text)
    assert not re.search(r"(?<!\\)\[a\]\(javascript", text)
    rows = [line for line in text.splitlines() if line.startswith("| FR-")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def test_the_page_asks_nothing_of_any_other_address(workshop):
    html = page.render(workshop.report())
    for tag, attributes in _tags(html):
        assert tag not in {"link", "script", "img", "iframe", "object"}
        assert not re.match(r"[a-z]+:|//", attributes.get("href") or "")
    assert "url(" not in html and "@import" not in html


def test_every_claim_on_the_page_links_to_its_run_with_a_short_hash(workshop):
    html = page.render(workshop.report())
    link = next(g.link for g in workshop.report().gates if g.gate == "acceptance")
    assert html.count('href="../runs/1/acceptance-sqlite.json"') >= 3
    assert link.sha256[:12] in html


def test_the_page_has_landmarks_headings_and_scoped_table_headers(workshop):
    tags = _tags(page.render(workshop.report()))
    names = [tag for tag, _ in tags]
    assert {"header", "nav", "main", "footer"} <= set(names)
    assert names.count("h1") == 1
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    identities = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    targets = {a["href"][1:] for tag, a in tags if tag == "a" and (a.get("href") or "").startswith("#")}
    assert targets <= set(identities)


def test_the_page_says_not_run_in_words(workshop):
    (workshop.project.root / ".backwright/runs/1/acceptance-sqlite.json").unlink()
    assert "not run" in page.render(workshop.report())


def test_a_figure_of_many_words_is_folded_into_a_list(workshop):
    parts = [f"create_loan: not allowed: `this.member == {number}`" for number in range(4)]
    figures = {"cells": 244, "not exercised": "; ".join(parts)}
    workshop.run(gate("authorization", figures=figures))
    html = page.render(workshop.report())
    assert "cells 244" in html
    assert "<summary>not exercised: 4</summary>" in html
    assert html.count("<li>create_loan: not allowed: <code>this.member == ") == 4


def test_the_json_form_names_its_version_and_has_every_part(workshop):
    data = json.loads(encode(workshop.report()))
    assert data["report"] == 1
    parts = "summary decisions files requirements scenarios coverage gates api migrations environment task"
    assert set(f"{parts} known_issues next_steps hand_over checklist".split()) <= set(data)


def test_the_same_state_gives_the_same_bytes(workshop):
    assert encode(workshop.report()) == encode(workshop.report())
    assert page.render(workshop.report()) == page.render(workshop.report())


def test_writing_leaves_three_files_and_records_them(workshop):
    paths = write(workshop.project, workshop.report())
    assert [path.name for path in paths] == ["report.md", "report.json", "report.html"]
    assert all(path.parent == workshop.project.state / "report" and path.exists() for path in paths)
    last = events.read(workshop.project).events[-1]
    assert isinstance(last, events.ReportWritten)
    assert set(last.files) == {f".backwright/report/report.{form}" for form in ("md", "json", "html")}


def test_the_markdown_has_the_checklist_and_the_links(workshop):
    text = markdown.render(workshop.report())
    assert "- [x] Migrations were applied and rolled back" in text
    assert "](../runs/1/tests.json)" in text


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back"),
    [
        *((ink, back) for ink in ("ink", "soft", "link") for back in ("paper", "card")),
        *((tone, f"{tone}-tint") for tone in ("good", "bad", "idle")),
        ("ink", "tint"),
    ],
)
def test_text_has_enough_contrast_in_both_schemes(workshop, scheme, front, back):
    roots = re.findall(r":root \{(.*?)\}", page.render(workshop.report()), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", roots[scheme]))
    lighter, darker = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
