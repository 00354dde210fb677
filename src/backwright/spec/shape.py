"""Compares what was written with the grammar: unknown keys, missing keys, values of the wrong kind."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.grammar import Choice, Either, Expr, Flag, Named, Several, Shape, Takes, Text, Whole
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.traps import comma_trap, comment_trap, split_by_commas

UNKNOWN_KEY = register(
    "BW201",
    "An unknown key",
    "A key that nobody reads looks like a promise that is kept.",
    "entities: {Order: {feilds: {}}}",
)
WRONG_KIND = register(
    "BW202",
    "A value of the wrong kind",
    "The key takes something else, so what was meant is unclear.",
    "auth: {flows: login}",
)
MISSING_KEY = register(
    "BW203",
    "A required key is missing",
    "There is no default that could stand for it.",
    "service: {name: shop}",
)
NOT_BUILT = register(
    "BW204",
    "A part of the language that is not built yet",
    "It is refused rather than ignored, so that nothing is promised that does not happen.",
    "views: {}",
)
WRONG_VALUE = register(
    "BW205",
    "A value that the key does not take",
    "Only the listed values have a meaning.",
    "service: {unknown_fields: drop}",
)

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def shape_problems(raw: Raw, takes: Takes, says: str) -> Iterator[Diagnostic]:
    """Everything in which a value differs from what the grammar takes. `says` names it: "`crud`"."""
    match takes:
        case Either():
            yield from _either(raw, takes, says)
        case Shape():
            if isinstance(raw, Table):
                yield from _shape(raw, takes)
            else:
                yield _wrong(raw, says, takes)
        case Named():
            if isinstance(raw, Table):
                yield from _named(raw, takes)
            else:
                yield _wrong(raw, says, takes)
        case Several():
            if isinstance(raw, Items):
                for item in raw.items:
                    yield from shape_problems(item, takes.of, f"an item of {says}")
            else:
                yield _wrong(raw, says, takes)
        case Text() | Expr() | Whole() | Flag() | Choice():
            if isinstance(raw, Scalar):
                yield from _scalar(raw, takes, says)
            else:
                yield _wrong(raw, says, takes)
        case _:
            assert_never(takes)


def _either(raw: Raw, takes: Either, says: str) -> Iterator[Diagnostic]:
    for option in takes.options:
        if _same_kind(raw, option):
            yield from shape_problems(raw, option, says)
            return
    yield _wrong(raw, says, takes)


def _same_kind(raw: Raw, takes: Takes) -> bool:
    match raw:
        case Table():
            return isinstance(takes, Shape | Named)
        case Items():
            return isinstance(takes, Several)
        case Scalar():
            return isinstance(takes, Text | Expr | Whole | Flag | Choice)


def _shape(table: Table, shape: Shape) -> Iterator[Diagnostic]:
    written = set()
    rest_of_split = 0
    for index, entry in enumerate(table.entries):
        written.add(entry.key.value)
        if rest_of_split:
            rest_of_split -= 1
            continue
        key = shape.key(entry.key.value)
        if key is None:
            yield _unknown(entry.key, shape)
            continue
        rest_of_split = _split(table, index, key.takes)
        if rest_of_split:
            yield comma_trap(entry)
        else:
            yield from shape_problems(entry.value, key.takes, f"`{key.name}`")
    for key in shape.keys:
        if key.required and key.name not in written:
            message = f"`{shape.name}` has no `{key.name}`"
            yield diagnose(MISSING_KEY, table.place, message, f"add {key.name}: {key.example}")


def _named(table: Table, takes: Named) -> Iterator[Diagnostic]:
    rest_of_split = 0
    for index, entry in enumerate(table.entries):
        if rest_of_split:
            rest_of_split -= 1
            continue
        rest_of_split = _split(table, index, takes.of)
        if rest_of_split:
            yield comma_trap(entry)
        else:
            yield from shape_problems(entry.value, takes.of, f"{takes.says} `{entry.key.value}`")


def _split(table: Table, index: int, takes: Takes) -> int:
    """How many of the following entries are the rest of this one's expression."""
    return split_by_commas(table.entries, index) if table.flow and _is_expression(takes) else 0


def _is_expression(takes: Takes) -> bool:
    if isinstance(takes, Either):
        return any(isinstance(option, Expr) for option in takes.options)
    return isinstance(takes, Expr)


def _unknown(key: Scalar, shape: Shape) -> Diagnostic:
    if key.value in shape.planned:
        message = f"`{key.value}` in `{shape.name}` is part of the language but not built yet"
        return diagnose(NOT_BUILT, key.place, message, "leave it out for now")
    known = [known.name for known in shape.keys]
    near = nearest(key.value, known)
    mend = f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}"
    return diagnose(UNKNOWN_KEY, key.place, f"`{shape.name}` has no key `{key.value}`", mend)


def _scalar(raw: Scalar, takes: Text | Expr | Whole | Flag | Choice, says: str) -> Iterator[Diagnostic]:
    if isinstance(takes, Expr):
        trap = comment_trap(raw)
        if trap is not None:
            yield trap
            return
        # `null` is an expression; nothing at all is not.
        if not raw.value.strip():
            yield _wrong(raw, says, takes)
    elif raw.null or not raw.value.strip():
        yield _wrong(raw, says, takes)
    elif isinstance(takes, Whole):
        yield from _whole(raw, takes, says)
    elif isinstance(takes, Flag):
        if raw.value not in {"true", "false"} or not raw.plain:
            yield _wrong(raw, says, takes)
    elif isinstance(takes, Choice):
        yield from _choice(raw, takes, says)


def _whole(raw: Scalar, takes: Whole, says: str) -> Iterator[Diagnostic]:
    if not raw.plain or not _WHOLE.fullmatch(raw.value):
        yield _wrong(raw, says, takes)
    elif not takes.least <= int(raw.value) <= takes.most:
        message = f"{says} is {raw.value}"
        yield diagnose(WRONG_VALUE, raw.place, message, f"give a number from {takes.least} to {takes.most}")


def _choice(raw: Scalar, takes: Choice, says: str) -> Iterator[Diagnostic]:
    word = raw.value.removesuffix("?") if takes.nullable else raw.value
    if word in takes.values:
        return
    near = nearest(word, takes.values)
    mend = f"did you mean `{near}`?" if near else f"one of {', '.join(takes.values)}"
    yield diagnose(WRONG_VALUE, raw.place, f"{says} is `{raw.value}`", mend)


def _wrong(raw: Raw, says: str, takes: Takes) -> Diagnostic:
    place: Place = raw.place
    return diagnose(WRONG_KIND, place, f"{says} is {_kind(raw)}", f"give {wanted(takes)}")


def _kind(raw: Raw) -> str:
    match raw:
        case Table():
            return "a table"
        case Items():
            return "a list"
        case Scalar():
            return "empty" if raw.null or not raw.value.strip() else f"`{raw.value}`"


def wanted(takes: Takes) -> str:
    """What a key takes, in words."""
    match takes:
        case Text():
            return takes.says
        case Expr():
            return " or ".join(["an expression", *(f"`{word}`" for word in takes.words)])
        case Whole():
            return "a whole number"
        case Flag():
            return "true or false"
        case Choice():
            return "one of " + ", ".join(f"`{value}`" for value in takes.values)
        case Several():
            return f"a list; each item: {wanted(takes.of)}"
        case Named():
            return f"a table by {takes.says}; each value: {wanted(takes.of)}"
        case Either():
            return ", or ".join(wanted(option) for option in takes.options)
        case Shape():
            return f"a table with the keys of `{takes.name}`"
        case _:
            assert_never(takes)
