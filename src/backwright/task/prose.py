"""Markdown as people and their tools write it, taken apart into the passages that say something.

Comments, fenced code, front matter and the parts between our own marks are blanked out and not cut out: every
character of what is left stands where it stands in the file, so that places are right and a box can be ticked without
touching anything else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

import msgspec

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.task.documents import LIMIT, Document
from backwright.task.marks import Mark, mark, parts

NOT_CLOSED = register(
    "BW908",
    "A comment or a code block is not closed",
    "Everything behind it is no longer text: requirements and tasks would be missing.",
    "<!-- not decided yet",
)
CONTROL = register(
    "BW915",
    "Text with control characters",
    "They can make a terminal or an editor show something else than what is written.",
)

LONGEST = 20_000
"""Characters of a line, and of a passage."""
MOST_NOTES = 50
"""Diagnostics of one kind and file; the rest is counted."""

HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]+|$)")
BULLET = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_FENCE = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_OPENS = re.compile(r"`+|<!--")
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$")
_STEP = re.compile(r"^\*\*(?:When|Then|And|But)\b", re.IGNORECASE)


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A heading, list item, paragraph or table row as one text. `starts` are where its lines begin in `text`."""

    file: str
    number: int
    text: str
    starts: tuple[int, ...]
    indents: tuple[int, ...]

    @property
    def place(self) -> Place:
        return self.at(0)

    def at(self, offset: int) -> Place:
        """Where a character of the text stands in the file."""
        line = bisect_right(self.starts, offset) - 1
        column = offset - self.starts[line] + self.indents[line] + 1
        return Place(self.file, self.number + line, column)


