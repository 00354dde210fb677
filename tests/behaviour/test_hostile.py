"""What a specification says is data wherever it goes: source, SQL, JSON, HTML, CSV, headers, files.

Every place where an author writes free text holds a text that would do harm if it were read as anything else.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
import tokenize
from itertools import product
from pathlib import Path

import httpx
import pytest
from built_project import PYTEST

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.server import running

MARK = "PWNED"
TEXTS = (
    f'"""); import os; os.environ["{MARK}"] = "1"  # """',
    f"'''); raise {MARK}  # '''",
    f"'; DROP TABLE note; -- {MARK}",
    f"{MARK} :caller ::uuid {{AND x = :x}} {{braces}} %s %(x)s $1 ?",
    f"back\\slash \\n \\' \\\" \\{MARK}\\",
    f"*/ <!-- --> </script><script>{MARK}</script> ${{HOME}} {{{{ {MARK} }}}} {{% raw %}} {{# #}}",
    f'ends with a quote {MARK}"',
    f"$(touch {MARK}) `touch {MARK}` | & ; > ../../{MARK}",
    f"new\nline\ttab {MARK}\r\n.",
    f"=cmd|'/c {MARK}'!A1",
    f"\u202e bidi \u2028 \U0001f4a3 é {MARK}",
)
LINES = tuple(text for text in TEXTS if "\n" not in text and "\u2028" not in text)
"""Headings have one line; the checker says so."""


def quoted(text: str) -> str:
    """As YAML and the expression language quote it."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", r"\u2028")


def formula(text: str) -> str:
    """A text that is an expression, within a YAML text."""
    return quoted(quoted(text))


def spoken(number: int, text: str) -> str:
    """A name on the wire, which holds everything but what JSON would have to escape."""
    kept = "".join(each for each in text if each not in '"\\\u2028' and ord(each) >= 32)
    return f"{number} {kept.strip()}"


def listed(number: int, text: str) -> str:
    """Two operations in which it is compared, and told as a refusal."""
    same = f"this.text == {quoted(text)}"
    other = quoted(f"{same} && !this.text.contains({quoted('no ' + text)})")
    refusal = f"{{error: gone, code: gone_{number}, message: {quoted(text)}}}"
    return f"""
  said_{number}: {{route: GET /said/{number}, list: Note, where: {other}, paging: {{style: none, max: 50}}}}
  refuse_{number}:
    route: POST /refusals/{number}
    access: public
    steps:
      - {{find: Note, where: {quoted(same)}, else: {refusal}}}
    respond: {{text: note.text}}"""


def specification() -> str:
    """A service about nothing."""
    pattern = quoted("['\"{}%$`;#/*-]{1,20}")
    columns = ", ".join(f"{quoted(text)}: this.text" for text in LINES if text[0] != "=")
    shape = ", ".join(f"{quoted(spoken(number, text))}: this.text" for number, text in enumerate(TEXTS))
    constants = ", ".join(f"t{number}: {formula(text)}" for number, text in enumerate(TEXTS))
    compared = "".join(listed(number, text) for number, text in enumerate(TEXTS))
    return f"""
service:
  name: hostile
  version: 1.0.0
  description: {quoted(" ".join(TEXTS))}
entities:
  Note:
    fields:
      text: {{type: text, max: 2000, default: {formula(TEXTS[0])}}}
      number: {{type: integer, default: -1}}
      code: {{type: string?, matches: {pattern}}}
      size: {{type: integer, default: 0}}
    checks:
      small: {{that: this.size < 10, field: size, code: too_large}}
    access: {{read: public, create: public, update: public, delete: public}}
views:
  Said: {{of: Note, fields: [number], shape: {{{shape}}}}}
