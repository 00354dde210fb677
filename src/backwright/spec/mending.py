"""Quotes the values that YAML would read otherwise than they were meant: the traps of `traps.py`, mended.

A mend is a pair of quotes around one value of one line. Nothing else of the text changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backwright.spec.diagnostics import Diagnostic, Place
from backwright.spec.grammar import DOCUMENT
from backwright.spec.grammar.takes import Fixed, Named, Several, Takes, Text
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.shape import entry_takes, option_for, takes_expression
from backwright.spec.traps import (
    COLON,
    QUOTED_START,
    START,
    SYNTAX,
    TAG,
    TERNARY,
    comment_trap,
    split_by_commas,
    split_items,
    unfinished,
)
from backwright.spec.turns import BREAK
from backwright.spec.yamltext import LARGEST, parse

_STOPPED = frozenset({COLON.code, QUOTED_START.code, START.code, SYNTAX.code, TAG.code, TERNARY.code})
_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_OPENS, _CLOSES = "([{", ")]}"
_BEHIND_LIST = re.compile(r"[ ]*[^ ,\]}#]")
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
MOST = 200  # how often a text is read again, less often where it is large


def mended(text: str, file: str) -> str:
    """The text with quotes around every value that a trap of YAML cut off or misread; as it is where none helps."""
    for _ in range(max(2, min(MOST, LARGEST // (len(text) + 1)))):
        table, found = parse(text, file)
        if table is None or any(problem.code in _STOPPED for problem in found):
            better = _after_a_mistake(text, file, found)
        else:
            better = _with_quotes(text, file, _misread(text, table, DOCUMENT))
        if better is None or better == text:
            return text
        text = better
    return text


# Text that YAML refuses ---------------------------------------------------------------------------------


def _after_a_mistake(text: str, file: str, found: list[Diagnostic]) -> str | None:
    """The text with one value quoted, so that the reader comes further than to the first mistake."""
    stopped = next((problem for problem in found if problem.code in _STOPPED), None)
    if stopped is None:
        return None
    reached = _offset(text, stopped.place)
    first = text.rfind("\n", 0, reached) + 1
    last = BREAK.search(text, reached)
    line = text[first : last.start() if last else len(text)]
    for start in reversed([first + start for start in _starts(line) if first + start <= reached]):
        for in_flow in (True, False):
            end = extent(text, start, in_flow=in_flow)
            if text[start] == "{" or not start <= reached <= end or unfinished(text[start:end]):
                continue
            tried = quoted_within(text, start, end)
            if tried is not None and _goes_further(tried, file, reached + len(tried) - len(text)):
                return tried
    return None


def _starts(line: str) -> Iterator[int]:
    """Where values may begin in a line: behind `key: `, `- `, and in braces and brackets that are YAML's own."""
    inside: list[bool] = []  # the brackets around, and whether each belongs to an expression
    begins, index = True, 0
    while index < len(line):
        character = line[index]
        if character == " ":
            index += 1
            continue
        expression = any(inside)
        if begins and not expression:
            yield index
        string = _STRING.match(line, index)
        if string is not None:
            begins, index = False, string.end()
            continue
        if character in _OPENS:
            goes_on = character == "[" and _BEHIND_LIST.match(line, _closed(line, index)) is not None
            inside.append(expression or character == "(" or not begins or goes_on)
            begins = not inside[-1]
        elif character in _CLOSES:
            if inside:
                inside.pop()
            begins = False
        elif character == "," and inside and not expression:
            begins = True
        else:
            begins = not expression and character in ":-" and line[index + 1 : index + 2] == " "
        index += 1


def _closed(line: str, start: int) -> int:
    """The offset behind the bracket that closes the one at `start`, or the end of the line."""
    return min(len(line), extent(line, start + 1, in_flow=False) + 1)


def _goes_further(text: str, file: str, reached: int) -> bool:
    _, found = parse(text, file)
    again = next((problem for problem in found if problem.code in _STOPPED), None)
    return again is None or _offset(text, again.place) > reached


