"""A target file says what it means, and each mistake in it has a code and a place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from notes_contract import CONTRACT

from backwright.spec.diagnostics import SpecificationError
from backwright.verify.observed import Target as Performance
from backwright.verify.target.contract import base_path, operations_of
from backwright.verify.target.file import Target
from backwright.verify.target.reading import read_target

GOOD = """
url: http://127.0.0.1:8123
contract: openapi.json
callers:
  ann: {headers: {Authorization: "Bearer ${TOKEN}"}}
"""
MISTAKES = (
    ("urls: x", "BW960", 6, "did you mean `url`?"),
    ('start: {command: "python app.py"}', "BW960", 6, "python, app.py"),
    ("start: {command: [x], folder: nowhere}", "BW960", 6, "name one"),
    ("database: {reset: now}", "BW960", 6, "reset"),
    ("ready: [a]", "BW960", 6, "one value"),
    ("expected: {p95_ms: fast}", "BW960", 6, "number"),
    ("allow_remote: perhaps", "BW960", 6, "true"),
    ("shared: [POST /note]", "BW966", 6, "did you mean `POST /notes`?"),
    ("operations: [nothing]", "BW966", 6, "method and path"),
    ("name: ${NOT_SET}", "BW962", 6, "export NOT_SET"),
)


def read(folder: Path, text: str) -> Target:
    (folder / "openapi.json").write_text(json.dumps(CONTRACT), "utf-8")
    path = folder / "target.yaml"
    path.write_text(text, "utf-8")
    return read_target(path, {"TOKEN": "swordfish"})


@pytest.mark.parametrize(("line", "code", "at", "mend"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_with_its_place(tmp_path: Path, line: str, code: str, at: int, mend: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        read(tmp_path, GOOD + line + "\n")
    (told,) = caught.value.diagnostics
    assert (told.code, told.place.file, told.place.line) == (code, "target.yaml", at)
    assert mend in told.mend


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOOD.replace("openapi.json", "nowhere.json"), "BW964"),
        (GOOD.replace("127.0.0.1", "api.example.com"), "BW965"),
        (GOOD.replace("url: http://127.0.0.1:8123", "url: 127.0.0.1"), "BW960"),
        (GOOD.replace("url: http://127.0.0.1:8123\n", ""), "BW960"),
        (GOOD.replace("Bearer ${TOKEN}", "Bearer eyJhbGciOi"), "BW963"),
        (GOOD.replace("Bearer ${TOKEN}", "Bearer {tokn}"), "BW961"),
        (
            GOOD.replace('headers: {Authorization: "Bearer ${TOKEN}"}', "sign_in: [{request: /users}]"),
            "BW960",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        read(tmp_path, text)
    assert code in [told.code for told in caught.value.diagnostics]


def test_the_contract_is_as_this_backend_serves_it(tmp_path: Path) -> None:
    target = read(tmp_path, GOOD + "base_path: /api\noperations: [GET /notes]\n")
    assert base_path(target.contract) == "/api"
    assert [each.name for each in operations_of(target.contract)] == ["GET /notes"]
    assert operations_of(target.contract)[0].secured


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    target = read(tmp_path, GOOD)
    assert target.callers[0].headers == {"Authorization": "Bearer swordfish"}


def test_declared_performance_is_what_gates_see(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD + "expected: {p95_ms: 80}\n").expected == Performance(p95=80.0, rate=20.0)


LIKE = """  bob: {like: ann}
  carl: {like: bob, headers: {X-Kind: "{name}"}}
"""


def test_a_caller_like_another_signs_in_as_that_one_does(tmp_path: Path) -> None:
    first = GOOD.replace(
        "ann: {", 'ann: {sign_in: [{request: POST /users, body: {name: "{name}"}, keep: {id: id}}], '
    )
    ann, bob, carl = read(tmp_path, first + LIKE).callers
    assert (bob.name, bob.headers, bob.sign_in) == ("bob", ann.headers, ann.sign_in)
    assert (carl.sign_in, carl.headers) == (ann.sign_in, {"X-Kind": "{name}"})


def test_a_caller_like_one_that_is_not_above_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        read(tmp_path, GOOD + "  bob: {like: carl, headers: {X: '1'}}\n")
    (told,) = caught.value.diagnostics
    assert (told.code, told.place.line, told.mend) == ("BW960", 6, "name ann")