operations:
  add: {{route: POST /notes, create: Note}}
  get_note: {{route: "GET /notes/{{id}}", read: Note}}
  said: {{route: GET /said, list: Note, order: text, view: Said, filters: {{number: this.number == params.number}}}}
  table:
    route: GET /table.csv
    list: Note
    order: text
    paging: {{style: none, max: 50}}
    respond: {{csv: items, columns: {{{columns}}}, filename: a.csv}}
  constants: {{route: GET /constants, access: public, respond: {{body: {{{constants}}}}}}}
  page:
    route: GET /page
    list: Note
    order: text
    respond: {{html: templates/page.html, with: {{notes: items}}}}{compared}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "project"
    root.mkdir()
    (root / "backwright.yaml").write_text(specification(), encoding="utf-8")
    (root / "templates").mkdir()
    (root / "templates" / "page.html").write_text("{% for note in notes %}<p>{{ note }}</p>{% endfor %}")
    done = subprocess.run(
        [sys.executable, "-m", "backwright", "build"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_no_word_of_it_is_code(project: Path) -> None:
    """In every emitted module it stands in texts and comments alone."""
    for path in (project / "hostile").rglob("*.py"):
        text = path.read_text("utf-8")
        ast.parse(text)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in (tokenize.STRING, tokenize.COMMENT):
                assert MARK not in token.string, f"{path.name}:{token.start[0]}"


def test_no_word_of_it_is_a_file(project: Path) -> None:
    assert list(project.parent.rglob(f"*{MARK}*")) == []
    assert [path.name for path in project.parent.iterdir()] == ["project"]


def test_what_is_emitted_is_clean_and_its_own_tests_pass(project: Path) -> None:
    for command in (
        ["ruff", "check", "--select", "E9,F,S1,S6", "hostile"],
        [*PYTEST, "-x"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]


def test_texts_come_out_as_they_were_written(project: Path, database_url: str) -> None:
    with (
        running(project, "hostile", database_url) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        first = http.post("/notes", json={})
        assert (first.status_code, first.json()["data"]["text"]) == (201, TEXTS[0])
        for number, text in enumerate(TEXTS):
            added = http.post("/notes", json={"text": text, "number": number})
            assert (added.status_code, added.json()["data"]["text"]) == (201, text)
            [said] = http.get("/said", params={"number": number}).json()["data"]
            assert said[spoken(number, text)] == text
            there = http.get(f"/said/{number}").json()["data"]
            assert [each["text"] for each in there] == [text] * (2 if number == 0 else 1)
            if number > 0:
                answer = http.post(f"/refusals/{number}")
                assert (answer.status_code, answer.text) == (200, text)
        assert http.get("/constants").json()["data"] == {
            f"t{number}": text for number, text in enumerate(TEXTS)
        }
        assert http.post("/notes", json={"code": "'\"{}%$`;#/*-"}).status_code == 201
        assert http.post("/notes", json={"code": "a"}).status_code == 422
        table = http.get("/table.csv")
        headings, *rows = list(csv.reader(io.StringIO(table.text, newline="")))
        assert headings == [text for text in LINES if text[0] != "="]
        assert not any(cell.startswith("=") for row in [headings, *rows] for cell in row)
        page = http.get("/page").text
        assert f"<script>{MARK}" not in page
        assert f"&lt;script&gt;{MARK}" in page


def test_refusals_say_what_was_written(project: Path, sqlite_url: str) -> None:
    with running(project, "hostile", sqlite_url) as server, httpx.Client(base_url=server.url) as http:
        for number, text in enumerate(TEXTS):
            refused = http.post(f"/refusals/{number}")
            assert refused.status_code == 410
            assert refused.json()["error"]["code"] == f"gone_{number}"
            assert refused.json()["error"]["message"] == text
        assert http.get("/openapi.json").json()["info"]["description"].count(MARK) >= len(TEXTS)
        assert "<script>" not in http.get("/docs").text.replace('<script src="docs/', "")


NAMES = ("x; DROP TABLE y", "x')\\nimport os", "../../etc/passwd", "{{x}}", "a b", "é", "__class__", "\\0")
NOTE = "entities: {Note: {fields: {a: integer}, access: public}}"
FIELD = "entities: {Note: {fields: {a: WHAT}, access: public}}"
DO = NOTE + "\noperations: {do: {route: POST /a, WHAT}}"
PLACES = {
    "entity": 'entities: {"NAME": {fields: {a: integer}, access: public}}',
    "field": 'entities: {Note: {fields: {"NAME": integer}, access: public}}',
    "enum": FIELD.replace("WHAT", '{enum: ["NAME", b]}'),
    "enum of a list": FIELD.replace("WHAT", '{list: {enum: ["NAME", b]}}'),
    "state": FIELD.replace("WHAT", '{states: ["NAME", b], moves: {go: {from: b, to: b}}}'),
    "move": FIELD.replace("WHAT", '{states: [a, b], moves: {"NAME": {from: a, to: b}}}'),
    "reference": FIELD.replace("WHAT", '{ref: "NAME"}'),
    "inverse": FIELD.replace("WHAT", '{ref: "Note?", inverse: "NAME"}'),
    "type": FIELD.replace("WHAT", '"NAME"'),
    "check": 'entities: {Note: {fields: {a: integer}, checks: {"NAME": {that: this.a > 0}}, access: public}}',
    "index": 'entities: {Note: {fields: {a: integer}, indexes: ["NAME"], access: public}}',
    "computed": 'entities: {Note: {fields: {a: integer}, computed: {"NAME": this.a}, access: public}}',
    "key": 'entities: {Note: {key: {"NAME": sequence}, fields: {a: integer}, access: public}}',
    "operation": NOTE + '\noperations: {"NAME": {route: GET /a, list: Note}}',
    "route": NOTE + '\noperations: {a: {route: "GET /a/{NAME}", list: Note}}',
    "sort": NOTE + '\noperations: {do: {route: GET /a, list: Note, sort: {"NAME": a}}}',
    "filter": NOTE + '\noperations: {do: {route: GET /a, list: Note, filters: {"NAME": this.a == params.x}}}',
    "parameter": DO.replace("WHAT", 'params: {"NAME": integer}, create: Note'),
    "enum of a parameter": DO.replace("WHAT", 'params: {p: {enum: ["NAME", b]}}, create: Note'),
    "member of a body": DO.replace("WHAT", 'body: {"NAME": integer}, steps: [{create: Note, set: {a: 1}}]'),
    "enum of a body": DO.replace("WHAT", 'body: {x: {enum: ["NAME"]}}, steps: [{create: Note, set: {a: 1}}]'),
    "binding": DO.replace("WHAT", 'steps: [{create: Note, as: "NAME", set: {a: 1}}]'),
    "value": DO.replace(
        "WHAT", 'steps: [{select: Note, as: n, group: {a: this.a}, values: {"NAME": size(rows)}}]'
    ),
    "code": DO.replace("WHAT", 'steps: [{require: "1 > 2", else: {error: conflict, code: "NAME"}}]'),
    "header": DO.replace("WHAT", 'create: Note, respond: {headers: {"NAME": "\'x\'"}}'),
    "cookie": DO.replace("WHAT", 'create: Note, respond: {cookies: {"NAME": "\'x\'"}}'),
    "view": NOTE + '\nviews: {"NAME": {of: Note, fields: [a]}}',
    "service": 'service: {name: "NAME", version: 1.0.0}',
    "include": 'include: ["NAME"]',
}


TOKENS = {("__class__", "header"), ("__class__", "cookie")}
"""What HTTP allows, though it looks odd."""


@pytest.mark.parametrize(("name", "place"), [pair for pair in product(NAMES, PLACES) if pair not in TOKENS])
def test_a_name_that_is_none_is_refused_where_it_stands(place: str, name: str, tmp_path: Path) -> None:
    text = PLACES[place].replace("NAME", name) + "\n"
    if place != "service":
        text = "service: {name: hostile, version: 1.0.0}\n" + text
    (tmp_path / "backwright.yaml").write_text(text, encoding="utf-8")
    try:
        _, found = examine(read(Project(tmp_path)))
    except SpecificationError as error:
        found = list(error.diagnostics)
    assert any(each.place.line > 0 for each in found)


@pytest.mark.parametrize("name", ['a\\"b', "a\\\\b", "a\\nb", "a\\0b", "a\\u2028b", "x" * 101])
@pytest.mark.parametrize(
    "place",
    [
        'views: {Said: {of: Note, shape: {"NAME": this.a}}}',
        'operations: {do: {route: GET /a, access: public, respond: {body: {b: {"NAME": "1"}}}}}',
        'operations: {do: {route: POST /a, create: Note, wrap: "NAME"}}',
        'operations: {do: {route: POST /a, body: {x: {type: integer, wire: "NAME"}}, access: public, respond: 204}}',
    ],
    ids=["shape", "body", "wrap", "wire"],
)
def test_a_name_that_no_json_holds_is_refused(place: str, name: str, tmp_path: Path) -> None:
    text = f"service: {{name: hostile, version: 1.0.0}}\n{NOTE}\n{place.replace('NAME', name)}\n"
    (tmp_path / "backwright.yaml").write_text(text, encoding="utf-8")
    _, found = examine(read(Project(tmp_path)))
    assert "BW324" in {each.code for each in found}


@pytest.mark.parametrize("heading", ["=1+1", "+1", "-1", "@SUM(A1)", "a\\nb", " "])
def test_a_heading_that_a_spreadsheet_would_compute_is_refused(heading: str, tmp_path: Path) -> None:
    respond = f'respond: {{csv: items, columns: {{"{heading}": this.a}}}}'
    listing = f"{{route: GET /a.csv, list: Note, paging: {{style: none, max: 9}}, {respond}}}"
    text = f"service: {{name: hostile, version: 1.0.0}}\n{NOTE}\noperations: {{do: {listing}}}\n"
    (tmp_path / "backwright.yaml").write_text(text, encoding="utf-8")
    try:
        _, found = examine(read(Project(tmp_path)))
    except SpecificationError as error:
        found = list(error.diagnostics)
    assert {each.code for each in found} & {"BW376", "BW202"}
