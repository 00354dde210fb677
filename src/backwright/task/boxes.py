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
    held: re.Match[str] | None = None
    words: list[str] = []
    begin = number = size = 0
    after_blank = False
    for index, line in enumerate(prose.visible.split("\n"), start=1):
        found = _BOX.match(line)
        if held and (found or not _belongs(held, line, after_blank)):
            yield _box(prose.file, held, words, begin, number)
            held = None
        if found:
            held, words, begin, number, size = found, [], offset, index, 0
        elif held and size < _LONGEST:
            words.append(line.strip())
            size += len(line) + 1
        after_blank = not line.strip()
        offset += len(line) + 1
    if held:
        yield _box(prose.file, held, words, begin, number)


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


def _box(file: str, found: re.Match[str], more: list[str], offset: int, number: int) -> Box:
    rest = found["rest"].strip()
    named = _ID.match(rest)
    text = " ".join([rest[named.end() :] if named else rest, *(words for words in more if words)])
    story = _STORY.search(text)
    return Box(
        id=named["id"] if named else "",
        text=" ".join(_LABEL.sub("", text).split()),
        story=story_id(story[1]) if story else "",
        done=found["mark"] != " ",
        place=Place(file, number, len(found["head"]) + 1),
        offset=offset + found.start("mark"),
    )
