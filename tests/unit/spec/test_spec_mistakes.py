"""A specification of a thousand lines with every mistake there is: each is said, with its code, at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from spec_mistakes import ENTITY, FILES, HEAD, MEANT, SHAPED, WRITTEN, Mistake

import backwright.pipeline.whole  # noqa: F401  reaches every module that registers a diagnostic
from backwright.model.build import examine
from backwright.model.check import rules
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, registered

LINES = 1000
ALONE = MEANT | SHAPED | WRITTEN
CASES = Path(__file__).parents[2] / "cases" / "specification"
FRONT_END = re.compile(r"BW[1-5]\d\d")


def said(root: Path, files: Mapping[str, str]) -> list[Diagnostic]:
    """Every diagnostic about a project of these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        return examine(read(Project(root)))[1]
    except SpecificationError as error:
        return list(error.diagnostics)


def marked(file: str, text: str) -> tuple[str, list[Place]]:
    """The text without its marks, and the places that they stood before."""
    places = []
    while (at := text.find("«")) >= 0:
        places.append(Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)))
        text = text[:at] + text[at + 1 :]
    return text, places


def laid_out(mistakes: Mapping[str, Mistake]) -> tuple[str, list[tuple[str, Place]]]:
    """A thousand lines or more: entity after entity, each with the next mistake; and what is wrong where."""
    text, expected = HEAD, []
    number = 0
    while text.count("\n") < LINES:
        for code, mistake in mistakes.items():
            number += 1
            text, places = marked("backwright.yaml", text + mistake.named(f"Mine{number}"))
            expected += [(code, place) for place in places]
    return text, expected


@pytest.mark.parametrize("mistakes", [MEANT, SHAPED, WRITTEN], ids=["meaning", "shape", "text"])
def test_every_mistake_of_a_thousand_lines_is_said_at_its_place(
    tmp_path: Path, mistakes: Mapping[str, Mistake]
) -> None:
    text, expected = laid_out(mistakes)
    found = {(each.code, each.place) for each in said(tmp_path, {"backwright.yaml": text})}
    assert {code for code, _ in expected} == set(mistakes)
    assert [each for each in expected if each not in found] == []


@pytest.mark.parametrize("code", ALONE)
def test_a_mistake_alone_is_said_at_its_place_and_the_rest_is_fine(tmp_path: Path, code: str) -> None:
    mistake = ALONE[code]
    text, (place,) = marked("backwright.yaml", HEAD + ENTITY + mistake.named("Mine"))
    found = said(tmp_path, {"backwright.yaml": text})
    assert (code, place) in {(each.code, each.place) for each in found}
    first = (HEAD + ENTITY).count("\n")
    assert all(each.place.line > first for each in found), "only the entity with the mistake is named"


@pytest.mark.parametrize("code", FILES)
def test_what_is_wrong_with_a_whole_file_is_said_at_its_place(tmp_path: Path, code: str) -> None:
    written = {name: marked(name, text) for name, text in FILES[code].items()}
    found = said(tmp_path, {name: text for name, (text, _) in written.items()})
    (place,) = (place for _, places in written.values() for place in places)
    assert (code, place) in {(each.code, each.place) for each in found}


# Files that cannot be read and rules that grow too large have tests of their own.
ELSEWHERE = {"BW101", "BW121", "BW322"}


def test_every_code_of_reading_and_understanding_has_a_mistake_here_or_a_case() -> None:
    rules()  # they register their codes when they are first asked for
    codes = {code.code for code in registered() if FRONT_END.fullmatch(code.code)}
    cases = "".join(path.read_text("utf-8") for path in CASES.glob("*/expected.txt"))
    assert codes - {*ALONE, *FILES, *ELSEWHERE} - set(FRONT_END.findall(cases)) == set()
    assert {*ALONE, *FILES} <= codes