# Text that YAML reads otherwise -------------------------------------------------------------------------

Part = tuple[int, int]
"""Where a value begins and where it ends as it was meant."""


def _misread(text: str, raw: Raw, takes: Takes) -> Iterator[Part]:
    """The values that need quotes."""
    option = option_for(raw, takes)
    match raw:
        case Table() if isinstance(option, Fixed | Named):
            inner = [entry_takes(entry, option) for entry in raw.entries]
            split = [
                split_by_commas(raw.entries, index) if raw.flow and each and takes_expression(each) else 0
                for index, each in enumerate(inner)
            ]
            yield from _values(text, [entry.value for entry in raw.entries], inner, split, in_flow=raw.flow)
        case Items() if isinstance(option, Several):
            listed = raw.flow and takes_expression(option.of)
            split = [split_items(raw.items, index) if listed else 0 for index in range(len(raw.items))]
            yield from _values(text, raw.items, [option.of] * len(raw.items), split, in_flow=raw.flow)
        case _:
            pass


def _values(
    text: str, values: Iterable[Raw], takes: Iterable[Takes | None], split: Iterable[int], *, in_flow: bool
) -> Iterator[Part]:
    rest = 0
    for value, each, parts in zip(values, takes, split, strict=True):
        if rest:
            rest -= 1
        elif isinstance(value, Scalar):
            rest = parts
            if each is None or not value.plain:
                continue
            if _is_word(value, each):
                yield value.start, value.end
            elif parts or (takes_expression(each) and comment_trap(value) is not None):
                end = extent(text, value.start, in_flow=in_flow)
                if end > value.end and not unfinished(text[value.start : end]):
                    yield value.start, end
        elif each is None:
            continue
        elif isinstance(value, Items) and value.flow and option_for(value, each) is None:
            # `default: []` is what YAML reads; an expression was meant.
            start = _offset(text, value.place)
            end = extent(text, start, in_flow=in_flow)
            if takes_expression(each) and not unfinished(text[start:end]):
                yield start, end
        else:
            yield from _misread(text, value, each)


def _is_word(value: Scalar, takes: Takes) -> bool:
    """Whether it is text that other YAML readers take for true or false."""
    word = value.value.lower()
    if takes_expression(takes):
        return word in _WORDS
    return isinstance(option_for(value, takes), Text) and word in _WORDS | {"true", "false"}


def _with_quotes(text: str, file: str, parts: Iterable[Part]) -> str:
    """The text with those parts in quotes, without any that would make it unreadable."""
    better = text
    for start, end in sorted(set(parts), reverse=True):
        tried = quoted_within(better, start, end)
        if tried is not None and parse(tried, file)[0] is not None:
            better = tried
    return better


# Quotes -------------------------------------------------------------------------------------------------


def extent(text: str, start: int, *, in_flow: bool) -> int:
    """Where the value ends that begins at `start`, as its author meant it: with its strings and brackets whole."""
    quote, depth, index = "", 0, start
    while index < len(text) and text[index] not in "\r\n":
        character = text[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in _OPENS:
            depth += 1
        elif character in _CLOSES:
            if not depth:
                break
            depth -= 1
        elif (character == "," and not depth and in_flow) or (
            character == "#" and not depth and text[index - 1] in " \t"
        ):
            break
        index += 1
    index = min(index, len(text))
    return start + len(text[start:index].rstrip())


def quoted_within(text: str, start: int, end: int) -> str | None:
    """The text with that part in quotes; None where there is nothing to quote."""
    value = text[start:end]
    if not value or BREAK.search(value) is not None:
        return None
    return f"{text[:start]}{quoted(value)}{text[end:]}"


def quoted(value: str) -> str:
    """One line of text as a YAML value in quotes: double ones where nothing has to be escaped for them."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _offset(text: str, place: Place) -> int:
    """The offset of a place in a text."""
    ends = [found.end() for found in BREAK.finditer(text)]
    first = ends[place.line - 2] if 2 <= place.line <= len(ends) + 1 else 0
    return min(len(text), first + place.column - 1)
