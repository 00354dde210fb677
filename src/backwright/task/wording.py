"""Pieces of text that acknowledgement, status and report share. Specification text is untrusted in all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MARKUP = re.compile(r"([\\`*\[<|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;))")
_CODE = re.compile(r"`[^`\n]+`")


def clean(text: str) -> str:
    """Foreign text as one harmless line of Markdown: no markup, HTML or line breaks. `code` stays code."""
    line = " ".join(text.split())
    parts: list[str] = []
    end = 0
    for span in _CODE.finditer(line):
        parts += [_MARKUP.sub(r"\\\1", line[end : span.start()]), span[0]]
        end = span.end()
    parts.append(_MARKUP.sub(r"\\\1", line[end:]))
    return "".join(parts)


def cell(text: str) -> str:
    """Foreign text for a table cell, where a bar ends the cell even inside code."""
    return re.sub(r"(?<!\\)\|", r"\\|", clean(text))


def code(text: str) -> str:
    """Text as a Markdown code span; backticks in it become quotes."""
    return "`" + " ".join(text.split()).replace("`", "'") + "`" if text.strip() else ""


def fence(text: str, language: str) -> Iterator[str]:
    """Text as a fenced block, with a fence that the text cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    yield from (f"{marks}{language}", *text.split("\n"), marks)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listing(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(items)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