class Prose(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says. `visible` has the length of the document's text."""

    file: str
    visible: str
    passages: tuple[Passage, ...] = ()
    marks: tuple[Mark, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read(document: Document) -> Prose:
    """The passages of a document, and what is wrong with its form."""
    notes = _Notes(document.file)
    found: list[Mark] = []
    lines = list(_visible(document.text, notes, found))
    for part in parts(found)[0]:
        within = slice(part.begins, part.ends - 1)
        lines[within] = [" " * len(line) for line in lines[within]]
    visible = "\n".join(lines)
    passages = tuple(_passages(visible, notes))
    return Prose(
        file=document.file,
        visible=visible,
        passages=passages,
        marks=tuple(found),
        diagnostics=(*document.diagnostics, *notes.all()),
    )


class _Notes:
    """Diagnostics about one file, not more of a kind than anybody reads."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[str, list[Diagnostic]] = {}

    def add(self, found: Diagnostic) -> None:
        self._found.setdefault(found.code, []).append(found)

    def all(self) -> Iterator[Diagnostic]:
        for found in self._found.values():
            yield from few(found)


def few(found: list[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics of one kind; where they are many, the last one says how many more there are."""
    if len(found) <= MOST_NOTES:
        return found
    left = len(found) - MOST_NOTES
    last = found[MOST_NOTES]
    return [
        *found[:MOST_NOTES],
        msgspec.structs.replace(last, message=f"{last.message} (and {left - 1} more)"),
    ]


def outside_code(text: str) -> str:
    """The text with its code spans blanked out: what stands in them is quoted and not said."""
    if "`" not in text:
        return text
    parts: list[str] = []
    end = 0
    for begin, stop in _code_spans(text):
        parts += [text[end:begin], " " * (stop - begin)]
        end = stop
    return "".join([*parts, text[end:]])


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where code spans begin and end: a run of backticks up to the next run of the same length."""
    runs = [(m.start(), m.end()) for m in re.finditer(r"`+", text)]
    later: dict[int, list[int]] = {}
    for index, (begin, end) in enumerate(runs):
        later.setdefault(end - begin, []).append(index)
    index = 0
    while index < len(runs):
        begin, end = runs[index]
        same = later[end - begin]
        following = bisect_right(same, index)
        if following < len(same):
            index = same[following]
            yield begin, runs[index][1]
        index += 1


# Blanking out --------------------------------------------------------------------------------------------


def _visible(text: str, notes: _Notes, found: list[Mark]) -> Iterator[str]:
    """The lines of a text with all that is not said blanked out; `found` are the marks among them."""
    lines = text.split("\n")
    matter = _front_matter(lines)
    fence = ""
    since = 0
    comment = False
    for number, raw in enumerate(lines, start=1):
        line = _plain(raw, number, notes)
        if number <= matter or not line:
            yield " " * len(raw)
        elif fence:
            closes = _FENCE.match(line)
            if closes and closes["marks"].startswith(fence) and not closes["info"].strip():
                fence = ""
            yield " " * len(raw)
        elif not comment and (opens := _fence(line)):
            fence, since = opens, number
            yield " " * len(raw)
        else:
            was = comment
            own = None if comment else mark(line, number)
            found += [own] if own else []
            shown, comment = _uncommented(line, comment)
            since = number if comment and not was else since
            yield shown
    if fence or comment:
        what = "code block" if fence else "comment"
        message = f"the {what} that begins here goes on to the end of the file"
        mend = f"Close it with `{fence}`." if fence else "Close it with `-->`."
        notes.add(diagnose(NOT_CLOSED, Place(notes.file, since, 1), message, mend))


def _plain(raw: str, number: int, notes: _Notes) -> str:
    """A line without its carriage return, its byte order mark and what would steer a terminal; of the same length."""
    line = raw[:-1] + " " if raw.endswith("\r") else raw
    if number == 1 and line.startswith("\ufeff"):
        line = " " + line[1:]
    place = Place(notes.file, number, 1)
    if len(line) > LONGEST:
        message = f"the line has more than {LONGEST} characters and is not read"
        notes.add(diagnose(LIMIT, place, message, "Break it into several lines."))
        return ""
    if found := _CONTROL.search(line):
        message = f"the line has the control character U+{ord(found[0]):04X}"
        notes.add(diagnose(CONTROL, place.shifted(found.start()), message, "Take it out.", "warning"))
        line = _CONTROL.sub("\ufffd", line)
    return line.expandtabs(1)


def _front_matter(lines: list[str]) -> int:
    """How many lines of YAML stand before the text."""
    if lines[0].strip("\ufeff\r \t") != "---":
        return 0
    for number, line in enumerate(lines[1:200], start=2):
        if line.rstrip() in ("---", "..."):
            return number
    return 0


def _fence(line: str) -> str:
    """The marks that a fenced block begins with, if one begins."""
    found = _FENCE.match(line)
    return found["marks"] if found and not ("`" in found["marks"] and "`" in found["info"]) else ""


def _uncommented(line: str, inside: bool) -> tuple[str, bool]:
    """A line with its comments blanked out, and whether one goes on behind it."""
    if not inside and "<!--" not in line:
        return line, False
    parts: list[str] = []
    at = 0
    quoted = line.find("-->") + 3 if inside else 0  # a comment that comes in may quote anything
    spans = {begin + quoted: last + quoted for begin, last in _code_spans(line[quoted:])}
    while at < len(line):
        if inside:
            end = line.find("-->", at)
            stop = len(line) if end < 0 else end + 3
            parts.append(" " * (stop - at))
            inside = end < 0
            at = stop
            continue
        opens = _OPENS.search(line, at)
        while opens and opens[0] != "<!--":
            opens = _OPENS.search(line, spans.get(opens.start(), opens.end()))
        stop = opens.start() if opens else len(line)
        parts.append(line[at:stop])
        inside = opens is not None
        at = stop
    return "".join(parts), inside


# Passages ------------------------------------------------------------------------------------------------


def _passages(visible: str, notes: _Notes) -> Iterator[Passage]:
    """What belongs together: an item with its continuation lines, a paragraph, a heading, a row of a table."""
    held: list[str] = []
    first = 0
    size = 0
    for number, line in enumerate(visible.split("\n"), start=1):
        if held and _continues(held, line):
            size += len(line)
            if size <= LONGEST:
                held.append(line)
                continue
            message = f"the passage that begins in line {first} has more than {LONGEST} characters"
            place = Place(notes.file, number, 1)
            notes.add(diagnose(LIMIT, place, message, "Make paragraphs or items of it."))
        if held:
            yield _passage(notes.file, first, held)
        held, first, size = ([line] if line.strip() else []), number, len(line)
    if held:
        yield _passage(notes.file, first, held)


def _continues(held: list[str], line: str) -> bool:
    """Whether a line goes on with what is held. A list item's next line need not be indented (it is lazy)."""
    bare = line.strip()
    if not bare or any(form.match(line) for form in (HEADING, BULLET, _RULE)):
        return False
    if HEADING.match(held[0]) or _RULE.match(held[0]) or "|" in (bare[0], held[0].lstrip()[0]):
        return False
    return not bare.startswith("**") or _STEP.match(bare) is not None or line[:1] == " "


def _passage(file: str, number: int, lines: list[str]) -> Passage:
    starts: list[int] = []
    indents: list[int] = []
    words: list[str] = []
    size = 0
    for line in lines:
        bare = line.strip()
        starts.append(size)
        indents.append(len(line) - len(line.lstrip()))
        words.append(bare)
        size += len(bare) + 1
    return Passage(
        file=file, number=number, text=" ".join(words), starts=tuple(starts), indents=tuple(indents)
    )
