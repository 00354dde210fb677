"""What the text of a task names that can be computed: files, operations, requirements, scenarios, gates.

A task is as done as what it names. A word that only might be a name is none: `load` is a gate in code or beside the
word "gate" and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal as OneOf

import msgspec

from backwright.task.asked import Box
from backwright.task.specified import IDENTITY

Kind = OneOf["file", "operation", "requirement", "criterion", "scenario", "gate"]

MOST = 100
"""Requirements of one range; a longer one is taken as the name of something that there is not."""

_WORD = re.compile(r"[\w-]+")
_CODE = re.compile(r"`+([^`]+)`+")
_REQUIREMENT = re.compile(rf"(?<![\w-]){IDENTITY}(?!\w)")
_RANGE = re.compile(
    r"(?<![\w-])(?P<kind>FR|NFR)-(?P<from>\d{1,6})\s*(?:\.{2,3}|…|–|—|-|\bto\b|\bthrough\b)\s*(?:(?P=kind)-)?(?P<to>\d{1,6})\b"
)
_CRITERION = re.compile(r"(?<![\w-])SC-\d{1,6}(?!\w)")
_CALL = re.compile(r"\b(?P<method>GET|POST|PUT|PATCH|DELETE)\s+(?P<path>/[^\s,;`)\"']*)")
_SNAKE = re.compile(r"(?<![\w/.-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/.])")
_TOKEN = re.compile(r"[^\s,;`\"'()<>|]+")
_DOTTED = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
_KNOWN_ENDS = re.compile(
    r"\.(?:py|sql|toml|md|ya?ml|json|ini|cfg|sh|txt|html|proto|graphql)$|^(?:Dockerfile|Makefile)$"
)
_PATH = re.compile(r"^[\w.@+~{}\[\]*?/-]+$")
_WAITS = re.compile(r"\b(?:depends on|after|blocked by|requires|needs)\b(?P<what>[^).;]*)", re.IGNORECASE)
_TASK = re.compile(r"\bT-?\d{1,6}[a-z]?\b")


class Name(msgspec.Struct, frozen=True):
    """Something that a task names."""

    kind: Kind
    name: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The names that there are: operations with their method and path, gates, scenarios of the feature, and the files
    that a build wrote."""

    operations: Mapping[str, str] = {}
    gates: tuple[str, ...] = ()
    scenarios: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


def named(box: Box, known: Known) -> tuple[Name, ...]:
    """All that a task names, each once, in no order of importance."""
    text = box.text
    found = [
        *(Name("requirement", each) for each in _requirements(text)),
        *(Name("criterion", each) for each in _CRITERION.findall(text)),
        *(Name("scenario", each) for each in _WORD.findall(text) if each in known.scenarios),
        *(Name("operation", each) for each in _operations(text, known.operations)),
        *(Name("gate", each) for each in _gates(text, known.gates)),
        *(Name("file", each) for each in _files(text, known.files)),
    ]
    return tuple(dict.fromkeys(found))


def waits_for(box: Box) -> tuple[str, ...]:
    """The tasks that a task says it depends on."""
    return tuple(
        dict.fromkeys(each for found in _WAITS.finditer(box.text) for each in _TASK.findall(found["what"]))
    )


def _requirements(text: str) -> Iterator[str]:
    """Ids as they are written; `FR-001 to FR-004` and `FR-001–004` are four."""
    for found in _RANGE.finditer(text):
        first, last = int(found["from"]), int(found["to"])
        if not first <= last < first + MOST:
            yield found[0]
            continue
        for number in range(first, last + 1):
            yield f"{found['kind']}-{number:0{len(found['from'])}}"
    yield from _REQUIREMENT.findall(text)


def _operations(text: str, operations: Mapping[str, str]) -> Iterator[str]:
    """By name, in code or with an underscore, and by method and path, known or not."""
    by_call = {_shape(call): name for name, call in operations.items()}
    for found in _CALL.finditer(text):
        call = f"{found['method']} {found['path'].rstrip('.:')}"
        yield by_call.get(_shape(call), call)
    words = [*(found[1].strip().rstrip("()") for found in _CODE.finditer(text)), *_SNAKE.findall(text)]
    yield from (word for word in words if word in operations)


def _shape(call: str) -> str:
    """Method and path, whatever its parameters are called."""
    return re.sub(r"\{[^}/]*\}|(?<=/):\w+", "{}", call).rstrip("/")


def _gates(text: str, gates: Iterable[str]) -> Iterator[str]:
    quoted = {found[1].strip() for found in _CODE.finditer(text)}
    for gate in gates:
        name = re.escape(gate)
        beside = (
            rf"(?<![\w-]){name} gate\b|\bgate {name}(?![\w-])|\bbackwright verify (?:[\w-]+ )*{name}(?![\w-])"
        )
        if gate in quoted or re.search(beside, text):
            yield gate


def _files(text: str, known: frozenset[str]) -> Iterator[str]:
    """Paths, relative to the project: with a folder and an ending, a folder with its slash, a well-known ending, or one
    that a build wrote."""
    for found in _TOKEN.finditer(text):
        token = found[0].strip("*_:!").rstrip(".").replace("\\", "/")
        if (
            "://" in token
            or not _PATH.match(token)
            or "/" in (token, token[:1] if _is_call(text, found) else "")
        ):
            continue
        path = token.removeprefix("./").lstrip("/")
        last = path.rstrip("/").rpartition("/")[2]
        if path in known:
            yield path
        elif "/" in path:
            if path.endswith("/") or _DOTTED.search(last) or _KNOWN_ENDS.search(last) or "*" in last:
                yield path
        elif _KNOWN_ENDS.search(path):
            yield path


def _is_call(text: str, found: re.Match[str]) -> bool:
    """Whether a path that begins with a slash stands behind a method: it is an address then, and no file."""
    return re.search(r"\b(?:GET|POST|PUT|PATCH|DELETE)\s+$", text[: found.start()][-12:]) is not None
