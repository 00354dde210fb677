"""`[NEEDS CLARIFICATION: …]`: the places where whoever wrote a feature did not guess.

In `plan.md` the words also stand alone, as the value of a field: `**Storage**: NEEDS CLARIFICATION`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from backwright.task.asked import Clarification, FileName
from backwright.task.events import Role
from backwright.task.prose import Passage, outside_code

ROLES: tuple[Role, ...] = get_args(Role)

_MARK = re.compile(r"\[\s*NEEDS\s+CLARIFICATIONS?\b\s*", re.IGNORECASE)
_TO = re.compile(r"\(\s*(?P<role>[a-z][a-z -]{0,30}?)\s*\)\s*", re.IGNORECASE)
_FIELD = re.compile(r"^(?:[-*+][ \t]+)?\*\*(?P<name>[^*]{1,80}?):?\*\*:?\s*(?P<value>.*)$")
_BRACKET = re.compile(r"[\[\]]")
_ALONE = re.compile(r"(?<!\[)\bNEEDS CLARIFICATION\b")
_LONGEST = 2000
"""Characters of a question."""
_CONTEXT = 200
"""Characters of the passage that stand for a mark without words."""


def marks(passage: Passage, file: FileName, about: str = "", story: str = "") -> Iterator[Clarification]:
    """Every mark of a passage. What stands in code is quoted and is no mark."""
    bare = outside_code(passage.text)
    for found in _MARK.finditer(bare):
        end = _closing(bare, found.start())
        inside = passage.text[found.end() : end]
        role, words = _addressed(inside)
        yield Clarification(
            text=words or _around(passage.text, found.start(), end),
            file=file,
            about=about,
            story=story,
            role=role,
            place=passage.at(found.start()),
        )
    field = _FIELD.match(bare)
    if field and (alone := _ALONE.search(field["value"])) and not _in_brackets(field["value"], alone.start()):
        yield Clarification(
            text=field["name"].strip(),
            file=file,
            about=about,
            place=passage.at(field.start("value") + alone.start()),
        )


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes: brackets inside it come in pairs."""
    depth = 0
    last = min(len(text), start + _LONGEST)
    for bracket in _BRACKET.finditer(text, start, last):
        depth += 1 if bracket[0] == "[" else -1
        if depth == 0:
            return bracket.start()
    return last


def _addressed(inside: str) -> tuple[Role | None, str]:
    """`(security): who may …` names a role; other brackets belong to the words."""
    named = _TO.match(inside)
    if named:
        name = "-".join(named["role"].lower().split())
        for role in ROLES:
            if role == name:
                return role, _words(inside[named.end() :])
    return None, _words(inside)


def _words(text: str) -> str:
    return text.strip().lstrip(":–—-").strip()


def _around(text: str, start: int, end: int) -> str:
    """A mark that asks nothing is about what stands around it."""
    near = f"{text[:start][-_CONTEXT:]} … {text[end + 1 :][:_CONTEXT]}"
    return " ".join(near.split()).strip(" *#-:.") or "a marked place"


def _in_brackets(text: str, index: int) -> bool:
    return text.count("[", 0, index) > text.count("]", 0, index)
