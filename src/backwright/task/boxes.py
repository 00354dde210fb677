"""The checkboxes of `tasks.md`: read with all that belongs to them, and ticked without touching another byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backwright.spec.diagnostics import Place
from backwright.task.asked import Box, story_id
from backwright.task.prose import BULLET, HEADING, Prose

MOST = 2000
"""Boxes of one file that are read."""

_BOX = re.compile(
    r"^(?P<head>[ \t]*(?:>[ \t]*)*(?:[-*+]|\d{1,9}[.)])[ \t]+\[)(?P<mark>[ xX])\](?P<rest>[ \t].*|)$"
)
_ID = re.compile(r"^[*_~`\s]*(?P<id>T-?\d{1,6}[a-z]?)\b[*_~`]*\s*(?:[:.–—-](?=\s|$))?\s*")
_LABEL = re.compile(r"\[\s*(?:P|US[- ]?\d+|Story\s*\d+)\s*\]\s*", re.IGNORECASE)
_STORY = re.compile(r"\[\s*(?:US[- ]?|Story\s*)(\d+)\s*\]", re.IGNORECASE)
_LONGEST = 8000
"""Characters of a task's text; nobody names more."""


def read(prose: Prose) -> Iterator[Box]:
    """The boxes, each with its continuation lines and the items below it that are no boxes themselves."""
    offset = 0
    held: _Held | None = None
    after_blank = False
    for number, line in enumerate(prose.visible.split("\n"), start=1):
        found = _BOX.match(line)
        if held and (found or not _belongs(held.found, line, after_blank)):
            yield _box(prose.file, held)
            held = None
        if found:
            held = _Held(found, offset, number)
        elif held:
            held.add(line.strip())
        after_blank = not line.strip()
        offset += len(line) + 1
    if held:
        yield _box(prose.file, held)


class _Held:
    """A box whose lines are still being read, as many as are."""

    def __init__(self, found: re.Match[str], offset: int, number: int) -> None:
        self.found = found
        self.offset = offset
        self.number = number
        self.words = [found["rest"].strip()[: _LONGEST + 1]]
        self.left = _LONGEST - len(self.words[0])

    def add(self, words: str) -> None:
        """One more line; blank ones count for nothing."""
        if words and self.left >= 0:
            self.words.append(words)
            self.left -= len(words) + 1


def ticked(text: str, wanted: Mapping[int, bool]) -> str:
    """The text with the marks at some offsets set or taken away. Everything else stays as it is."""
    parts: list[str] = []
    end = 0
    for offset, done in sorted(wanted.items()):
        mark = text[offset]
        new = (mark if mark != " " else "x") if done else " "
        parts += [text[end:offset], new]
        end = offset + 1
    return "".join([*parts, text[end:]])


def _belongs(box: re.Match[str], line: str, after_blank: bool) -> bool:
    """Whether a line goes on with a task: it is indented deeper, or follows without a gap and begins nothing."""
    if not line.strip():
        return True
    indent = len(line) - len(line.lstrip())
    if indent > len(box["head"]) - len(box["head"].lstrip()):
        return not HEADING.match(line)
    return not after_blank and not (BULLET.match(line) or HEADING.match(line) or line.lstrip()[0] in "|>*")


def _box(file: str, held: _Held) -> Box:
    found = held.found
    named = _ID.match(held.words[0])
    text = " ".join([held.words[0][named.end() :] if named else held.words[0], *held.words[1:]])
    story = _STORY.search(text)
    return Box(
        id=named["id"] if named else "",
        text=" ".join(_LABEL.sub("", text).split()),
        story=story_id(story[1]) if story else "",
        done=found["mark"] != " ",
        place=Place(file, held.number, len(found["head"]) + 1),
        offset=held.offset + found.start("mark"),
        cut=held.left < 0,
    )
