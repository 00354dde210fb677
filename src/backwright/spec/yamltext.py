"""Reads YAML text into `raw` values, iteratively and within limits: no input makes it crash or hang."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.raw import Entry, Items, Raw, Scalar, Table
from backwright.spec.traps import SYNTAX, anchor_trap, syntax_problem, tag_trap
from backwright.spec.turns import place_in, turns_of

DUPLICATE = register(
    "BW105",
    "A key is given twice",
    "YAML readers keep one of the two and drop the other in silence.",
    "fields: {title: string, title: text}",
)
LIMIT = register(
    "BW108",
    "The file is too large or too deeply nested",
    "Limits keep reading fast and predictable, whoever wrote the file.",
)
DOCUMENTS = register(
    "BW112",
    "Not exactly one table",
    "A specification file is one YAML document: a table of keys.",
    "--- \nservice: {…}\n---\nentities: {…}",
)
KEY = register(
    "BW113",
    "A key that is not a word",
    "Keys are names; a list or a table cannot be one.",
    "? [a, b]\n: c",
)

_COMMENT = re.compile(r"[ \t]+(#[^\n]*)")
LARGEST = 1024 * 1024
DEEPEST = 24
MOST = 100_000


class _Open(msgspec.Struct):
    """A list or table whose end has not been reached. In a table, keys and values alternate."""

    place: Place
    flow: bool
    table: bool
    children: list[Raw]


class _Reading:
    """The state of reading one text."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.found: list[Diagnostic] = []
        self.open: list[_Open] = []
        self.roots: list[Raw] = []
        self.count = 0

    def place(self, mark: Any) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1)

    def add(self, value: Raw) -> None:
        self.count += 1
        (self.open[-1].children if self.open else self.roots).append(value)

    def too_much(self, place: Place) -> bool:
        if len(self.open) <= DEEPEST and self.count <= MOST:
            return False
        message = f"more than {DEEPEST} levels or {MOST} values"
        self.found.append(diagnose(LIMIT, place, message, "split the specification with include"))
        return True

    def scalar(self, event: Any, place: Place) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        style = event.style or ""
        turns = turns_of(self.text[start:end], event.value, style, place)
        return Scalar(event.value, place, style, None if style else self.comment(end), turns, start, end)

    def comment(self, end: int) -> str | None:
        """The comment behind a plain value that ends at `end`."""
        behind = _COMMENT.match(self.text, end)
        return None if behind is None else behind[1].rstrip()

    def trapped(self, event: Any, place: Place) -> None:
        if event.tag is not None and str(event.tag) != "!":
            self.found.append(tag_trap(str(event.tag), place))
        elif event.anchor is not None:
            self.found.append(anchor_trap(event.anchor, place, alias=isinstance(event, AliasEvent)))

    def close(self) -> None:
        done = self.open.pop()
        if done.table:
            self.add(Table(tuple(self.entries(done.children)), done.place, done.flow))
        else:
            self.add(Items(tuple(done.children), done.place, done.flow))

    def entries(self, children: list[Raw]) -> Iterator[Entry]:
        seen: dict[str, Place] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.found.append(diagnose(KEY, key.place, "this key is not a word", "write a name"))
            elif key.value in seen:
                message = f"`{key.value}` is given twice, first at {seen[key.value]}"
                self.found.append(diagnose(DUPLICATE, key.place, message, "remove one, or rename it"))
            else:
                seen[key.value] = key.place
                yield Entry(key, value)

    def take(self, event: Any) -> bool:
        """Take one event in; false when reading must stop."""
        place = self.place(event.start_mark)
        if isinstance(event, NodeEvent):
            # An alias has no tag of its own.
            if isinstance(event, AliasEvent):
                self.found.append(anchor_trap(event.anchor, place, alias=True))
                self.add(Scalar("", place))
                return True
            self.trapped(event, place)
        match event:
            case ScalarEvent():
                self.add(self.scalar(event, place))
            case MappingStartEvent() | SequenceStartEvent():
                is_table = isinstance(event, MappingStartEvent)
                self.open.append(_Open(place, bool(event.flow_style), is_table, []))
            case MappingEndEvent() | SequenceEndEvent():
                self.close()
            case DocumentStartEvent() if self.roots:
                message = "a second document begins here"
                self.found.append(diagnose(DOCUMENTS, place, message, "remove the line `---`"))
                return False
            case _:
                pass
        return not self.too_much(place)

    def problem(self, error: Exception) -> Diagnostic:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        place = self.place(mark) if mark is not None else Place(self.file, 1, 1)
        lines = self.text.split("\n")
        line = lines[place.line - 1] if place.line <= len(lines) else ""
        problem = error.problem if isinstance(error, MarkedYAMLError) else None
        return syntax_problem(problem or "this is not YAML text", line, place)


def parse(text: str, file: str) -> tuple[Table | None, list[Diagnostic]]:
    """The table of one file (None when there is none), and everything that is wrong with it as YAML."""
    start = Place(file, 1, 1)
    if len(text) > LARGEST:
        message = f"the file has more than {LARGEST} characters"
        return None, [diagnose(LIMIT, start, message, "split the specification with include")]
    unprintable = next((i for i, c in enumerate(text) if c < " " and c not in "\t\n\r"), None)
    if unprintable is not None:
        place = place_in(text, unprintable, start)
        return None, [diagnose(SYNTAX, place, "a control character", "remove it")]
    reading = _Reading(text.removeprefix("\ufeff"), file)
    try:
        for event in YAML(typ="base", pure=True).parse(reading.text):
            if not reading.take(event):
                break
    except (YAMLError, ValueError, OverflowError) as error:
        reading.found.append(reading.problem(error))
    root = reading.roots[0] if reading.roots else None
    if isinstance(root, Table):
        return root, reading.found
    if not reading.found:
        place = start if root is None else root.place
        message = "the file is empty" if root is None else "the file is not a table of keys"
        reading.found.append(diagnose(DOCUMENTS, place, message, "begin with a key such as `service:`"))
    return None, reading.found
